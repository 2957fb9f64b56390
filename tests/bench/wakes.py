"""What each poll of a household is for: the cause of a wake that somebody adds is seen here."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple
from unittest.mock import patch

from meter_emu import Campaign
from meter_emu.firmware.layouts import State
from meter_emu.firmware.program import Program
from meter_emu.ports import SECONDS_A_DAY, Sleep
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.observer import state_in
from meter_emu.world.rehearsal.engine import run_meter
from tests.bench.meters import LINEAR_MAX, year
from tests.bench.row import Row

NOTHING: Final = "nothing"
_POLL_US_MAX: Final = 100_000  # of a poll without a card
# What is the cause of a poll, by the fields of the state that it changes: the first that fits.
_CAUSES: Final = {
    "a card": ("session_count",),
    "midnight": ("last_day",),
    "a switch": ("supply",),
    "an account or a rate": ("account", "rate"),
    "a shelter": ("sheltered_min", "sheltered_ticks_ms"),
    "the journal": ("last_time_s",),
}


class Sight(NamedTuple):
    """What there is to see at an instant: all that a poll may change, and all it may wait for."""

    at_us: int
    second_of_day: int | None
    soon: bool  # whether midnight or the hint's second comes before a poll from here has ended
    units: int
    clock_writes: int
    state: State | None
    text: str

    @property
    def in_credit(self) -> bool:
        """Whether the balance lasts, at the price by day, until here: what is shown may hide it."""
        if self.state is None:
            return True
        unbooked_mwh = (self.units - self.state.booked_units) * self.state.mwh_per_unit
        return self.state.balance_ueur * 1_000 > unbooked_mwh * self.state.price_ueur_per_wh


class Poll(NamedTuple):
    """One poll, as it began and ended, and how the one before it ended.

    `hint` is what the one before gave, if that holds.
    """

    left: Sight | None
    before: Sight
    after: Sight
    hint: Sleep | None
    asked_for: bool  # by a person, or because power came back or the clock was disturbed

    @property
    def cause(self) -> str:
        """What it changed, `NOTHING` if it did not."""
        was, now = self.before.state, self.after.state
        for cause, names in _CAUSES.items():
            if any(getattr(was, name) != getattr(now, name) for name in names):
                return cause
        if was != now:
            return "another change"
        return NOTHING if self.before.text == self.after.text else "the display"

    def may_run_across(self, looks_us: frozenset[int]) -> bool:
        """Whether midnight, the hint's end, a look, or the end of the balance may come in it.

        Or, for the balance, since the poll before: where another thing is shown, nothing shows it.
        """
        began, hint = self.before, self.hint
        if hint is None or began.soon:
            return True
        if self.left is not None and self.left.in_credit != self.after.in_credit:
            return True
        return (
            hint.until_units is not None and began.units < hint.until_units <= self.after.units
        ) or any(began.at_us <= at_us <= began.at_us + _POLL_US_MAX for at_us in looks_us)

    @property
    def given(self) -> bool:
        """Whether a hint that it gave holds: on a clock that nobody wrote, of the same day."""
        was, now = self.before, self.after
        if was.second_of_day is None or now.second_of_day is None:
            return False
        return was.second_of_day <= now.second_of_day and was.clock_writes == now.clock_writes


def polls(campaign: Campaign, place: int = 0) -> Iterator[Poll]:
    """Return the polls of a household with our program in their order."""
    found: list[Poll] = []
    benches: list[Bench] = []
    household = campaign.households[place]
    parts = parse_build(household.build).readable(household.model)
    assert parts is not None, "a program of ours"
    asked_for = [True]

    def see(hint: Sleep | None) -> Sight:
        board: Board = benches[0].board
        now_us, second = board.now_us, board.rtc.second_of_day(board.now_us)
        until = None if hint is None else hint.until_second
        edges = (SECONDS_A_DAY, SECONDS_A_DAY if until is None else until)
        in_us = [
            board.rtc.us_until_second_of_day(edge, second)
            for edge in edges
            if second is not None and second < edge
        ]
        return Sight(
            at_us=now_us,
            second_of_day=second,
            soon=any(us is not None and us <= _POLL_US_MAX for us in in_us),
            units=board.metrology.read_units(now_us),
            clock_writes=board.rtc_writes,
            state=state_in(board, parts),
            text=board.panel.text,
        )

    poll, at_work, given = Program.poll, list[Program](), list[Sleep | None]()

    def watched(program: Program) -> Sleep | None:
        if at_work != [program]:  # made anew: power came back
            at_work[:], given[:] = [program], [None]
        before, asked = see(given[0]), asked_for.pop() if asked_for else False
        hint = poll(program)
        left = found[-1].after if given[0] is not None else None
        found.append(Poll(left, before, see(None), given[0], asked))
        given[:] = [hint if found[-1].given else None]
        return hint

    def watch(bench: Bench) -> None:
        benches[:] = [bench]
        bench.wake = _noting(bench.wake, asked_for)  # type: ignore[method-assign]
        bench.hint_over = _noting(bench.hint_over, asked_for)  # type: ignore[method-assign]

    with patch.object(Program, "poll", watched):
        events = run_meter(household, campaign, prepare=watch)
    assert events[-1].failure is None, events[-1].failure
    return iter(found)


def _noting(does: Callable[[], None], asked_for: list[bool]) -> Callable[[], None]:
    def noted() -> None:
        asked_for[:] = [True]
        does()

    return noted


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield what the polls of a meter-year are for, and that ten years have ten times as many."""
    short, long = (0.25, 0.5) if quick else (1, 10)
    with TemporaryDirectory() as folder:
        one, many = (causes(year(Path(folder), years)) for years in (short, long))
    yield Row(
        what="polls of that meter-year",
        measured=f"{one.total() / short:,.0f}",
    )
    yield Row(
        what="  what they are for",
        measured=", ".join(f"{cause} {count}" for cause, count in one.most_common()),
    )
    ratio = many.total() / long / (one.total() / short)
    yield Row(
        what=f"  a year of {long:g} / a year of {short:g}",
        measured=f"{ratio:.2f}",
        target="about 1: linear",
        met=ratio <= LINEAR_MAX,
    )


def causes(campaign: Campaign, place: int = 0) -> Counter[str]:
    """Return how many polls of a household had which cause."""
    return Counter(poll.cause for poll in polls(campaign, place))


def needless(campaign: Campaign, place: int = 0) -> list[Poll]:
    """Return the polls for which there was no reason.

    Nothing came of them, and nobody asked for them; none may have run across an instant that it
    might have seen, and the one before had said when to look again.
    """
    household = campaign.households[place]
    looks_us = frozenset((campaign.end_us, *(visit.at_us for visit in household.visits)))
    return [
        poll
        for poll in polls(campaign, place)
        if poll.cause == NOTHING and not poll.asked_for and not poll.may_run_across(looks_us)
    ]
