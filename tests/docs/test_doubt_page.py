"""docs/decisions/doubt.md: the longest shelter is what the calendar gives, and money follows."""

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from meter_emu.resources import find
from meter_emu.units import HOUR_US, SECOND_US
from meter_emu.world.judge.hours import ZoneHours
from meter_emu.world.meter.model import load_model
from tests.docs.pages import page

PAGE = page("docs/decisions/doubt.md")
MODEL = load_model(find("meters", "electricity-pcf8563-utc"))
BRUSSELS = ZoneInfo("Europe/Brussels")


def us(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=BRUSSELS).timestamp()) * SECOND_US


def runs() -> list[tuple[int, int]]:
    """Every run of protected hours that begins in 2000 to 2099."""
    hours, found, at_us = ZoneHours(MODEL.window, MODEL.zone), [], us(2000)
    while at_us < us(2100):
        to_us = hours.next_change_us(at_us)
        if hours.hold(at_us):
            found.append((at_us, to_us))
        at_us = to_us
    return found


@pytest.mark.slow("runs what the page says")
def test_the_longest_shelter_is_as_stated():
    spans = runs()
    first = max(spans, key=lambda span: span[1] - span[0])
    assert (first[1] - first[0]) / HOUR_US == 65
    assert f"{datetime.fromtimestamp(first[0] / SECOND_US, BRUSSELS):%Y-%m-%d}" == "2000-10-27"
    gap_us = min(after[0] - before[1] for before, after in pairwise(spans))
    assert gap_us == 8 * HOUR_US, "with u of 4 h on each side no gap is left"
    for said in ("65.0 h (first on 27 October 2000", "72.5 h with *u* = 3.75 h", "less than 73 h"):
        assert said in " ".join(PAGE.split())


def test_money_follows_from_power_and_hours():
    price_eur_per_kwh = MODEL.credit.price_ueur_per_wh / 1000
    for kw, hours, kwh in ((9.2, 73, "671.6 kWh"), (0.4, 96, "38 kWh"), (2, 96, "192 kWh")):
        used = kw * hours
        assert kwh in {f"{used:.1f} kWh", f"{used:.0f} kWh"}
        assert f"{kwh}, {used * price_eur_per_kwh:.2f} EUR" in PAGE
    assert 96 / 1.3 > 73
