"""Mistakes planted in a right program that is paid for by the day: random households find each.

Each is a mistake that a program in a small microcontroller makes: of a count, of an integer's
width, of a clock. The judge looks at the supply alone, and the oracle of dates agrees with him.
"""

from collections.abc import Callable
from typing import Final

import pytest
from typing_extensions import override

from card_protocol.tokens.openpaygo.counter import PaygoCounter
from card_protocol.tokens.openpaygo.decode import PaygoAnswer
from meter_emu.firmware.token.layouts import PaygoFactory, PaygoFlags, PaygoState
from meter_emu.firmware.token.paygo import PaidTime, PaygoProgram, UsedCounts
from meter_emu.firmware.trust import EPOCH_2000_S, Now
from meter_emu.ports import Firmware, Ports
from meter_emu.units import DAY_S
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.covers import Covers
from meter_emu.world.rehearsal.engine import run_meter
from meter_emu.world.rehearsal.fleet import rehearsed
from tests.world.judge.paygo_homes import MODEL, campaign_of_home, differences, drawn


class UsedForgotten(UsedCounts):
    """Keeps the last count alone: an older token is taken again."""

    @override
    def counter(self, state: PaygoState) -> PaygoCounter:
        return PaygoCounter(state.last_count, frozenset({state.last_count}))


class BitsNotMoved(UsedCounts):
    """Keeps a bit for each count by its place, and does not move them when the last count grows."""

    @override
    def keep(self, counter: PaygoCounter, state: PaygoState) -> None:
        state.used |= 1 << (counter.count - max(counter.used, default=counter.count))
        state.last_count = counter.count


class SetLeavesOpen(UsedCounts):
    """Forgets that what sets time closes all that is older."""

    @override
    def keep(self, counter: PaygoCounter, state: PaygoState) -> None:
        before = self.counter(state).used
        super().keep(counter, state)
        if len(counter.used) == min(16, counter.count + 1):
            state.used = sum(1 << counter.count - one for one in before if counter.count - one < 16)


class CountOf5Bits(UsedCounts):
    """Keeps the last count in too few bits: here five, so that it shows in a month."""

    @override
    def keep(self, counter: PaygoCounter, state: PaygoState) -> None:
        super().keep(counter, state)
        state.last_count &= 0x1F


class SixteenBits(PaidTime):
    """Multiplies days by 86,400 in 16 bits."""

    @override
    def seconds(self, value: int, divider: int) -> int:
        return (value * DAY_S & 0xFFFF) // divider


class RoundedFirst(PaidTime):
    """Rounds the hours of a unit before it multiplies."""

    @override
    def seconds(self, value: int, divider: int) -> int:
        return value * (DAY_S // 3_600 // divider) * 3_600


class RestLost(PaidTime):
    """Adds to now, whatever was left."""

    @override
    def added(self, until_s: int, now_s: int, seconds: int) -> int:
        return now_s + seconds


class UntilMidnight(PaidTime):
    """Takes a day for the time until midnight."""

    @override
    def over(self, until_s: int, now_s: int) -> bool:
        return now_s >= until_s // DAY_S * DAY_S


class SetAdds(PaidTime):
    """Adds what is to be set."""

    @override
    def set_to(self, now_s: int, seconds: int) -> int:
        return now_s + seconds + DAY_S


class LostClockBegins(PaygoProgram):
    """Goes on from the year 2000, as the chip begins: gives years."""

    __slots__ = ()

    @override
    def goes_on_s(
        self, factory: PaygoFactory, state: PaygoState, now: Now, ticks_ms: int | None
    ) -> int:
        return EPOCH_2000_S


class UnlockNotKept(PaygoProgram):
    """Forgets at once that the payments have ended."""

    __slots__ = ()

    @override
    def keep(self, state: PaygoState, answer: PaygoAnswer) -> None:
        state.flags &= ~PaygoFlags.UNLOCKED
        super().keep(state, answer)


FAULTS: Final = (
    UsedForgotten, BitsNotMoved, SetLeavesOpen, CountOf5Bits, SixteenBits, RoundedFirst, RestLost,
    UntilMidnight, SetAdds, LostClockBegins, UnlockNotKept,
)  # fmt: skip
HOMES_MAX: Final = 150


def planted(fault: type) -> Callable[[Ports], Firmware]:
    """Return a factory of a program with a fault, as somebody else's that says what it is for."""
    parts = parse_build("reference").parts(MODEL)
    used = fault() if issubclass(fault, UsedCounts) else UsedCounts()
    time = fault() if issubclass(fault, PaidTime) else PaidTime()
    made: type[PaygoProgram] = fault if issubclass(fault, PaygoProgram) else PaygoProgram

    def program(ports: Ports) -> Firmware:
        return made(ports, parts.rtc, parts.calendar, parts.trust, used=used, time=time)

    program.covers = Covers(devices={"openpaygo"})  # type: ignore[attr-defined]
    return program


PROGRAMS: Final = {f"of_{fault.__name__}": planted(fault) for fault in (*FAULTS, PaygoProgram)}
globals().update(PROGRAMS)  # a build is named by its module and a name in it


def test_somebody_elses_right_program_is_judged_by_what_it_does() -> None:
    for number in range(3):
        household = drawn(number).household(f"{__name__}:of_PaygoProgram")
        campaign = campaign_of_home(household)
        outcome, _ = rehearsed(household, campaign, events=False)
        assert outcome.verdict is Verdict.KEPT


@pytest.mark.slow("imports another program, and lives a household")
def test_a_program_for_another_device_is_not_covered() -> None:
    household = drawn(0).household("tests.laws.wrong:ageless")
    outcome, _ = rehearsed(household, campaign_of_home(household), events=False)
    assert outcome.verdict is Verdict.NOT_COVERED


@pytest.mark.slow("lives households until one shows the fault", short=2)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_by_the_judge_and_by_the_oracle(fault: type) -> None:
    judged = dated = None
    for number in range(HOMES_MAX):
        home = drawn(number)
        household = home.household(f"{__name__}:of_{fault.__name__}")
        campaign = campaign_of_home(household)
        events = run_meter(household, campaign)
        outcome = judge(household, campaign, events)
        if judged is None and outcome.verdict is not Verdict.KEPT:
            judged = number
        if dated is None and differences(home, events):
            dated = number
        if judged is not None and dated is not None:
            return
    raise AssertionError(f"judge: {judged}, oracle: {dated}, of {HOMES_MAX} households")
