"""The campaign at the end of a counter: when supply goes and comes, as its file has it by hand."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from meter_emu.resources import find
from meter_emu.world.meter.events import What
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from tests.cells import each_cell
from tests.world.judge.paygo_homes import EPOCH, LOOK


def _at(day: int, hour: int, month: int = 10) -> datetime:
    return datetime(2027, month, day, hour, tzinfo=UTC)


KEYED: Final = _at(29, 9)  # 10:00 of Lisbon's summer
# When supply is on, in UTC: what the file says in legal time.
ON: Final = {
    "first-counts": (KEYED, _at(31, 9)),
    "half-way": (KEYED, _at(31, 9)),
    "last-adds": (KEYED, _at(1, 9, month=11)),
    "last-set": (KEYED, _at(31, 9)),
    "last-unlock": (KEYED, None),
    "used-up": (None, None),
}


def moves(name: str) -> list[tuple[datetime, bool]]:
    """Return when the supply of a household went and came, after its first look."""
    campaign = load_campaign(find("campaigns", "paygo-counts"))
    households = campaign.households.alone(name)
    assert households is not None
    seen = [
        (EPOCH + timedelta(microseconds=event.at_us), event.what is What.CLOSED)
        for event in run_meter(households[0], campaign)
        if event.what in (What.OPENED, What.CLOSED)
    ]
    assert not seen[0][1], "nothing is paid when it begins"
    return seen[1:]


def test_every_household_has_its_hours() -> None:
    campaign = load_campaign(find("campaigns", "paygo-counts"))
    assert {entry.first.id for entry in campaign.households.entries} == set(ON)


@pytest.mark.slow("hashes 65,535 times for each device")
@each_cell("name", ON, short=1)
def test_supply_goes_and_comes_as_worked_out_by_hand(name: str) -> None:
    on, off = ON[name]
    wanted = [(at, at is on) for at in (on, off) if at is not None]
    seen = moves(name)
    assert [closed for _, closed in seen] == [closed for _, closed in wanted]
    for (at, _), (want, _) in zip(seen, wanted, strict=True):
        assert timedelta() <= at - want <= LOOK
