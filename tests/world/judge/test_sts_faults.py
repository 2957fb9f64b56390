"""Mistakes in a right STS meter, as makers make them: random households find each.

The judge looks at the supply alone, and the oracle of dates agrees with him. Two more of the
catalogue are found by power cuts alone (`test_sts_cuts`).
"""

from typing import Final

import pytest
from typing_extensions import override

from meter_emu.defects import defects_of
from meter_emu.firmware.token.sts import StsProgram
from meter_emu.firmware.token.sts_layouts import StsFactory, StsState
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.rehearsal.engine import run_meter
from tests.laws import wrong_tokens
from tests.laws.wrong_tokens import StsPlanted
from tests.world.judge.sts_homes import campaign_of_home, differences, drawn


class _LockedForGood(StsProgram):
    """Is locked until power fails."""

    __slots__ = ()

    @override
    def _forget(self, factory: StsFactory, state: StsState, *, powered_on: bool) -> None:
        if powered_on:
            super()._forget(factory, state, powered_on=powered_on)


class LockedForGood(StsPlanted):
    """Ends no lock."""

    sts = _LockedForGood


BY_CUTS: Final = {"credit-before-tid", "key-before-memory"}
FAULTS: Final = [
    f"{__name__}:LockedForGood",
    f"{wrong_tokens.__name__}:TidForgotten",
    *(one.build for one in defects_of("sts").values() if one.id not in BY_CUTS),
]
HOMES_MAX: Final = 150


@pytest.mark.slow("lives households until one shows the fault", short=1)
@pytest.mark.parametrize("build", FAULTS)
def test_a_fault_is_found_by_the_judge_and_by_the_oracle(build: str) -> None:
    judged = dated = None
    for number in range(HOMES_MAX):
        home = drawn(number)
        household = home.household(build)
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
        household = home.household(f"{wrong_tokens.__name__}:StsPlanted")
        campaign = campaign_of_home(household, home)
        events = run_meter(household, campaign)
        assert judge(household, campaign, events).verdict is Verdict.KEPT
