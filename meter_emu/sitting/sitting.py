"""A person at one meter: the pace of its time, its cards, and all commands, for every shell.

A shell hands in commands and says what the wall's clock shows; the sitting lets time pass and does
what was asked. While the meter's program rests or talks to a card, it asks the shell to `wait`
until the wall is there: so a countdown is seen counting, and a card can be pulled from it. Here is
no terminal, no socket and no wall clock, and files come through `Files`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, final

from card_protocol.errors import CardProtocolError
from meter_emu.errors import CommandError, MeterEmuError
from meter_emu.firmware.layouts import Health
from meter_emu.sitting.cards import Cards, CardsThen, Files, HeldCard
from meter_emu.sitting.commands import (
    WORDS,
    TypedCommand,
    back_us,
    in_reach,
    parse_command,
    rate_of,
    until_us,
)
from meter_emu.sitting.history import History, KeptMoment
from meter_emu.sitting.office import at_counter, read_back
from meter_emu.sitting.premises import Premises
from meter_emu.sitting.view import View, legal_words, lines_of, rate_words, view_of
from meter_emu.units import MINUTE_US
from meter_emu.world.meter.acts import OF_WORD, Power, duration_us
from meter_emu.world.meter.at_rest import AtRest
from meter_emu.world.meter.bench import POLL_LONGEST_US
from meter_emu.world.meter.events import Event
from meter_emu.world.meter.pace import RATE_JUMPS, Pace
from meter_emu.world.meter.times import END_US

SLICE_NS: Final = 100_000_000  # ours: so often a shell may look while time passes in bulk
WAITING_MAX: Final = 100  # ours: commands that wait for the program to finish its poll

# What a person does, as against looking and letting time pass.
_ACTS: Final = frozenset({*OF_WORD, "insert", "remove", "office", "visits"})


@final
class Sitting:
    """One person at one meter. `say` takes a line for them, `take` an event of the meter.

    `held` is the image that the meter came from, if any, the sitting's own until its end.
    `wall_ns` reads the wall's clock. `wait` is the shell's: it waits so many ns for input, hands it
    to `type_in`, and may come back early. `done` is set by `quit`, `mistakes` counts what could not
    be done. `no_way_back` says why a sitting cannot go back.
    """

    def __init__(
        self,
        premises: Premises,
        cards: Cards,
        files: Files,
        *,
        rate: int,
        held: HeldCard | None,
        say: Callable[[str], None],
        take: Callable[[Event], None],
        wall_ns: Callable[[], int],
        script: Iterable[str] = (),
        no_way_back: str = "",
    ) -> None:
        self.history: Final = History(self._now)
        self._take = take
        self._again = False  # whether what happens is known already, because time went back
        self.meter: Final = premises.live(self._happened)
        self.cards: Final = cards
        self.pace = Pace(wall_ns(), self.meter.board.now_us, rate)
        self.wait: Callable[[int], None] = _no_shell
        self.done = False
        self.mistakes = 0
        self.unsaved = False  # whether something was done to a meter that is saved nowhere
        self.premises: Final = premises
        self._files: Final = files
        self._held = held
        self._say = say
        self._wall_ns = wall_ns
        self._script: Final = deque(script)
        self._script_max: Final = len(self._script) + WAITING_MAX
        self._no_way_back: Final = no_way_back
        self._waiting: deque[TypedCommand] = deque()
        self._jump: Iterator[None] | None = None
        self._goal_us = 0  # where a jump under way ends, if it is known
        self._expected, self._seen = "", 0  # what a jump to the next thing is to arrive at, and
        self._hurried = False
        self._touched = False  # whether something was done that is no moment yet
        self._rest_us = self.meter.board.now_us  # when the program rested last
        self._deeds: Final = self._all_deeds()
        assert self._deeds.keys() == WORDS.keys(), "every word has its deed"
        self.meter.board.meanwhile = self._meanwhile

    def _all_deeds(self) -> dict[str, Callable[[str], None]]:
        return {
            **{word: partial(self._act, word) for word in OF_WORD},
            "insert": self._insert,
            "remove": self._remove,
            "rate": self._rate,
            "advance": self._advance,
            "until": self._until,
            "next": self._next,
            "back": self._back,
            "forth": self._forth,
            "office": self._office,
            "visits": self._visits,
            "show": self._show,
            "save": self._save,
            "help": self._help,
            "quit": self._quit,
        }

    # Time ----------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Let the meter's program run for the first time."""
        self.meter.begin()
        self.history.keep(self.meter.board.now_us)

    @property
    def jumping(self) -> bool:
        """Whether a jump is under way, or a command waits: a script's reader waits for it."""
        return self._jump is not None or bool(self._waiting) or bool(self._script)

    def turn(self) -> None:
        """Let the meter live, up to what is due on the wall or on in a jump, a slice at most."""
        end_ns = self._wall_ns() + SLICE_NS
        steps = self._jump
        if steps is None:
            due_us = min(self.pace.due_us(self._wall_ns()), END_US)
            if due_us > self.meter.board.now_us:
                self.history.go_on()
            steps = self._passing(due_us)
        self._hurried = False
        self._rest_us = self.meter.board.now_us
        for _ in steps:
            self._settle()
            self._rest_us = self.meter.board.now_us
            if self.done or self._wall_ns() >= end_ns:  # a rate that cannot be kept is not made up
                self.pace = self.pace.from_here(self.meter.board.now_us, self._wall_ns())
                break
        else:
            self._arrive()
        self._attend()
        self._settle()
        while self._waiting and self._jump is None and not self.done:
            self._do(self._waiting.popleft())
        while self._script and not (self._waiting or self._jump is not None or self.done):
            self._obey(self._script.popleft())

    def _passing(self, until_us: int) -> Iterator[None]:
        """Let time pass up to an instant, and let others come when it is time, one step each."""
        while (visit_us := self.premises.next_visit_us()) is not None and visit_us <= until_us:
            yield from self.meter.until(visit_us)
            self._visit()
            yield
        yield from self.meter.until(until_us)

    def _visit(self) -> None:
        self._rest_us = self.meter.board.now_us
        self.history.keep(self._rest_us, "a visit of the campaign")
        self.premises.visit()
        self._touched = True
        self._settle()

    def _settle(self) -> None:
        """Keep the present as a moment if something was done while the program ran."""
        if self._touched and not self.meter.bench.polling:
            self._touched = False
            self._attend()
            self.history.keep(self._rest_us)

    def _arrive(self) -> None:
        board = self.meter.board
        if self._jump is not None:
            self._jump = None
            self._say_arrived()
            self.pace = self.pace.from_here(self._goal_us or board.now_us, self._wall_ns())
        if board.now_us >= END_US and self.pace.rate != RATE_JUMPS:
            self.pace = self.pace.at_rate(RATE_JUMPS, self._wall_ns())
            self._complain("clock chips count to 2099: time stands")

    def _meanwhile(self) -> None:
        """The program rests, or waits for a card: let the wall come to where its time is."""
        self.meter.look()
        while not (self._again or self.done or self._hurried or self._jump is not None):
            wait_ns = self.pace.wait_ns(self.meter.board.now_us, self._wall_ns())
            if not wait_ns:  # it is there, or will never be
                return
            self.wait(wait_ns)

    # What is asked -------------------------------------------------------------------------------

    def type_in(self, line: str) -> None:
        """Do what a line asks, now or as soon as it can be done; say what is wrong with it.

        What is typed while a script is under way comes after it, except `quit`.
        """
        if not self._script or line.strip() == "quit":
            self._obey(line)
        elif len(self._script) < self._script_max:
            self._script.append(line)
        else:
            self._complain("the script is under way, and enough is waiting for its end")

    def _obey(self, line: str) -> None:
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
        acts = command.word in _ACTS
        self.unsaved |= acts and self._held is None
        if acts and not self.meter.bench.polling:
            self._attend()
            self._rest_us = self.meter.board.now_us
            self.history.keep(self._rest_us, f"{command.word} {command.argument}".rstrip())
        try:
            self._deeds[command.word](command.argument)
        except (MeterEmuError, CardProtocolError) as error:
            self._complain(f"{command.word}: {error}")
        self._touched |= acts
        self._settle()

    def _do_later(self, command: TypedCommand) -> None:
        if len(self._waiting) < WAITING_MAX:
            self._waiting.append(command)
        else:
            self._complain(f"{command.word}: {WAITING_MAX} commands are waiting already")

    def _complain(self, why: str) -> None:
        self.mistakes += 1
        self._say(f"! {' '.join(why.split())}")

    def _act(self, word: str, argument: str) -> None:
        act = OF_WORD[word].typed(word, argument, self.meter.board)
        self.premises.did(act)
        self.meter.do(act)

    def _insert(self, argument: str) -> None:
        """Put a card in, and say so where it was written later than the time of this sitting."""
        self.cards.insert(self.meter, argument)
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
        self.cards.remove(self.meter)

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
        self.history.go_on()
        self._jump, self._goal_us = self._passing(at_us), at_us

    def _next(self, _argument: str) -> None:
        planned, visit_us = self.meter.next_planned(), self.premises.next_visit_us()
        self.history.go_on()
        self._goal_us = 0
        self._jump = self.meter.past_next() if visit_us is None else self._to_next(visit_us)
        self._expected = "nothing is planned" if planned is None else planned.deed.value
        self._seen = len(self.history.events)

    def _to_next(self, visit_us: int) -> Iterator[None]:
        yield from self.meter.past_next(visit_us)
        if self.meter.board.now_us >= visit_us:
            self._visit()

    def _visits(self, argument: str) -> None:
        if argument != "off":
            raise CommandError(f"want off, got {argument[:40]!r}")
        self.premises.alone()

    def _say_arrived(self) -> None:
        """Say where a jump to the next thing has led, if no event says so."""
        if self._expected and len(self.history.events) == self._seen:
            now = legal_words(self.meter.board.now_us, self.meter.model.zone)
            self._say(f"{now}  {self._expected}")
        self._expected = ""

    # Going back ----------------------------------------------------------------------------------

    def _now(self, before: AtRest | None) -> tuple[AtRest, CardsThen, int]:
        meter = self.meter
        rest = AtRest(meter.bench, meter, self.premises, self.premises.rig.challenge, before=before)
        return rest, self.cards.then(), self.pace.due_us(self._wall_ns())

    def _back(self, argument: str) -> None:
        history, now_us = self.history, self.meter.board.now_us
        if argument:
            at_us = back_us(argument, now_us, self.meter.model.zone)
            self._go_to(history.moment_at(at_us), at_us)
        else:
            moment = history.before_last_act()
            self._go_to(moment, moment.at_us)

    def _forth(self, _argument: str) -> None:
        end_us = self.history.end_us
        if end_us is None:
            raise CommandError("this is the latest moment")
        self._go_to(self.history.moment_at(end_us), end_us)

    def _go_to(self, moment: KeptMoment, at_us: int) -> None:
        """Resume a moment and let time pass again from there, until an instant before the next."""
        if self._no_way_back:
            raise CommandError(self._no_way_back)
        self.cards.put_back(moment.cards)
        self.history.went_to(moment, self.meter.board.now_us)
        moment.rest.resume()
        self._again = True
        try:
            self.meter.bench.run_until(self.history.last_us(moment, at_us))
        finally:
            self._again = False
        self._attend()
        now_us = self.meter.board.now_us
        self.history.arrived(now_us)
        due_us = moment.due_us if now_us == moment.at_us else now_us
        self.pace = Pace(self._wall_ns(), due_us, RATE_JUMPS)
        now = legal_words(now_us, self.meter.model.zone)
        self._say(f"it is {now} again; rate 1 lets time go on")

    def _happened(self, event: Event) -> None:
        if self._again:
            self.history.seen_again()
        else:
            self.history.add(event)
            self._take(event)

    # The office ----------------------------------------------------------------------------------

    def _office(self, argument: str) -> None:
        meter = self.meter
        wanted = at_counter(argument, meter.board.now_us, meter.model.zone)
        if wanted.writes:
            self.cards.write(meter, self.premises.rig, wanted.card, wanted.order)
        if wanted.reads:
            for line in read_back(self.premises.rig, self.cards, wanted.card):
                self._say(line)

    def _show(self, _argument: str) -> None:
        for name, words in lines_of(self.view()):
            self._say(f"{name:<9} {words}")

    def _save(self, argument: str) -> None:
        held, image = self._held, self.meter.image()
        if held is not None and (not argument or held.is_named(argument)):
            held.write(image)
        elif argument:
            self._files.leave(argument, image, replace=True)
        else:
            raise CommandError("want FILE: the meter came from no image")
        self.unsaved = False
        self._say(f"saved {argument or (held and held.path)}")

    def _help(self, _argument: str) -> None:
        for word, order in WORDS.items():
            self._say(f"{word + ' ' + order.takes:<26} {order.help}".rstrip())

    def _quit(self, _argument: str) -> None:
        self.done = True
        if self.meter.bench.polling:
            self.meter.do(Power(on=False))

    @property
    def saved_nowhere(self) -> bool:
        """Whether the meter came from no image that it is saved in at the end."""
        return self._held is None

    # What comes of it ----------------------------------------------------------------------------

    def view(self) -> View:
        """Return how the meter stands."""
        return view_of(self.meter, self.cards, self.pace.rate)

    def close(self) -> None:
        """Save card and meter for the last time; raise `OutputError` for what cannot be saved."""
        try:
            self.cards.close(self.meter)
        finally:
            if self._held is not None:
                self._held.write(self.meter.image())

    def _attend(self) -> None:
        try:
            self.cards.attend(self.meter)
        except (MeterEmuError, CardProtocolError) as error:
            self._complain(str(error))


def _no_shell(_wait_ns: int) -> None:
    raise AssertionError("a session has a shell before its time is paced")
