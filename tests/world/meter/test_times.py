from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.timestamp import Civil
from meter_emu.errors import ConfigError
from meter_emu.units import EPOCH_2000_US, SECOND_US
from meter_emu.world.meter.times import (
    END_US,
    legal_to_us,
    to_us,
    us_to_civil,
    us_to_iso,
)
from meter_emu.zones import TimeZone
from tests.cells import each_cell

BRUSSELS = TimeZone.EUROPE_BRUSSELS


def instant(text: str) -> int:
    return legal_to_us(datetime.fromisoformat(text), BRUSSELS, path="f.toml", key="at")


def test_the_announced_cut_is_the_instant_the_calendar_says():
    assert instant("2020-07-03T23:01") == 1_593_810_060_000_000  # 21:01 UTC
    assert us_to_civil(1_593_810_060_000_000, BRUSSELS) == Civil(2020, 7, 3, 23, 1)
    assert us_to_iso(1_593_810_060_000_000, BRUSSELS) == "2020-07-03T23:01:00+02:00"


def test_what_is_shown_is_cut_off_not_rounded():
    us = to_us(datetime(2020, 7, 3, 21, 0, 59, 999_999, tzinfo=UTC))
    assert us_to_civil(us, BRUSSELS) == Civil(2020, 7, 3, 23, 0)
    assert us_to_iso(us, BRUSSELS) == "2020-07-03T23:00:59+02:00"


@each_cell("minute", [0, 30, 59])
def test_a_time_the_spring_change_skips_is_an_error(minute):
    with pytest.raises(ConfigError, match=r"^f\.toml: at: .* does not exist in Europe/Brussels"):
        instant(f"2020-03-29T02:{minute:02}")


def test_the_minutes_beside_the_gap_exist_and_touch():
    before, after = instant("2020-03-29T01:59"), instant("2020-03-29T03:00")
    assert after - before == 60_000_000


def test_a_time_that_exists_twice_needs_its_offset_and_takes_it():
    wall = "2020-10-25T02:30"
    with pytest.raises(ConfigError, match=r"exists twice .* write 02:30\+02:00 or 02:30\+01:00"):
        instant(wall)
    first, second = instant(f"{wall}+02:00"), instant(f"{wall}+01:00")
    assert second - first == 3_600_000_000
    assert first == to_us(datetime(2020, 10, 25, 0, 30, tzinfo=UTC))


@each_cell(
    ("written", "there"),
    [
        ("2020-07-03T21:01:00Z", "2020-07-03T23:01:00"),
        ("2020-07-03T12:00+01:00", "2020-07-03T13:00:00"),
        ("2020-03-29T02:30+01:00", "2020-03-29T03:30:00"),  # in the gap
        ("2020-10-25T00:30Z", "2020-10-25T02:30:00+02:00"),  # the first of two
        ("2020-10-25T01:30Z", "2020-10-25T02:30:00+01:00"),
    ],
)
def test_a_time_of_another_zone_is_answered_with_the_same_instant(written, there):
    with pytest.raises(ConfigError) as caught:
        instant(written)
    assert str(caught.value).endswith(f" is {there} in Europe/Brussels, write that")
    assert instant(there) == to_us(datetime.fromisoformat(written))


@given(st.integers(EPOCH_2000_US // SECOND_US, END_US // SECOND_US - 7200))
def test_an_instant_written_with_its_offset_comes_back(second):
    us = second * 1_000_000
    assert instant(us_to_iso(us, BRUSSELS)) == us


@each_cell(
    "text",
    [
        "0001-01-01T00:00",
        "1999-12-31T23:59",
        "2000-01-01T00:59",
        "2100-01-01T00:00",
        "9999-12-31T23:59:59",
    ],
)
def test_years_no_chip_or_card_can_show_are_an_error(text):
    with pytest.raises(ConfigError, match=r"^f\.toml: at: expected 2000 to 2099, also in UTC"):
        instant(text)


def test_the_first_and_the_last_second_in_reach():
    assert instant("2000-01-01T01:00") == EPOCH_2000_US
    assert instant("2099-12-31T23:59:59") == END_US - 3601 * SECOND_US
