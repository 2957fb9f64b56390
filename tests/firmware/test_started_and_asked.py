"""A start for any reason, and a clock chip that does not acknowledge."""

import pytest

from meter_emu.firmware.layouts import Health
from meter_emu.ports import Lamp, ResetCause
from meter_emu.stories.story import own_models
from meter_emu.units import HOUR_US, MINUTE_US
from meter_emu.world.meter.image import image_of
from tests.cells import each_cell
from tests.firmware.meters import START_US, Rig, stored_state
from tests.rigs import MODEL

OF_A_CHIP = {kit.model.rtc: kit.model for kit in own_models() if kit.model.energy == MODEL.energy}


def after_an_hour(cause: ResetCause) -> tuple[bytes, str]:
    rig = Rig()
    rig.board.cause = cause
    rig.bench.run_until(START_US + HOUR_US)
    return image_of(rig.board, MODEL), rig.board.panel.text


@each_cell("cause", ResetCause)
def test_every_cause_of_a_reset_is_one(cause: ResetCause) -> None:
    assert after_an_hour(cause) == after_an_hour(ResetCause.POWER_ON)
    assert after_an_hour(cause | ResetCause.POWER_ON) == after_an_hour(ResetCause.POWER_ON)


def test_no_cause_is_no_reset() -> None:
    assert after_an_hour(ResetCause(0)) != after_an_hour(ResetCause.POWER_ON)


@pytest.mark.parametrize("chip", OF_A_CHIP)
def test_a_read_of_the_clock_that_is_disturbed_once_is_done_again(chip: str) -> None:
    rig = Rig(model=OF_A_CHIP[chip])
    rig.bench.run_until(START_US + HOUR_US)
    rig.board.rtc_nacks = 1
    rig.bench.run_until(START_US + 26 * HOUR_US)
    assert rig.board.rtc_nacks == 0
    state = stored_state(rig.board)
    assert state is not None
    assert state.health == Health.TRUSTED
    assert not rig.board.panel.lamps & Lamp.CLOCK_DOUBTED


@pytest.mark.parametrize("chip", OF_A_CHIP)
def test_a_clock_that_never_acknowledges_is_doubted(chip: str) -> None:
    rig = Rig(model=OF_A_CHIP[chip])
    rig.bench.run_until(START_US + HOUR_US)
    rig.board.rtc_nacks = 1_000_000
    rig.bench.hint_over()
    rig.bench.run_until(START_US + HOUR_US + 3 * MINUTE_US)
    state = stored_state(rig.board)
    assert state is not None
    assert state.health == Health.IMPOSSIBLE_DATE
    assert rig.board.panel.lamps & Lamp.CLOCK_DOUBTED
