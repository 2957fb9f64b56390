"""Places an event at one point of a program: runs a story once to see which call comes when."""

from collections.abc import Callable
from typing import Final, NamedTuple, final

from meter_emu.laws.judged import promises
from meter_emu.laws.law import Aside, Broken, Finding, Trial, campaign_of, trial_of
from meter_emu.units import DAY_S, MINUTE_S, SECOND_US
from meter_emu.world.households.household import Household
from meter_emu.world.judge.verdict import seen_until
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.board import RTC_BYTE_US, Board
from meter_emu.world.meter.failure import Alarm, CallLog, NoPulse, Pulse
from meter_emu.world.meter.model import MeterModel, uncertainty_s

_BYTES: Final = 10  # length of the longest access: addresses and seven registers


class Call(NamedTuple):
    """One call of a port: when it begins, and when the clock's next midnight is, if it counts.

    `poll` is the number of its poll, which began at `poll_us`.
    """

    name: str
    at_us: int
    midnight_us: int | None
    poll: int
    poll_us: int

    @property
    def at_rtc(self) -> bool:
        """Whether it is an access to the clock chip."""
        return self.name.startswith("rtc_")


def calls(trial: Trial, from_us: int, to_us: int) -> list[Call]:
    """Return the calls of the trial's meter in a span of true time."""
    heard: list[Listening] = []

    def listen(bench: Bench) -> None:
        inner = NoPulse() if trial.bounded else Alarm()
        heard.append(Listening(inner, from_us, to_us))
        bench.log = CallLog(bench.board, heard[0])

    trial.overheard(listen)
    return heard[0].calls


def calls_at(trial: Trial, from_us: int, to_us: int) -> list[Call]:
    """Return the same of a story of which nothing else is wanted: it ends with the span."""
    household, campaign = seen_until(trial.household, trial.campaign, to_us)
    return calls(Trial(campaign_of(campaign, household), trial.build), from_us, to_us)


def tick_us(trial: Trial, call: Call) -> int:
    """Return the instant in or after a call at which the clock is to tick: after some bus bytes."""
    return call.at_us + trial.campaign.seed // 64 % _BYTES * RTC_BYTE_US


def early_s(model: MeterModel, at_s: int) -> int:
    """Return how long before an instant, start-up included, any clock of a model shows less."""
    oldest_us = (at_s - model.clock.trust_max_days * DAY_S) * SECOND_US
    return uncertainty_s(model, oldest_us, at_s * SECOND_US) + model.boot_ms // 1_000 + MINUTE_S


def with_placed(
    trial: Trial,
    place: Callable[[Trial], Household | Trial | None],
    without: str,
    ask: Callable[[Trial], Finding] = promises,
) -> Finding:
    """Ask the trial's story, then the one that `place` makes of it; return what is wrong.

    `place` gives a trial where that was run already. `without` is the reason if it makes none.
    """
    placed = place(trial)  # first: who listens there runs the story that is judged here
    found = ask(trial)
    if isinstance(found, Broken):
        return found
    if placed is None:
        return Aside(without)
    if isinstance(placed, Household):
        placed = trial_of(trial, placed)
    found = ask(placed)
    return Broken(found.words, placed.campaign) if isinstance(found, Broken) else found


@final
class Listening:
    """A pulse that records the calls in a span of true time."""

    def __init__(self, inner: Pulse, from_us: int, to_us: int) -> None:
        self.calls: Final[list[Call]] = []
        self._inner: Final = inner
        self._span: Final = (from_us, to_us)
        self._board: Board | None = None
        self._poll = 0
        self._poll_us = 0

    def began(self, board: Board) -> None:
        """See `Pulse`."""
        self._board = board
        self._poll += 1
        self._poll_us = board.now_us
        self._inner.began(board)

    def called(self, name: str, now_us: int) -> None:
        """See `Pulse`."""
        if self._span[0] <= now_us < self._span[1]:
            midnight_us = self._midnight_us(now_us)
            self.calls.append(Call(name, now_us, midnight_us, self._poll, self._poll_us))
        self._inner.called(name, now_us)

    def answered(self) -> None:
        """See `Pulse`."""
        self._inner.answered()

    def ended(self) -> None:
        """See `Pulse`."""
        self._inner.ended()

    def _midnight_us(self, now_us: int) -> int | None:
        assert self._board is not None, "a call is made in a poll"
        rtc = self._board.rtc
        shown = rtc.second_of_day(now_us)
        left_us = None if shown is None else rtc.us_until_second_of_day(DAY_S, shown)
        return None if left_us is None else now_us + left_us
