"""Moments at which something turns over, drawn by kind, each kind as often as the others.

`boundaries` has them all in a fixed order; here a story is given one that it can be lived round:
from 9 January 2000, as there are events before it, to the autumn of 2099.
"""

from calendar import isleap
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from meter_emu.stories.boundaries import FULL_COUNTS, changes
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft
from meter_emu.stories.times import (
    FIRST_S,
    LAST_S,
    Timing,
    at_minute_s,
    draw_year,
    legal,
    rtc_midnight_s,
)
from meter_emu.units import DAY_S, MINUTE_S
from meter_emu.zones import TimeZone

_SOON_MIN: Final = (1_320, 60, 5)  # how long after a midnight T comes, at most: never a day
_SAFE_D: Final = 20  # ours: what is lived before a moment has room after `FIRST_S`


def _leap_day(chooser: Chooser, year: int, _: TimeZone) -> date:
    leap = next(y for y in (*range(year, 2097), 2096) if isleap(y))
    return (date(leap, 2, 29), date(leap, 3, 1))[chooser.below(2)]


def _change(chooser: Chooser, year: int, zone: TimeZone) -> date:
    change = chooser.of(changes(zone.info, year, year))
    return legal(change.at_s, zone).date() + timedelta(chooser.below(2))


TURNS_OVER: Final[dict[str, Callable[[Chooser, int, TimeZone], date]]] = {
    "day": lambda chooser, year, _: date(year, 1, 1) + timedelta(chooser.below(365)),
    "month": lambda chooser, year, _: date(year, 1 + chooser.below(12), 1),
    "year": lambda _, year, __: date(min(max(year, 2001), 2099), 1, 1),
    "leap day": _leap_day,
    "after february": lambda _, year, __: date(
        year + isleap(year) * (1 if year < 2099 else -1), 3, 1
    ),
    "decade": lambda _, year, __: date(min(year // 10 * 10 + 10, 2090), 1, 1),
    "century": lambda chooser, _, __: (date(2000, 2, 29), date(2000, 3, 1))[chooser.below(2)],
    "change of clocks": _change,
    "roll-over": lambda chooser, _, __: chooser.of(FULL_COUNTS) + timedelta(chooser.below(2)),
}
_NAMES: Final = tuple(TURNS_OVER)


def day_of_kind(chooser: Chooser, kind: str, zone: TimeZone) -> date:
    """Draw a day that begins with a moment of this kind, or is that of a roll-over."""
    day = TURNS_OVER[kind](chooser, draw_year(chooser), zone)
    first, last = (legal(at_s, zone).date() for at_s in (FIRST_S + _SAFE_D * DAY_S, LAST_S))
    return min(max(day, first), last)


def end_after_midnight(draft: Draft) -> int:
    """Move a story to a midnight of its clock, of any kind, with T within a day after it.

    Return that midnight, seconds since 1970 UTC.
    """
    chooser, model = draft.chooser, draft.model
    day = day_of_kind(chooser, chooser.of(_NAMES), model.zone)
    night_s = rtc_midnight_s(model, at_minute_s(day, 12 * 60, model.zone))
    lead_s = draft.timing.end_s - draft.timing.armed_s
    end_s = night_s + (1 + chooser.below(chooser.of(_SOON_MIN))) * MINUTE_S
    draft.timing = Timing(max(FIRST_S, end_s - lead_s), end_s)
    draft.first_s = draft.timing.armed_s - DAY_S
    return night_s
