"""28 years later weekdays, leap days and changes of clocks are the same, and so is every move."""

from typing import Final

from meter_emu.laws.compared import shifted, when_said
from meter_emu.laws.law import Broken, Finding, Law, Trial, moves
from meter_emu.stories.story import story
from meter_emu.units import DAY_US, EPOCH_2000_US

_YEARS_28_US: Final = 10_227 * DAY_US
# A story that ends in 2072 would end in 2100, and so would the display of a clock that is ahead.
_LAST_US: Final = EPOCH_2000_US + (72 * 1461 // 4 - 2) * DAY_US


def _check(trial: Trial) -> Finding:
    by_us = _YEARS_28_US if trial.campaign.end_us < _LAST_US else -_YEARS_28_US
    other = shifted(trial.campaign, by_us)
    (household,), zone = other.households, other.zone
    was = moves(trial.run.events)
    now = [(at_us - by_us, what) for at_us, what in moves(trial.events(household, other))]
    for (was_us, what), (now_us, what_now) in zip(was, now, strict=False):
        if (was_us, what) != (now_us, what_now):
            then, later = when_said(was_us, zone), when_said(now_us + by_us, zone)
            return Broken(f"{what.value} {then}, and 28 years on {what_now.value} {later}")
    if len(was) != len(now):
        return Broken(f"the switch moves {len(was)} times, and 28 years on {len(now)} times")
    return None


LAW: Final = Law(
    id="28-years",
    says="the same story 28 years later, or earlier, goes the same way",
    properties=("P3", "P12"),
    presumes="years 2000 to 2099, in which every fourth is a leap year; the zone's rule unchanged",
    draw=story,
    check=_check,
    one_in=40,
)
