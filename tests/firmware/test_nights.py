"""The night hours of every Walloon operator against `datetime` and `zoneinfo`, and their rate."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from meter_emu.desk.desk import Work
from meter_emu.desk.pricing import Pricing
from meter_emu.firmware.layouts import Factory, FactoryFlags, Health, Rate
from meter_emu.firmware.rules import MeterRules
from tests.cells import each_cell
from tests.firmware.meters import PARTS, START, Rig, factory, now_at, seconds, state
from tests.firmware.test_windows import BRUSSELS

NIGHTS = PARTS.nights
# begins and ends, in minutes of the legal day (domain: CWaPE)
OPERATORS = {
    "21-6": (1260, 360),
    "22-7": (1320, 420),
    "22:30-7:30": (1350, 450),
    "23-8": (1380, 480),
}


def hours(name: str, *, weekend: bool = True) -> Factory:
    begins, ends = OPERATORS[name]
    flags = FactoryFlags.NIGHT_ON | (FactoryFlags.NIGHT_WEEKEND if weekend else 0)
    return factory(flags=flags, night_start_minute=begins, night_end_minute=ends)


def night(legal: datetime, name: str, *, weekend: bool = True) -> bool:
    """The oracle: nine hours, and whole weekends."""
    begins, ends = OPERATORS[name]
    minute = legal.hour * 60 + legal.minute
    return not ends <= minute < begins or (weekend and legal.isoweekday() in (6, 7))


DAYS = 366 + 365
FIRST = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def walls() -> list[tuple[int, datetime]]:
    """Return each half hour of 2020 and 2021 and the minute before it, in seconds and legal time.

    Edges of nights and changes of clocks are nowhere else.
    """
    minutes = (30 * half_hour + minute for half_hour in range(48 * DAYS) for minute in (-1, 0))
    moments = (FIRST + timedelta(minutes=minute) for minute in minutes)
    return [(seconds(at), at.astimezone(BRUSSELS)) for at in moments]


@pytest.mark.slow("every day of two years", short=2)
@pytest.mark.parametrize(
    ("name", "weekend"), [*((name, True) for name in OPERATORS), ("22:30-7:30", False)]
)
def test_both_edges_of_every_day_of_two_years_are_where_the_wall_clock_says(walls, name, weekend):
    record = hours(name, weekend=weekend)
    for at_s, wall in walls:
        assert NIGHTS.may_run(now_at(at_s), record) == night(wall, name, weekend=weekend), wall


@pytest.mark.parametrize("name", OPERATORS)
def test_each_night_begins_u_early_and_ends_u_late(walls, name):
    """To the second, on every day of two years, with nine minutes of doubt."""
    record, u = hours(name), 540
    truth = [(at_s, night(wall, name)) for at_s, wall in walls[1::2]]
    edges = [(at_s, now) for (_, before), (at_s, now) in pairwise(truth) if before != now]
    weekdays = sum((FIRST + timedelta(days=day)).weekday() < 5 for day in range(DAYS))
    assert len(edges) == 2 * weekdays
    for at_s, begins in edges:
        change_s = at_s - u if begins else at_s + u
        for other_s in (change_s - 1, change_s):
            running = NIGHTS.may_run(now_at(other_s, u=u), record)
            assert running == (begins == (other_s == change_s))


@each_cell("health", [health for health in Health if health])
def test_a_clock_that_is_not_believed_costs_the_lower_price(health):
    noon = now_at(seconds(START), health=health)
    assert NIGHTS.may_run(noon, hours("22-7"))


@each_cell("health", Health)
def test_a_meter_without_night_hours_has_none_whatever_its_clock(health):
    for hour in range(24):
        at = seconds(datetime(2020, 7, 4, hour, tzinfo=UTC))  # a Saturday
        assert not NIGHTS.may_run(now_at(at, health=health), factory(flags=0))


# The rate -----------------------------------------------------------------------------------------


# night price with a day's of 250, health, hour of a Wednesday in UTC: the rate
RATES = [
    (250, Health.TRUSTED, 0, Rate.DAY),
    (250, Health.LOW_VOLTAGE, 0, Rate.DAY),
    (180, Health.TRUSTED, 0, Rate.NIGHT),
    (180, Health.TRUSTED, 10, Rate.DAY),
    (180, Health.LOWER_BOUND, 10, Rate.NIGHT),
    (180, Health.BACKWARDS, 10, Rate.NIGHT),
]


@each_cell(("price", "health", "hour", "rate"), RATES)
def test_the_rate_follows_from_prices_clock_and_hour(price, health, hour, rate):
    now = now_at(seconds(START.replace(hour=hour)), health=health)
    kept = state(night_price_ueur_per_wh=price)
    meter = MeterRules(PARTS, hours("22-7"), kept, now, ticks_ms=0, register_units=0)
    assert meter.rate() is rate
    meter.settle()
    assert kept.rate == rate


def test_a_change_of_the_rate_books_what_was_used_before_it():
    kept = state(night_price_ueur_per_wh=100)
    now = now_at(seconds(START.replace(hour=23)))
    MeterRules(PARTS, hours("22-7"), kept, now, ticks_ms=0, register_units=700).settle()
    assert (kept.rate, kept.booked_units, kept.charged_ueur) == (Rate.NIGHT, 700, 700 * 250)
    assert (kept.charged_wh, kept.charged_night_wh, kept.night_wh) == (700, 0, 0)
    now = now_at(seconds(START.replace(hour=9)))
    MeterRules(PARTS, hours("22-7"), kept, now, ticks_ms=0, register_units=1_000).settle()
    assert (kept.rate, kept.charged_ueur) == (Rate.DAY, 700 * 250 + 300 * 100)
    assert (kept.charged_wh, kept.charged_night_wh, kept.night_wh) == (1_000, 300, 300)


# A card -------------------------------------------------------------------------------------------


def bi_hourly(rig: Rig, *, number: int = 2, night_price: int = 100) -> str:
    rig.write(Work(tariff=Pricing(number, 250, night_price)))
    return rig.insert()


def test_a_card_brings_both_prices_and_takes_the_night_away_again():
    rig = Rig(load=1_000)
    assert "EXECUTED" in bi_hourly(rig)
    rig.run(24 * 3600)
    rig.insert()
    written: Any = rig.write_back()  # of a card that carries all of it
    assert written.tariff_number == 2
    assert 8_900 <= written.charged_night_wh == written.night_wh <= 9_100
    charged_ueur = (written.charged_wh - written.charged_night_wh) * 250
    assert written.charged_ueur == charged_ueur + written.charged_night_wh * 100
    assert "EXECUTED" in bi_hourly(rig, number=3, night_price=250)
    rig.run(24 * 3600)
    rig.insert()
    after: Any = rig.write_back()
    assert after.night_wh == written.night_wh
    assert (
        after.charged_ueur - written.charged_ueur == (after.charged_wh - written.charged_wh) * 250
    )
