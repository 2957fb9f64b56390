"""What each candidate mistake of July 2020 gives, ORES and RESA, to the day and the hour.

The expected instants were computed by hand from calendar arithmetic, not by our programs: day of
year 184 is 2 July in a leap year, 3 July 2020 21:01 UTC less a day, 86,400-second days across 29
March.
"""

from dataclasses import replace
from functools import cache

import pytest

from meter_emu.diagnosis.signatures import signature_of
from meter_emu.resources import built_in
from meter_emu.units import HOUR_US, SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.meter.times import us_to_legal
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from tests.cells import each_cell

RIGHT = ("3 July 23:01", "3 July 23:01", "30 June 09:00")
EARLY = ("2 July 23:01", "2 July 23:01", "29 June 09:00")
RESA_ON_TIME = ("2 July 23:01", "2 July 23:01", "30 June 09:00")
TABLE = {  # armed before the clocks changed, after it; RESA
    "": RIGHT,
    "doy-common-year": EARLY,
    "leap-from-1970": EARLY,
    "end-exclusive": EARLY,
    "time-of-day-dropped": ("3 July 00:00", "3 July 00:00", "30 June 00:00"),
    "time-of-day-dropped+summer-time-twice": ("2 July 23:00", "2 July 23:00", "29 June 23:00"),
    "utc-truncated-date": EARLY,
    "days-of-24-hours": ("2 July 23:01", "3 July 23:01", "29 June 09:00"),
    "counted-when-armed": EARLY,
    "night-named-by-its-morning": RESA_ON_TIME,
    "day-begins-with-night-rate": RESA_ON_TIME,
    "odd-day-lost": RESA_ON_TIME,
    "no-summer-time": ("4 July 00:01", "4 July 00:01", "30 June 10:00"),
}
HOUSEHOLDS = (
    ("ores-2020-07", "before-summer-time"),
    ("ores-2020-07", "after-summer-time"),
    ("resa-2020-06", "never-back"),
)
LATE_US = HOUR_US // 2  # twice a clock's uncertainty, 400 s by July, and a poll


@cache
def campaign(name: str) -> Campaign:
    return load_campaign(built_in("campaigns")[name])


def cuts_us(name: str, household: str, defects: str) -> list[int]:
    """Return when a household is cut from June on."""
    alone = campaign(name).households.alone(household)
    assert alone is not None
    build = "+".join(["reference", *defects.split("+")]) if defects else "reference"
    events = run_meter(replace(alone[0], build=build), campaign(name))
    return [begun * SECOND_US for begun, _ in signature_of(events).off]


def within(us: int, said: str) -> bool:
    """Whether a cut came at an hour and minute of a day, or a little later."""
    for late_us in range(0, LATE_US, 60 * SECOND_US):
        when = us_to_legal(us - late_us, campaign("ores-2020-07").zone)
        if f"{when.day} {when:%B %H:%M}" == said:
            return True
    return False


@pytest.mark.slow("lives the library of a village")
@each_cell("defects", TABLE, short=2)
def test_a_candidate_cuts_when_the_table_says(defects: str) -> None:
    for (name, household), said in zip(HOUSEHOLDS, TABLE[defects], strict=True):
        found = cuts_us(name, household, defects)
        assert [us for us in found if within(us, said)], (household, said, found)


def test_a_pair_cuts_a_household_that_reactivated_and_its_halves_do_not() -> None:
    pair = "end-exclusive+reactivation-clears-one"
    (cut_us,) = cuts_us("ores-2020-07", "june-29", pair)
    assert within(cut_us, "2 July 23:01")
    assert cuts_us("ores-2020-07", "june-29", "end-exclusive") == []
    late = cuts_us("ores-2020-07", "june-29", "reactivation-clears-one")
    assert all(within(us, "3 July 23:01") for us in late)
