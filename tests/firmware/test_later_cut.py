"""A later T2 in a meter that has cut: a person may reconnect, or nothing, as its model says."""

from typing import Final

import msgspec
import pytest

from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.firmware.layouts import StateFlags, Supply
from meter_emu.ports import Button
from meter_emu.world.meter.acts import Power, Press
from tests.firmware.meters import Rig
from tests.properties.trials import METERS

DAY_S: Final = 86_400
T2, LATER, EARLIER = Civil(2020, 7, 3, 23, 1), Civil(2020, 7, 7, 23, 1), Civil(2020, 7, 2, 23, 1)
ON_MODELS: Final = pytest.mark.parametrize("name", METERS)


def fed(rig: Rig) -> bool:
    return rig.board.switch.on


def cut(name: str, later_cut: str = "reconnect") -> Rig:
    """Return a meter that has cut on 3 July, a day later, by an order of its own."""
    rig = Rig(model=msgspec.structs.replace(METERS[name], later_cut=later_cut))
    rig.write(Work(cut_at=T2))
    rig.insert()
    assert fed(rig)
    rig.run(3 * DAY_S)
    assert not fed(rig)
    return rig


def ask(rig: Rig) -> None:
    """Ask for supply as this model wants it, and wait for a test of the appliances."""
    rearm = rig.made.household.model.rearm
    rig.bench.do(Press(Button[rearm.key.upper()], rearm.hold_ms or 100))
    rig.run(rearm.tightness_s + 120)


def extended(rig: Rig, cut_at: Civil) -> None:
    """Order a cut at another time; whatever its meter does with it, the card reads executed."""
    rig.write(Work(cut_at=cut_at))
    assert rig.insert().endswith("EXECUTED")
    ask(rig)


@ON_MODELS
def test_an_extension_after_the_cut_gives_back_what_was_taken_until_the_new_end(name):
    rig = cut(name)
    rig.write(Work(cut_at=LATER))
    rig.insert()
    assert not fed(rig), "no meter closes its switch unasked"
    assert rig.state.supply == Supply.READY_FOR_RECONNECTION
    ask(rig)
    assert fed(rig)
    rig.run(4 * DAY_S)
    assert not fed(rig)
    assert rig.state.flags & StateFlags.CUT_LATCHED


@ON_MODELS
def test_a_model_that_stays_cut_waits_for_a_reactivation(name):
    rig = cut(name, "stays_cut")
    extended(rig, LATER)
    assert not fed(rig)
    rig.write(Work(reactivate=True))
    rig.insert()
    ask(rig)
    assert fed(rig)


@pytest.mark.parametrize("again", [T2, EARLIER, Civil(2020, 7, 4, 8, 0)], ids=str)
@ON_MODELS
def test_a_t2_that_is_the_same_earlier_or_past_lifts_nothing(name, again):
    rig = cut(name)
    extended(rig, again)
    assert not fed(rig)


def test_a_cut_that_is_ordered_again_is_no_extension_while_the_clock_is_lost():
    rig = cut("electricity-pcf8563-utc")
    rig.bench.do(Power(on=False))
    rig.run((rig.made.household.model.clock.backup_days + 1) * DAY_S)
    rig.bench.do(Power(on=True))
    rig.run(60)
    extended(rig, T2)
    assert not fed(rig)
    assert rig.state.flags & StateFlags.CUT_LATCHED


def test_what_came_after_an_extension_is_compared_with_the_cut_that_came():
    """A T2 before the one that has come replaces it in the memory, and is not the one to beat."""
    rig = cut("electricity-pcf8563-utc", "reconnect")
    extended(rig, EARLIER)
    extended(rig, Civil(2020, 7, 3, 12, 0))
    assert not fed(rig)
    extended(rig, LATER)
    assert fed(rig)
