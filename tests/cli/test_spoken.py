"""Times as a person says them, against dates a calendar on the wall shows."""

from datetime import UTC, datetime, timedelta

import pytest

from meter_emu.errors import CommandError, DeskError
from meter_emu.sitting.commands import typed_instant_us, written
from meter_emu.zones import TimeZone
from tests.cells import each_cell

BRUSSELS = TimeZone.EUROPE_BRUSSELS
MONDAY = datetime(2020, 6, 29, 7, 0, tzinfo=BRUSSELS.info)


def at(when: datetime) -> int:
    return int(when.timestamp()) * 1_000_000


@each_cell(
    ("said", "want"),
    [
        ("tomorrow 08:00", "2020-06-30 08:00"),
        ("Tomorrow at 8:00", "2020-06-30 08:00"),
        ("today 16:00", "2020-06-29 16:00"),
        ("2 July", "2020-07-02 00:00"),
        ("2 July 23:01", "2020-07-02 23:01"),
        ("2 jul 2021 23:01", "2021-07-02 23:01"),
        ("28 June", "2021-06-28 00:00"),  # has passed this year
        ("29 June 06:00", "2020-06-29 06:00"),  # today: the jump itself says that it has passed
        ("friday 23:01", "2020-07-03 23:01"),
        ("monday", "2020-07-06 00:00"),  # the next one, not today
        ("23:01", "2020-06-29 23:01"),
        ("07:00", "2020-06-30 07:00"),
        ("6:59", "2020-06-30 06:59"),
    ],
)
def test_what_is_said_is_the_civil_time_a_person_means(said, want):
    assert written(said, at(MONDAY), BRUSSELS) == want


@each_cell(
    "other", ["2020-07-03 23:01", "2020-07-03T23:01+02:00", "", "soon", "2 Nonsense", "in 3 h"]
)
def test_other_words_are_left_as_they_are(other):
    assert written(other, at(MONDAY), BRUSSELS) == other


def test_a_day_is_one_of_the_legal_calendar():
    """At 00:30 in Brussels it is still yesterday in UTC."""
    half_past = datetime(2020, 6, 30, 0, 30, tzinfo=BRUSSELS.info)
    assert half_past.astimezone(UTC).day == 29
    assert written("tomorrow", at(half_past), BRUSSELS) == "2020-07-01 00:00"


def test_a_year_goes_round():
    """Every day of four years, said without its year on the day after the one before."""
    day = datetime(2020, 1, 1, 12, tzinfo=BRUSSELS.info)
    while day.year < 2024:
        before = at(day - timedelta(days=1))
        want = f"{day:%Y-%m-%d} 08:00"
        assert written(f"{day.day} {day:%B} 08:00", before, BRUSSELS) == want
        assert written("tomorrow 08:00", before, BRUSSELS) == want
        assert written(f"{day:%A} 08:00", before, BRUSSELS) == want
        day += timedelta(days=1)


def test_a_day_that_its_year_does_not_have_is_said():
    with pytest.raises(CommandError, match="2021 has no 29 February"):
        written("29 February 2021", at(MONDAY), BRUSSELS)


def test_the_live_meter_takes_them():
    assert typed_instant_us("tomorrow 08:00", at(MONDAY), BRUSSELS) == at(
        MONDAY + timedelta(hours=25)
    )
    with pytest.raises(DeskError, match="does not exist"):
        typed_instant_us("28 March 2021 02:30", at(MONDAY), BRUSSELS)
