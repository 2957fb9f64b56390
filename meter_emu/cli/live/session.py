"""A live meter, the pace of its time, and its commands: the same for lines and screen.

A shell hands in commands and says what the wall's clock shows; the session lets time pass and does
what was asked. While the meter's program rests or talks to a card, the session asks the shell to
`wait` until the wall is there: so a countdown is seen counting, and a card can be pulled from it.
"""

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, final

from card_protocol.errors import CardProtocolError
from meter_emu.cli.held import HeldFile, leave_image
from meter_emu.cli.live.commands import (
    WORDS,
    TypedCommand,
    duration_us,
    held_ms,
    in_reach,
    parse_command,
    rate_of,
    until_us,
)
from meter_emu.cli.live.slot import Slot
from meter_emu.cli.live.view import View, legal_words, lines_of, rate_words, view_of
from meter_emu.errors import CommandError, MeterEmuError
from meter_emu.firmware.layouts import Health
from meter_emu.ports import Button
from meter_emu.units import MINUTE_US
from meter_emu.world.meter.acts import ActListener
from meter_emu.world.meter.bench import POLL_LONGEST_US
from meter_emu.world.meter.events import Event
from meter_emu.world.meter.pace import RATE_JUMPS, Pace
from meter_emu.world.meter.times import END_US
from meter_emu.world.rehearsal.rig import Rig

SLICE_NS: Final = 100_000_000  # ours: so often a shell may look while time passes in bulk
WAITING_MAX: Final = 100  # ours: commands that wait for the program to finish its poll

# What a person does to a meter, as against looking at it and letting time pass.
_CHANGING: Final = frozenset({"red", "blue", "insert", "remove", "power", "appliances"})


@final
class LiveSession:
    """One sitting at one meter. `say` takes a line for a person, `take` an event of the meter.

    `held` is the image that the meter came from, if any, the sitting's own until its end.
    `wall_ns` reads the wall's clock. `wait` is the shell's: it waits so many ns for input, hands it
    to `type_in`, and may come back early. `done` is set by `quit`, `mistakes` counts what could not
    be done. `witness` records what people do.
    """

    def __init__(
        self,
        rig: Rig,
        slot: Slot,
        *,
        rate: int,
        held: HeldFile | None,
        say: Callable[[str], None],
        take: Callable[[Event], None],
        wall_ns: Callable[[], int],
        witness: ActListener | None = None,
    ) -> None:
        self.meter: Final = rig.live(take, witness)
        self.slot: Final = slot
        self.pace = Pace(wall_ns(), rig.board.now_us, rate)
        self.wait: Callable[[int], None] = _no_shell
        self.done = False
        self.mistakes = 0
        self.unsaved = False  # whether something was done to a meter that is saved nowhere
        self._held = held
        self._say = say
        self._wall_ns = wall_ns
        self._waiting: deque[TypedCommand] = deque()
        self._jump: Iterator[None] | None = None
        self._goal_us = 0  # where a jump under way ends, if it is known
        self._hurried = False
        self._deeds: dict[str, Callable[[str], None]] = {
            "red": partial(self._press, Button.RED),
            "blue": partial(self._press, Button.BLUE),
            "insert": self._insert,
            "remove": self._remove,
            "power": self._power,
            "appliances": self._appliances,
            "rate": self._rate,
            "advance": self._advance,
            "until": self._until,
            "next": self._next,
            "show": self._show,
            "save": self._save,
            "help": self._help,
            "quit": self._quit,
        }
        assert self._deeds.keys() == WORDS.keys(), "every word has its deed"
        rig.board.meanwhile = self._meanwhile

    # Time ----------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Let the meter's program run for the first time."""
        self.meter.begin()

    @property
    def jumping(self) -> bool:
        """Whether a jump is under way, or a command waits: a script's reader waits for it."""
        return self._jump is not None or bool(self._waiting)

    def turn(self) -> None:
        """Let the meter live, up to what is due on the wall or on in a jump, a slice at most."""
        end_ns = self._wall_ns() + SLICE_NS
        steps = self._jump
        if steps is None:
            steps = self.meter.until(min(self.pace.due_us(self._wall_ns()), END_US))
        self._hurried = False
        for _ in steps:
            if self.done or self._wall_ns() >= end_ns:  # a rate that cannot be kept is not made up
                self.pace = self.pace.from_here(self.meter.board.now_us, self._wall_ns())
                break
        else:
            self._arrive()
        self._attend()
        while self._waiting and self._jump is None and not self.done:
            self._do(self._waiting.popleft())

    def _arrive(self) -> None:
        board = self.meter.board
        if self._jump is not None:
            self._jump = None
            self.pace = self.pace.from_here(self._goal_us or board.now_us, self._wall_ns())
        if board.now_us >= END_US and self.pace.rate != RATE_JUMPS:
            self.pace = self.pace.at_rate(RATE_JUMPS, self._wall_ns())
            self._complain("clock chips count to 2099: time stands")

    def _meanwhile(self) -> None:
        """The program rests, or waits for a card: let the wall come to where its time is."""
        self.meter.look()
        while not (self.done or self._hurried or self._jump is not None):
            wait_ns = self.pace.wait_ns(self.meter.board.now_us, self._wall_ns())
            if not wait_ns:  # it is there, or will never be
                return
            self.wait(wait_ns)

    # What is asked -------------------------------------------------------------------------------

    def type_in(self, line: str) -> None:
        """Do what a line asks, now or as soon as it can be done; say what is wrong with it."""
        try:
            command = parse_command(line)
        except CommandError as error:
            self._complain(str(error))
            return
        if command is None:
            return
        order = WORDS[command.word]
        polling = self.meter.bench.polling
        if polling and order.leaps:
            self._hurried = True
        if (polling and not order.meanwhile) or (self._jump is not None and command.word != "quit"):
            self._do_later(command)
        else:
            self._do(command)

    def leave(self) -> None:
        """Make this the last turn, whatever waits; a poll under way ends as at a power cut."""
        self._quit("")

    def _do(self, command: TypedCommand) -> None:
        self.unsaved |= command.word in _CHANGING and self._held is None
        try:
            self._deeds[command.word](command.argument)
        except (MeterEmuError, CardProtocolError) as error:
            self._complain(f"{command.word}: {error}")

    def _do_later(self, command: TypedCommand) -> None:
        if len(self._waiting) < WAITING_MAX:
            self._waiting.append(command)
        else:
            self._complain(f"{command.word}: {WAITING_MAX} commands are waiting already")

    def _complain(self, why: str) -> None:
        self.mistakes += 1
        self._say(f"! {' '.join(why.split())}")

    def _press(self, key: Button, argument: str) -> None:
        self.meter.press(key, held_ms(argument))

    def _insert(self, argument: str) -> None:
        """Put a card in, and say so where it was written later than the time of this sitting."""
        self.slot.insert(self.meter, argument)
        known = self.meter.insight()
        if known is None or known.utc_us is None:
            return
        if known.health is Health.DISPUTED:
            self._say("note: the card was written later than this meter's clock: see --issued-at")
        # A stamp has no seconds, and no clock runs ahead of one.
        ahead = known.utc_us > self.meter.board.now_us + MINUTE_US
        if known.health is Health.LOWER_BOUND and ahead:
            written = legal_words(known.utc_us, self.meter.model.zone)
            self._say(f"note: the meter took its time from a card written later: {written}")

    def _remove(self, _argument: str) -> None:
        self.slot.remove(self.meter)

    def _power(self, argument: str) -> None:
        on = _either(argument, "on", "off", other=not self.meter.board.powered)
        self.meter.supply(on=on)

    def _appliances(self, argument: str) -> None:
        board = self.meter.board
        word, _, span = argument.partition(" ")
        lit = _either(word, "lit", "shut", other=not board.metrology.lit(board.now_us))
        if lit and span:
            raise CommandError("appliances are lit until they are shut")
        self.meter.appliances(lit=lit, for_us=duration_us(span.strip()) if span else None)

    def _rate(self, argument: str) -> None:
        self.pace = self.pace.at_rate(rate_of(argument, self.pace.rate), self._wall_ns())
        self._say(rate_words(self.pace.rate))

    def _advance(self, argument: str) -> None:
        """Jump from the instant that is due: what a poll took beyond it does not count twice."""
        now_us, due_us = self.meter.board.now_us, self.pace.due_us(self._wall_ns())
        from_us = due_us if abs(now_us - due_us) < POLL_LONGEST_US else now_us
        self._jump_to(in_reach(from_us + duration_us(argument)))

    def _until(self, argument: str) -> None:
        self._jump_to(until_us(argument, self.meter.board.now_us, self.meter.model.zone))

    def _jump_to(self, at_us: int) -> None:
        self._jump, self._goal_us = self.meter.until(at_us), at_us

    def _next(self, _argument: str) -> None:
        self._jump, self._goal_us = self.meter.past_next(), 0

    def _show(self, _argument: str) -> None:
        for name, words in lines_of(self.view()):
            self._say(f"{name:<9} {words}")

    def _save(self, argument: str) -> None:
        held, image = self._held, self.meter.image()
        if held is not None and (not argument or held.is_named(argument)):
            held.write(image)
        elif argument:
            leave_image(argument, image, replace=True)
        else:
            raise CommandError("want FILE: the meter came from no image")
        self.unsaved = False
        self._say(f"saved {argument or (held and held.path)}")

    def _help(self, _argument: str) -> None:
        for word, order in WORDS.items():
            self._say(f"{word + ' ' + order.takes:<26} {order.help}")

    def _quit(self, _argument: str) -> None:
        self.done = True
        if self.meter.bench.polling:
            self.meter.supply(on=False)

    # What comes of it ----------------------------------------------------------------------------

    def view(self) -> View:
        """Return how the meter stands."""
        return view_of(self.meter, self.slot, self.pace.rate)

    def close(self) -> None:
        """Save card and meter for the last time; raise `OutputError` for what cannot be saved."""
        try:
            self.slot.close(self.meter)
        finally:
            if self._held is not None:
                self._held.write(self.meter.image())

    def _attend(self) -> None:
        try:
            self.slot.attend(self.meter)
        except (MeterEmuError, CardProtocolError) as error:
            self._complain(str(error))


def _either(word: str, yes: str, no: str, *, other: bool) -> bool:
    """Return whether `yes` was said; nothing said is the other of what is now."""
    if word not in {"", yes, no}:
        raise CommandError(f"want {yes} or {no}, got {word[:40]!r}")
    return word == yes if word else other


def _no_shell(_wait_ns: int) -> None:
    raise AssertionError("a session has a shell before its time is paced")
