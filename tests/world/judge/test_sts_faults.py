"""Mistakes planted in a right STS meter, as makers make them: random households find each.

The judge looks at the supply alone, and the oracle of dates agrees with him. Two more are found by
power cuts alone (`test_sts_cuts`).
"""

from typing import Final

import pytest
from typing_extensions import override

from card_protocol.tokens.sts.fields import KeyPart, StsKeySection
from card_protocol.tokens.sts.key_change import StsKeyChange
from meter_emu.firmware.token.sts import StsAnswer, StsEffects, StsProgram, TidMemory
from meter_emu.firmware.token.sts_layouts import StsFactory, StsState, tid_bytes
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.covers import Covers
from meter_emu.world.rehearsal.engine import run_meter
from tests.world.judge.sts_bench import sts_program
from tests.world.judge.sts_homes import campaign_of_home, differences, drawn
from tests.world.judge.test_sts_campaigns import Signed


class RolloverIgnored(StsEffects):
    """Does not know the roll-over bit: every token of the new base date is older than all."""

    @override
    def rolled_over(self, state: StsState) -> None:
        return


class EmptiedAtAnyChange(StsEffects):
    """Empties the memory at any key change: there and back, and old tokens are new."""

    @override
    def rekeyed(self, state: StsState, change: StsKeyChange) -> None:
        super().rekeyed(state, change)
        state.tids = tid_bytes((0,) * 50)


class OlderThanTheNewest(TidMemory):
    """Takes no token that is older than the newest."""

    @override
    def judged(self, tids: tuple[int, ...], tid: int) -> StsAnswer:
        return StsAnswer.OLD if tid < tids[-1] else super().judged(tids, tid)


class RingByArrival(TidMemory):
    """Keeps the last fifty in the order in which they came, and looks for equal ones alone."""

    @override
    def judged(self, tids: tuple[int, ...], tid: int) -> StsAnswer:
        return StsAnswer.USED if tid in tids else StsAnswer.TAKEN

    @override
    def keeping(self, tids: tuple[int, ...], tid: int) -> tuple[int, ...]:
        return (*tids[1:], tid)


class TenDeep(TidMemory):
    """Remembers ten."""

    @override
    def judged(self, tids: tuple[int, ...], tid: int) -> StsAnswer:
        return super().judged(tids[-10:], tid)


class KenTimes65535(TidMemory):
    """Ends a key by the rule of one public library."""

    @override
    def expired(self, tid: int, ken: int) -> bool:
        return tid > ken * 65_535


class KeyAtTheFirstHalf(StsEffects):
    """Takes the key when its first half is there, with nothing in the other one."""

    @override
    def complete(self, sections: dict[int, StsKeySection], *, long_key: bool) -> bool:
        if long_key or 1 not in sections:
            return super().complete(sections, long_key=long_key)
        sections.setdefault(2, StsKeySection(2, 0xF01, KeyPart(bytes(4))))
        return True


class CreditClearedWithTheKey(StsEffects):
    """Takes the credit away with the old key: with the register's full turn ahead."""

    @override
    def rekeyed(self, state: StsState, change: StsKeyChange) -> None:
        super().rekeyed(state, change)
        state.limit_units = 0


class TenthsIn16Bits(StsEffects):
    """Multiplies tenths of a kWh by a hundred in 16 bits."""

    @override
    def credited(self, state: StsState, wh: int) -> None:
        super().credited(state, wh & 0x0FFF)


class ForgetsTheTid(StsProgram):
    """Credits a token, and does not keep its TID."""

    __slots__ = ()

    @override
    def keep(self, state: StsState) -> None:
        before = self._journal.load(powered_on=False)
        assert before is not None
        if state.key == before.key:
            state.tids = before.tids
        super().keep(state)


class HalvesForEver(StsProgram):
    """Never forgets a half, and no wrong entry."""

    __slots__ = ()

    @override
    def _forget(self, factory: StsFactory, state: StsState, *, powered_on: bool) -> None:
        if not state.locked:
            return
        super()._forget(factory, state, powered_on=powered_on)


class LockedForGood(StsProgram):
    """Is locked until power fails."""

    __slots__ = ()

    @override
    def _forget(self, factory: StsFactory, state: StsState, *, powered_on: bool) -> None:
        if powered_on:
            super()._forget(factory, state, powered_on=powered_on)


FAULTS: Final[tuple[type, ...]] = (
    Signed, RolloverIgnored, EmptiedAtAnyChange, OlderThanTheNewest, RingByArrival, TenDeep,
    KenTimes65535, KeyAtTheFirstHalf, CreditClearedWithTheKey, TenthsIn16Bits, ForgetsTheTid,
    HalvesForEver, LockedForGood,
)  # fmt: skip
HOMES_MAX: Final = 150


def planted(fault: type):
    """Return a factory of a program with a fault, as somebody else's that says what it is for."""
    program = sts_program(
        program=fault if issubclass(fault, StsProgram) else StsProgram,
        tids=fault if issubclass(fault, TidMemory) else TidMemory,
        effects=fault if issubclass(fault, StsEffects) else StsEffects,
    )
    program.covers = Covers(devices={"sts"})  # type: ignore[attr-defined]
    return program


PROGRAMS: Final = {f"of_{fault.__name__}": planted(fault) for fault in (*FAULTS, StsProgram)}
globals().update(PROGRAMS)  # a build is named by its module and a name in it


@pytest.mark.slow("lives households until one shows the fault", short=2)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_by_the_judge_and_by_the_oracle(fault: type) -> None:
    judged = dated = None
    for number in range(HOMES_MAX):
        home = drawn(number)
        household = home.household(f"{__name__}:of_{fault.__name__}")
        campaign = campaign_of_home(household, home)
        events = run_meter(household, campaign)
        outcome = judge(household, campaign, events)
        if judged is None and outcome.verdict is not Verdict.KEPT:
            judged = number
        if dated is None and differences(home, events):
            dated = number
        if judged is not None and dated is not None:
            return
    raise AssertionError(f"judge: {judged}, oracle: {dated}, of {HOMES_MAX} households")


def test_a_right_program_of_somebody_else_is_judged_by_what_it_does() -> None:
    for number in range(3):
        home = drawn(number)
        household = home.household(f"{__name__}:of_StsProgram")
        campaign = campaign_of_home(household, home)
        events = run_meter(household, campaign)
        assert judge(household, campaign, events).verdict is Verdict.KEPT
