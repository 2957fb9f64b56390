"""The meter's calendar against `datetime`, every day of it."""

from datetime import date, timedelta
from itertools import product

import pytest
from typing_extensions import override

from card_protocol.timestamp import Civil
from meter_emu.firmware.calendar import Calendar
from tests.cells import each_cell

EPOCH = date(1970, 1, 1)
LAST_DAY = (date(2105, 12, 31) - EPOCH).days
DAYS = [EPOCH + timedelta(days=n) for n in range(LAST_DAY + 1)]
CALENDAR = Calendar()


def test_every_day_1970_to_2105_has_the_number_of_datetime():
    for number, day in enumerate(DAYS):
        assert CALENDAR.day_number(day.year, day.month, day.day) == number


def test_every_day_number_to_2105_is_the_day_of_datetime():
    for number, day in enumerate(DAYS):
        assert CALENDAR.date(number) == (day.year, day.month, day.day)


def test_the_order_in_which_years_are_asked_makes_no_difference():
    """The table of new years is filled as needed: backwards must give the same."""
    fresh = Calendar()
    for number in range(LAST_DAY, -1, -1):
        day = DAYS[number]
        assert fresh.day_number(day.year, day.month, day.day) == number


def test_every_day_has_the_weekday_of_datetime():
    for number, day in enumerate(DAYS):
        assert CALENDAR.weekday(number) == day.weekday()


def test_every_month_has_the_days_of_datetime():
    for year, month in product(range(1970, 2106), range(1, 13)):
        after = date(year + month // 12, month % 12 + 1, 1)
        assert CALENDAR.days_in_month(year, month) == (after - date(year, month, 1)).days


def test_leap_years_are_those_of_datetime():
    """2000 is one and 2100 is none: a rule of four alone fails here."""
    leap = {year for year in range(1970, 2107) if (date(year, 3, 1) - date(year, 2, 1)).days == 29}
    assert {year for year in range(1970, 2107) if CALENDAR.is_leap(year)} == leap
    assert 2000 in leap
    assert 2100 not in leap


def exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return 1970 <= year <= 2106


def test_a_date_exists_exactly_when_datetime_has_it():
    fields = product(range(1967, 2110), range(-1, 15), range(-1, 34))
    for year, month, day in fields:
        assert CALENDAR.exists(Civil(year, month, day, 0, 0)) == exists(year, month, day)


def test_a_time_exists_from_00_00_to_23_59():
    for hour, minute in product(range(-2, 27), range(-2, 63)):
        on_the_clock = hour in range(24) and minute in range(60)
        assert CALENDAR.exists(Civil(2020, 2, 29, hour, minute)) == on_the_clock


@each_cell("year", [1970, 1999, 2000, 2019, 2020, 2021, 2099, 2100])
def test_minutes_and_civil_are_inverse_for_every_minute_around_each_month_end(year):
    for month in range(1, 13):
        first = CALENDAR.day_number(year, month, 1)
        for minutes in range(first * 1440 - 61 * (first > 0), first * 1440 + 61):
            assert CALENDAR.minutes(CALENDAR.civil(minutes)) == minutes


@pytest.mark.slow("cuts or changes it anywhere")
def test_minutes_are_those_of_datetime():
    """The first and the last minute of every day, and one between."""
    for number, day in enumerate(DAYS):
        for minute in (0, number % 1440, 1439):
            when = Civil(day.year, day.month, day.day, minute // 60, minute % 60)
            assert CALENDAR.civil(number * 1440 + minute) == when
            assert CALENDAR.minutes(when) == number * 1440 + minute


class LeapOfBcdYear(Calendar):
    """Tests two bits of the year's BCD byte: right in 2000-2009 and 2020-2029."""

    __slots__ = ()

    @override
    def is_leap(self, year: int) -> bool:
        return int(str(year % 100), 16) & 3 == 0


def test_a_wrong_leap_rule_is_wrong_in_the_years_it_is_wrong_for_and_in_no_other():
    wrong = LeapOfBcdYear()
    off = {
        day.year
        for number, day in enumerate(DAYS)
        if wrong.day_number(day.year, day.month, day.day) != number
    }
    leap = {year for year in range(1970, 2106) if CALENDAR.is_leap(year)}
    assert off == {year for year in range(1970, 2106) if wrong.is_leap(year) != (year in leap)}
    assert off & set(range(2000, 2030)) == {2010, 2012, 2014, 2016, 2018}
    for number in range(CALENDAR.new_year(2020), CALENDAR.new_year(2030)):
        assert wrong.date(number) == CALENDAR.date(number)
