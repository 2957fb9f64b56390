"""28 years later weekdays, leap days and changes of clocks are the same, and so is every move."""

from typing import Final

from meter_emu.laws.compared import same_later
from meter_emu.laws.judged import law_of_stories
from meter_emu.laws.law import Finding, Trial
from meter_emu.units import DAY_US, EPOCH_2000_US

_YEARS_28_US: Final = 10_227 * DAY_US
# A story that ends in 2072 would end in 2100, and so would the display of a clock that is ahead.
_LAST_US: Final = EPOCH_2000_US + (72 * 1461 // 4 - 2) * DAY_US


@law_of_stories(
    id="28-years",
    properties=("P3", "P12"),
    presumes="years 2000 to 2099, in which every fourth is a leap year; the zone's rule unchanged",
    one_in=40,
)
def years_28(trial: Trial) -> Finding:
    """The same story 28 years later, or earlier, goes the same way."""
    by_us = _YEARS_28_US if trial.campaign.end_us < _LAST_US else -_YEARS_28_US
    return same_later(trial, by_us, "28 years")
