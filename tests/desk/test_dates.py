"""The office's dates: real, within the card's years, and never one of two instants by accident."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.timestamp import Civil
from meter_emu.desk.dates import CivilReading, DeskDates, Written
from meter_emu.errors import DeskError
from tests.cells import each_cell

DATES = DeskDates()
BRUSSELS = ZoneInfo("Europe/Brussels")
GAP = Civil(2020, 3, 29, 2, 30)  # last Sunday of March, 02:00 to 03:00 does not exist
FOLD = Civil(2020, 10, 25, 2, 30)  # last Sunday of October, 02:00 to 03:00 exists twice


@each_cell("text", ["2020-07-03 23:01", "2020-07-03T23:01", " 2020-07-03 23:01 "])
def test_a_time_is_read_as_people_write_it(text):
    assert DATES.parse(text) == Civil(2020, 7, 3, 23, 1)


@each_cell(
    "text",
    [
        "",
        "2020-07-03",
        "03/07/2020 23:01",
        "2020-7-3 23:01",
        "2020-07-03 23:01:00",
        "2020-07-03 23:01Z",
        "\u0662\u0660\u0662\u0660-07-03 23:01",
    ],
)
def test_anything_else_is_refused_with_an_example(text):
    with pytest.raises(DeskError, match="2020-07-03 23:01"):
        DATES.parse(text)


@each_cell(
    "text",
    [
        "2020-02-31 12:00",
        "2021-02-29 12:00",
        "2020-04-31 12:00",
        "2020-13-01 12:00",
        "2020-00-01 12:00",
        "2020-01-00 12:00",
        "2020-01-01 24:00",
        "2020-01-01 23:60",
        "1999-12-31 23:59",
        "2100-01-01 00:00",
    ],
)
def test_dates_that_do_not_exist_or_do_not_fit_a_card_are_refused(text):
    with pytest.raises(DeskError):
        DATES.parse(text)


def test_29_february_exists_in_leap_years():
    assert DATES.parse("2020-02-29 12:00") == Civil(2020, 2, 29, 12, 0)
    assert DATES.parse("2000-02-29 12:00") == Civil(2000, 2, 29, 12, 0)


@pytest.mark.parametrize(("when", "why"), [(GAP, "does not exist"), (FOLD, "exists twice")])
def test_a_time_with_no_or_two_instants_needs_a_choice(when, why):
    with pytest.raises(DeskError, match=why):
        DATES.settle(when)
    with pytest.raises(DeskError, match=why):
        DATES.minute_of(when)


def test_a_time_in_the_gap_becomes_the_existing_one_beside_it():
    assert DATES.settle(GAP, CivilReading.LATER) == Civil(2020, 3, 29, 3, 30)
    assert DATES.settle(GAP, CivilReading.EARLIER) == Civil(2020, 3, 29, 1, 30)


def test_of_a_time_that_exists_twice_only_the_later_can_be_written():
    assert DATES.settle(FOLD, CivilReading.LATER) == FOLD
    with pytest.raises(DeskError, match="a meter takes the later"):
        DATES.settle(FOLD, CivilReading.EARLIER)


def test_both_readings_lie_an_hour_apart():
    for when in (GAP, FOLD):
        earlier = DATES.minute_of(when, CivilReading.EARLIER)
        assert DATES.minute_of(when, CivilReading.LATER) == earlier + 60


@each_cell("year", range(2000, 2100, 9))
def test_exactly_the_hours_of_the_two_last_sundays_are_refused(year):
    refused = []
    for month in (3, 10):
        for day in range(20, 32):
            for hour in range(24):
                when = Civil(year, month, day, hour, 30)
                try:
                    assert DATES.settle(when) == when
                except DeskError:
                    refused.append(when)
    sundays = [
        max(day for day in range(25, 32) if datetime(year, month, day, tzinfo=UTC).weekday() == 6)
        for month in (3, 10)
    ]
    assert refused == [Civil(year, 3, sundays[0], 2, 30), Civil(year, 10, sundays[1], 2, 30)]


@given(minute=st.integers(0, 52_594_559))
def test_minutes_are_those_of_the_legal_time(minute):
    """From an instant to legal time by the zone table, and back by the office."""
    instant = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    legal = instant.astimezone(BRUSSELS)
    when = Civil(legal.year, legal.month, legal.day, legal.hour, legal.minute)
    if when.year > 2099:
        return
    reading = CivilReading.LATER if legal.fold else CivilReading.EARLIER
    assert DATES.minute_of(when, reading) == minute
    assert DATES.minute_of_instant(legal) == minute


def test_the_epoch_is_the_year_2000_in_utc():
    assert DATES.minute_of_instant(datetime(2000, 1, 1, tzinfo=UTC)) == 0
    assert DATES.minute_of(Civil(2000, 1, 1, 1, 0)) == 0
    with pytest.raises(DeskError):
        DATES.minute_of(Civil(2000, 1, 1, 0, 59))


def test_a_cut_at_the_very_end_of_a_deferral_does_not_precede_it():
    def precedes(cut_at: Civil) -> bool:
        return DATES.cut_precedes(Written(end, None), Written(cut_at, None))

    end = Civil(2020, 7, 3, 23, 1)
    assert not precedes(end)
    assert not precedes(end._replace(minute=2))
    assert precedes(end._replace(minute=0))
    assert precedes(Civil(2020, 6, 30, 23, 59))


def test_with_instants_a_cut_and_a_deferral_are_compared_by_them():
    """02:30 before the clocks go back lies before 02:00 after it."""
    early, late = Written(Civil(2020, 10, 25, 2, 30), 100), Written(Civil(2020, 10, 25, 2, 0), 130)
    assert not DATES.cut_precedes(early, late)
    assert DATES.cut_precedes(late, early)
    assert not DATES.cut_precedes(early, early)


def test_a_card_with_instants_carries_either_reading_of_a_repeated_hour():
    assert DATES.settle(FOLD, CivilReading.EARLIER, instants=True) == FOLD
    assert DATES.settle(FOLD, CivilReading.LATER, instants=True) == FOLD
    with pytest.raises(DeskError, match="exists twice"):
        DATES.settle(FOLD, instants=True)
    with pytest.raises(DeskError, match="does not exist"):
        DATES.settle(GAP, instants=True)
