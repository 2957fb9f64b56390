"""A person at one meter: the pace of its time, its cards, and all commands, for every shell.

A shell hands in commands and says what the wall's clock shows; the sitting lets time pass and does
what was asked. While the meter's program rests or talks to a card, it asks the shell to `wait`
until the wall is there: so a countdown is seen counting, and a card can be pulled from it. Here is
no terminal, no socket and no wall clock, and files come through `Files`.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from functools import partial
from typing import Final, final

from card_protocol.errors import CardProtocolError
from meter_emu.errors import CommandError, MeterEmuError
from meter_emu.firmware.layouts import Health
from meter_emu.sitting.cards import Cards, CardsThen, Files, HeldCard
from meter_emu.sitting.commands import (
    WORDS,
    back_us,
    in_reach,
    parse_command,
    rate_of,
    until_us,
)
from meter_emu.sitting.history import A_VISIT, History, KeptMoment
from meter_emu.sitting.jump import Jump, Wanted
from meter_emu.sitting.office import AtCounter, at_counter, line_of, of_fields, read_back
from meter_emu.sitting.premises import Premises
from meter_emu.sitting.vending import vending
from meter_emu.sitting.view import View, legal_words, lines_of, rate_words, view_of
from meter_emu.units import DAY_US, MINUTE_US
from meter_emu.world.meter.acts import OF_WORD, Power, duration_us
from meter_emu.world.meter.at_rest import AtRest
from meter_emu.world.meter.bench import POLL_LONGEST_US
from meter_emu.world.meter.board import NEVER_US
from meter_emu.world.meter.events import Event
from meter_emu.world.meter.pace import RATE_JUMPS, Pace
from meter_emu.world.meter.times import END_US

SLICE_NS: Final = 100_000_000  # ours: so often a shell may look while time passes in bulk
MATTERS_US: Final = 400 * DAY_US  # ours: so far ahead something that matters is looked for
WAITING_MAX: Final = 100  # ours: commands that wait for the program to finish its poll

# What a person does, as against looking and letting time pass.
_AT_ONCE: Final = frozenset({"quit", "stop"})  # whatever is under way
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
        self._vending: Final = vending(premises.rig)
        self._files: Final = files
        self._held = held
        self._say = say
        self._wall_ns = wall_ns
        self._script: Final = deque(script)
        self._script_max: Final = len(self._script) + WAITING_MAX
        self._no_way_back: Final = no_way_back
        self._waiting: deque[Wanted] = deque()
        self.jump: Jump | None = None
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
            "stop": self._stop,
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
        return self.jump is not None or bool(self._waiting) or bool(self._script)

    def turn(self) -> None:
        """Let the meter live, up to what is due on the wall or on in a jump, a slice at most."""
        self._pass()
        self._attend()
        self._settle()
        while self._waiting and self.jump is None and not self.done:
            self._do(self._waiting.popleft())
        while self._script and not (self._waiting or self.jump is not None or self.done):
            self._obey(self._script.popleft())

    def _pass(self) -> None:
        end_ns = self._wall_ns() + SLICE_NS
        if self.jump is not None:
            steps = self.jump.steps
        else:
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

    def _passing(self, until_us: int) -> Generator[None]:
        """Let time pass up to an instant, and let others come when it is time, one step each."""
        while (visit_us := self.premises.next_visit_us()) is not None and visit_us <= until_us:
            yield from self.meter.until(visit_us)
            self._visit()
            yield
        yield from self.meter.until(until_us)

    def _visit(self) -> None:
        self._rest_us = self.meter.board.now_us
        self.history.keep(self._rest_us, A_VISIT)
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
        board, jump = self.meter.board, self.jump
        if jump is not None:
            self.jump = None
            jump.arrive()
        if board.now_us >= END_US and self.pace.rate != RATE_JUMPS:
            self.pace = self.pace.at_rate(RATE_JUMPS, self._wall_ns())
            self._complain("clock chips count to 2099: time stands")

    def _meanwhile(self) -> None:
        """The program rests, or waits for a card: let the wall come to where its time is."""
        self.meter.look()
        while not (self._again or self.done or self._hurried or self.jump is not None):
            wait_ns = self.pace.wait_ns(self.meter.board.now_us, self._wall_ns())
            if not wait_ns:  # it is there, or will never be
                return
            self.wait(wait_ns)

    # What is asked -------------------------------------------------------------------------------

    def type_in(self, line: str) -> None:
        """Do what a line asks, now or as soon as it can be done; say what is wrong with it.

        What is typed while a script is under way comes after it, except `quit` and `stop`.
        """
        if not self._script or line.strip() in _AT_ONCE:
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
        if command is not None:
            word, argument = command
            said = f"{word} {argument}".rstrip()
            self._want(Wanted(word, said, partial(self._deeds[word], argument)))

    def fill_in(self, fields: Mapping[str, str]) -> dict[str, str]:
        """Have the office do what its form asks, now or as soon as it can be done.

        Return what is wrong, by field: then nothing was done.
        """
        counter = of_fields(fields, self.meter.board.now_us, self.meter.model.zone)
        if not isinstance(counter, AtCounter):
            return counter
        self._want(Wanted("office", line_of(fields), partial(self._serve, counter)))
        return {}

    def _want(self, wanted: Wanted) -> None:
        order, polling = WORDS[wanted.word], self.meter.bench.polling
        if polling and order.leaps:
            self._hurried = True
        busy = self.jump is not None and wanted.word not in _AT_ONCE
        if not busy and (order.meanwhile or not polling):
            self._do(wanted)
        elif len(self._waiting) < WAITING_MAX:
            self._waiting.append(wanted)
        else:
            self._complain(f"{wanted.word}: {WAITING_MAX} commands are waiting already")

    def leave(self) -> None:
        """Make this the last turn, whatever waits; a poll under way ends as at a power cut."""
        self._quit("")

    def _do(self, wanted: Wanted) -> None:
        acts = wanted.word in _ACTS
        self.unsaved |= acts and self._held is None
        if acts and not self.meter.bench.polling:
            self._attend()
            self._rest_us = self.meter.board.now_us
            self.history.keep(self._rest_us, wanted.said)
        try:
            wanted.do()
        except (MeterEmuError, CardProtocolError) as error:
            self._complain(f"{wanted.word}: {error}")
        self._touched |= acts
        self._settle()

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
        arrive = partial(self._time_from, at_us)
        now_us = self.meter.board.now_us
        self.jump = Jump(self._passing(at_us), now_us, at_us, arrive, self._time_from_here)

    def _time_from(self, at_us: int) -> None:
        """Let the pace of the wall go on from an instant that a jump led to."""
        self.pace = self.pace.from_here(at_us, self._wall_ns())

    def _time_from_here(self) -> None:
        self._time_from(self.meter.board.now_us)

    def _stop(self, _argument: str) -> None:
        """End a jump where it is, and forget what was to come after it."""
        jump, waits = self.jump, len(self._waiting) + len(self._script)
        if jump is None and not waits:
            raise CommandError("nothing is under way")
        self._waiting.clear()
        self._script.clear()
        if jump is not None:
            self.jump = None
            jump.steps.close()
            jump.halt()
        dropped = f"; {waits} more not done" if waits else ""
        now = legal_words(self.meter.board.now_us, self.meter.model.zone)
        self._say(f"stopped at {now}{dropped}")

    def _next(self, argument: str) -> None:
        if argument not in {"", "matters"}:
            raise CommandError(f"expected nothing, or matters, got {argument[:40]!r}")
        planned, visit_us = self.meter.next_planned(), self.premises.next_visit_us()
        self.history.go_on()
        expected = "nothing is planned" if planned is None else planned.deed.value
        if argument:
            expected = f"nothing that matters in {MATTERS_US // DAY_US} days"
        arrive = partial(self._say_arrived, expected, len(self.history.events))
        steps = self._to_what_matters() if argument else self._to_next(visit_us)
        self.jump = Jump(steps, self.meter.board.now_us, 0, arrive, self._time_from_here)

    def _to_what_matters(self) -> Generator[None]:
        """Go on until a card, the office, the supply, the display or a lamp is seen to change."""
        board, events = self.meter.board, len(self.history.events)
        until_us = min(board.now_us + MATTERS_US, END_US)
        while len(self.history.events) == events and board.now_us < until_us:
            visit_us = self.premises.next_visit_us()
            yield from self._to_next(min(until_us, visit_us or until_us))

    def _to_next(self, until_us: int | None) -> Generator[None]:
        yield from self.meter.past_next(NEVER_US if until_us is None else until_us)
        visit_us = self.premises.next_visit_us()
        if visit_us is not None and self.meter.board.now_us >= visit_us:
            self._visit()

    def _visits(self, argument: str) -> None:
        if argument != "off":
            raise CommandError(f"expected off, got {argument[:40]!r}")
        self.premises.alone()

    def _say_arrived(self, expected: str, event_count: int) -> None:
        """Say where a jump to the next thing has led, if no event says so."""
        now_us = self.meter.board.now_us
        if len(self.history.events) == event_count:
            self._say(f"{legal_words(now_us, self.meter.model.zone)}  {expected}")
        self._time_from(now_us)

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
        until_us = self.history.last_us(moment, at_us)
        self.cards.put_back(moment.cards)
        self.history.went_to(moment, self.meter.board.now_us)
        moment.rest.resume()
        arrive = partial(self._is_again, moment)
        self.jump = Jump(self._passing_again(until_us), moment.at_us, until_us, arrive, arrive)
        self._pass()  # what is near is there at once

    def _passing_again(self, until_us: int) -> Generator[None]:
        """Let time pass that has passed before: what happens is known."""
        self._again = True
        try:
            yield from self.meter.until(until_us)
        finally:
            self._again = False

    def _is_again(self, moment: KeptMoment) -> None:
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
        if self._vending is not None:
            self._say(f"office {self._vending.sold(argument)}")
            return
        self._serve(at_counter(argument, self.meter.board.now_us, self.meter.model.zone))

    def _serve(self, wanted: AtCounter) -> None:
        meter = self.meter
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
            raise CommandError("expected FILE: the meter came from no image")
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
