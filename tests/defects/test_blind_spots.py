"""Where a wrong program looks right: a test that stays there sees nothing.

Each blind spot is measured, not believed: on one side of its edge the defect answers as the
reference or as Python does, on the other it does not.
"""

from calendar import isleap
from datetime import date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from card_protocol.timestamp import Civil
from meter_emu.defects import catalogue
from meter_emu.firmware.parts import Parts
from meter_emu.hardware.rtc.pcf8563 import Pcf8563
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.times import to_us
from meter_emu.zones import BELGIAN
from tests.cells import each_cell
from tests.firmware.meters import now_at, seconds
from tests.rigs import MODEL

BRUSSELS = ZoneInfo("Europe/Brussels")
EPOCH = date(1970, 1, 1)


def parts(*ids: str) -> Parts:
    return parse_build("+".join(("reference", *ids))).parts(MODEL)


def wrong_days(defect: str, first: date, last: date) -> set[date]:
    """Return the days to which a defect gives another number than Python does."""
    calendar = parts(defect).calendar
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return {
        day
        for day in days
        if calendar.day_number(day.year, day.month, day.day) != (day - EPOCH).days
    }


def wrong_leap_years(defect: str) -> list[int]:
    calendar = parts(defect).calendar
    return [year for year in range(2000, 2060) if calendar.is_leap(year) != isleap(year)]


def end_s(defect: str, when: Civil, armed: datetime) -> int:
    ends = parts(defect).ends
    return ends.instant_s(ends.accept(when, now_at(seconds(armed))))


def true_s(when: Civil) -> int:
    return seconds(datetime(*when, tzinfo=BRUSSELS))


def test_two_bits_of_a_bcd_year_are_right_from_2019_to_2029():
    wrong = wrong_leap_years("leap-of-bcd-year")
    assert wrong == [year for year in range(2000, 2060, 2) if year // 10 % 2]
    assert not set(wrong) & set(range(2019, 2030))


def test_leap_days_since_1970_are_right_for_two_years_and_wrong_for_two():
    wrong = wrong_days("leap-days-from-1970", date(2018, 7, 1), date(2023, 12, 31))
    assert (min(wrong), max(wrong)) == (date(2020, 3, 1), date(2022, 2, 28))
    assert len(wrong) == (max(wrong) - min(wrong)).days + 1


def test_a_leap_test_on_years_since_1970_is_right_in_odd_years_only():
    wrong = wrong_leap_years("leap-from-1970")
    assert wrong == list(range(2000, 2060, 2))
    assert parts("leap-from-1970").calendar.is_leap(2022)


def test_bcd_read_as_binary_is_right_up_to_nine():
    plain, binary = parts().fields, parts("bcd-as-binary").fields
    right = [n for n in range(100) if binary.bcd(plain.to_bcd(n)) == n]
    assert right == list(range(10))
    assert binary.year(plain.to_year(2009)) == 2009
    assert binary.year(plain.to_year(2010)) == 2016


def test_a_bcd_year_taken_for_binary_has_its_leap_days_and_other_weekdays():
    """2020 is taken for 2032: a leap year as well, so no date moves."""
    calendar, day = parts("weekday-of-bcd-year").calendar, (date(2020, 7, 3) - EPOCH).days
    assert calendar.date(day) == (2020, 7, 3)
    assert date(2020, 7, 3).weekday() == 4
    assert calendar.weekday(day) == date(2032, 7, 3).weekday() == 5


def test_masks_without_their_tens_are_right_at_noon_in_june():
    plain = parts().fields
    hours, months = parts("hour-without-tens").fields, parts("month-without-tens").fields
    assert [hours.hour(plain.to_hour(hour)) for hour in range(24)] == [*range(20), 0, 1, 2, 3]
    assert [months.month(plain.to_month(month)) for month in range(1, 13)] == [
        *range(1, 10), None, 1, 2,
    ]  # fmt: skip


@pytest.mark.parametrize("defect", ["no-summer-time", "offset-of-today"])
def test_an_offset_that_is_forgotten_is_right_in_winter(defect):
    armed = datetime(2020, 1, 2, 12, tzinfo=BRUSSELS)
    early_by = {
        month: end_s(defect, Civil(2020, month, 10, 12, 0), armed)
        - true_s(Civil(2020, month, 10, 12, 0))
        for month in range(2, 13)
    }
    assert {month for month, by_s in early_by.items() if by_s} == set(range(4, 11))


def test_a_date_kept_of_utc_is_wrong_in_the_first_two_hours_of_a_summer_day():
    (dates,) = {parse_build("reference+utc-on-the-card").desk_parts(BELGIAN)[2]}
    plain = parse_build("reference").desk_parts(BELGIAN)[2]
    hours = [Civil(2020, 7, 3, hour, 30) for hour in range(24)]
    other_day = [h.hour for h in hours if dates.write_time(h)[2] != plain.write_time(h)[2]]
    assert other_day == [0, 1]


def test_days_of_86400_seconds_are_wrong_across_the_change_in_march_only():
    change = datetime(2020, 3, 29, 12, tzinfo=BRUSSELS)
    days = [datetime(2020, 3, 20, 12, tzinfo=BRUSSELS) + timedelta(days=7 * n) for n in range(6)]
    for armed, end in product(days, days):
        when = Civil(end.year, end.month, end.day, 12, 0)
        if armed >= end:
            continue
        early_s = true_s(when) - end_s("days-of-24-hours", when, armed)
        assert early_s == 86_400 * (armed < change < end), (armed, end)


def test_a_lost_bit_of_the_day_is_right_on_even_days():
    """RESA's 30 June 2020 was one, ORES's 3 July was not."""
    codec, plain = (
        parse_build(build).desk_parts(BELGIAN)[2]
        for build in ("reference+odd-day-lost", "reference")
    )
    days = [Civil(2020, 7, day, 23, 1) for day in range(2, 32)]
    wrong = [when.day for when in days if codec.write_time(when) != plain.write_time(when)]
    assert wrong == list(range(3, 32, 2))


def test_minutes_in_16_bits_are_right_for_45_days_12_hours_and_15_minutes():
    when = Civil(2020, 7, 3, 23, 1)
    right, wrong = (
        datetime(2020, 7, 3, 21, 1, tzinfo=ZoneInfo("UTC")) - timedelta(minutes=wait)
        for wait in (65_535, 65_536)
    )
    assert timedelta(minutes=65_535) == timedelta(days=45, hours=12, minutes=15)
    assert end_s("minutes-in-16-bits", when, right) == true_s(when)
    assert end_s("minutes-in-16-bits", when, wrong) == seconds(wrong)


class Chip:
    """A clock chip of its own, at a second before midnight; an access begins each `step_us`."""

    def __init__(self, step_us: int) -> None:
        self.step_us = step_us
        self.now_us = to_us(datetime(2020, 7, 2, 23, 59, 59, tzinfo=ZoneInfo("UTC")))
        self.rtc = parse_build("reference").rtc(MODEL, 0, self.now_us)
        assert isinstance(self.rtc, Pcf8563)
        parts().rtc.set_time(self, Civil(2020, 7, 2, 23, 59), 59, 3)

    def rtc_read(self, at: int, count: int) -> bytes:
        self.now_us += self.step_us
        return self.rtc.read(at, count, self.now_us, self.now_us)

    def rtc_write(self, at: int, data: bytes) -> None:
        self.rtc.write(at, data, self.now_us, self.now_us)


@each_cell(
    ("defect", "step_us", "read"),
    [
        ("torn-read", 0, Civil(2020, 7, 2, 23, 59)),
        ("torn-read", 600_000, Civil(2020, 7, 3, 23, 59)),
        ("date-read-before-time", 0, Civil(2020, 7, 2, 23, 59)),
        ("date-read-before-time", 600_000, Civil(2020, 7, 2, 0, 0)),
    ],
)
def test_a_torn_read_is_right_while_the_clock_stands_between_two_accesses(defect, step_us, read):
    reading = parts(defect).rtc.read(Chip(step_us))
    assert Civil(*reading[:5]) == read


def test_a_mistake_on_both_sides_cancels():
    """It goes there and back, and only another decoder sees it."""
    wrong, plain = parts("year-from-1970").fields, parts().fields
    years = range(2000, 2070)
    assert [wrong.year(wrong.to_year(year)) for year in years] == list(years)
    assert [plain.year(wrong.to_year(year)) for year in years] == [y + 30 for y in years]


LAST_RIGHT = {
    "minutes-in-24-bits": datetime(2024, 11, 24, 21, 15, tzinfo=BRUSSELS),
    "seconds-in-31-bits": datetime(2038, 1, 19, 4, 14, tzinfo=BRUSSELS),
    "seconds-since-1900": datetime(2036, 2, 7, 7, 28, tzinfo=BRUSSELS),
    "days-in-14-bits": datetime(2041, 11, 10, 0, 59, tzinfo=BRUSSELS),
    "julian-day-in-16-bits": datetime(2038, 4, 23, 1, 59, tzinfo=BRUSSELS),
}


@each_cell(("defect", "last"), LAST_RIGHT.items())
def test_a_counter_is_right_up_to_its_last_minute(defect, last):
    for by, right in ((0, True), (1, False)):
        when = last + timedelta(minutes=by)
        civil = Civil(when.year, when.month, when.day, when.hour, when.minute)
        armed = when - timedelta(days=3)
        assert (end_s(defect, civil, armed) == true_s(civil)) == right, civil
    assert defect in catalogue()
