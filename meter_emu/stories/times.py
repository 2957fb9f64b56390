"""When a story happens: T where calendars and clocks change, and how long before it is ordered.

Seconds since 1970-01-01 UTC. A name that stands more often in a list is drawn more often, and the
first of each is the simplest.
"""

from calendar import isleap, monthrange
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final, NamedTuple

from meter_emu.stories.boundaries import FULL_COUNTS, changes
from meter_emu.stories.chooser import Chooser
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S
from meter_emu.world.meter.model import MeterModel
from meter_emu.zones import TimeZone

FIRST_S: Final = 946_684_800 + 8 * DAY_S  # events before an order are in 2000 or later too
LAST_S: Final = 4_102_444_800 - 100 * DAY_S

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS: Final = (2020, 2021, 2019, 2020, 2024, 2023, 2000, 2009, 2010, 2012, 2018, 2026, 2028, 2029,
                 2030, 2032, 2036, 2038, 2039, 2040, 2069, 2096, 2098, 2099)  # fmt: skip
_DAYS: Final = (*("week",) * 3, "any day", *("change",) * 7, *("year's end", "leap day") * 2,
                "month's end", "month's end", "digit", "roll-over")  # fmt: skip
_MONTHS: Final = (11, 6, 2, 9, 4, 12, 11, 12, 1, 3, 5, 7, 8, 10)  # year ends, mostly of 30 days
# Times of T, in minutes of the legal day: edges of the week table (8:00, 16:00, 0:00), and others.
_MINUTES: Final = (480, 960, 1381, 960, 480, 0, 540, 0, 960, 480, 960, 480, 1380, 1320, 1439, 150)
_CROSSED: Final = (
    "change",
    "year's end",
    "leap day",
    "month's end",
    "roll-over",
)  # armed before it begins
_OFF: Final = ("none", "none", "none", "minute", "hour", "day")
_LEADS: Final = ("days", "days", "days", "days", "days", "night", "night", "weeks", "weeks",
                 "days", "hours", "months", "minutes")  # fmt: skip
_MONTHS_D: Final = (25, 26, 30, 31, 45, 46, 60, 107)  # 45.5 days are 2^16 minutes; 107 were 2020's
_WEEK_DAYS: Final = (4, 5, 6, 0)  # Friday, Saturday, Sunday, Monday


class Timing(NamedTuple):
    """When an order is put into the meter, and its T, a whole minute."""

    armed_s: int
    end_s: int


def timing(chooser: Chooser, zone: TimeZone) -> Timing:
    """Draw when a household is armed, and T: mostly around the special instant of its day."""
    year = draw_year(chooser)
    special = chooser.of(_DAYS)
    day = _day(chooser, special, year, zone)
    after = timedelta((0, 0, 0, 1, 1, 2, -1)[chooser.below(7)])
    end_s = at_minute_s(day + after, _minute(chooser), zone)
    end_s = min(max(end_s, FIRST_S + MINUTE_S), LAST_S)
    since_s = min(end_s, at_minute_s(day, 0, zone)) if special in _CROSSED else end_s
    armed_s = since_s - _lead_s(chooser) - (0, 0, 0, 1)[chooser.below(4)] * chooser.below(60)
    return Timing(max(armed_s, FIRST_S), end_s)


def draw_year(chooser: Chooser) -> int:
    """Draw a year of 2000 to 2099, half of them those that programs get wrong."""
    return chooser.of(_YEARS) if chooser.below(2) == 0 else 2000 + chooser.below(100)


def at_minute_s(day: date, minute: int, zone: TimeZone) -> int:
    """Return the instant of a minute of a legal day, across a change of clocks too."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone.info)
    wall = midnight + timedelta(minutes=minute)
    return (wall.replace(fold=1).astimezone(UTC) - _EPOCH) // timedelta(seconds=1)


def change_s(at_s: int, zone: TimeZone) -> int:
    """Return the first change of clocks after an instant, else the last there is."""
    seen = changes(zone.info, 2000, 2099)
    return next((change.at_s for change in seen if change.at_s > at_s), seen[-1].at_s)


def rtc_midnight_s(model: MeterModel, at_s: int) -> int:
    """Return the last midnight, at or before an instant, of a clock in the model's time base."""
    if model.rtc_base == "legal":
        return midnight_s(at_s, model.zone)
    ahead_s = model.zone.rule.standard_min * MINUTE_S if model.rtc_base == "standard" else 0
    return (at_s + ahead_s) // DAY_S * DAY_S - ahead_s


def midnight_s(at_s: int, zone: TimeZone) -> int:
    """Return the last midnight of legal time at or before an instant."""
    return at_minute_s(legal(at_s, zone).date(), 0, zone)


def legal(at_s: int, zone: TimeZone) -> datetime:
    """Return an instant as legal time."""
    return (_EPOCH + timedelta(seconds=at_s)).astimezone(zone.info)


def _day(chooser: Chooser, name: str, year: int, zone: TimeZone) -> date:
    """Draw a day of the year, or just outside it, on which this happens."""
    if name == "change":
        return chooser.of(_changes_of(zone)[year])
    if name == "year's end":
        return date(min(year, 2098) + 1, 1, 1)
    if name == "leap day":
        leap = next(y for y in (year, year + 1, year + 2, year + 3, 2096) if isleap(y) or y == 2096)
        return date(min(leap, 2096), 2, 29)
    if name == "month's end":
        month = chooser.of(_MONTHS)
        return date(year, month, monthrange(year, month)[1])
    if name == "roll-over":
        return chooser.of(FULL_COUNTS)
    if name == "digit":  # of the day, the month, and the day of the year as one byte
        return (date(year, 7, 10), date(year, 10, 1), date(year, 1, 1) + timedelta(255),
                date(year, 7, 20), date(year, 6, 30))[chooser.below(5)]  # fmt: skip
    day = date(year, 1, 1) + timedelta(chooser.below(365))
    if name == "week":
        day += timedelta((chooser.of(_WEEK_DAYS) - day.weekday()) % 7)
    return day


@cache
def _changes_of(zone: TimeZone) -> dict[int, list[date]]:
    """Return the days of clock changes, by year."""
    found: dict[int, list[date]] = {}
    for change in changes(zone.info, 2000, 2099):
        day = legal(change.at_s, zone).date()
        found.setdefault(day.year, []).append(day)
    return found


def _minute(chooser: Chooser) -> int:
    minute, off = chooser.of(_MINUTES), chooser.of(_OFF)
    if off == "minute":
        return minute + chooser.around(2)
    if off == "hour":
        return minute + chooser.around(75)
    return minute if off == "none" else chooser.below(1440)


def _lead_s(chooser: Chooser) -> int:
    """Draw how long before T the order is put into the meter."""
    name = chooser.of(_LEADS)
    if name == "months":
        return chooser.of(_MONTHS_D) * DAY_S + chooser.below(24) * HOUR_S
    if name == "minutes":
        return chooser.below(120) * MINUTE_S
    odd_s = chooser.around(720) * MINUTE_S
    if name == "weeks":
        return (7 + chooser.below(17)) * DAY_S + odd_s
    if name == "days":
        return (1 + chooser.below(6)) * DAY_S + odd_s
    return 12 * HOUR_S + (odd_s if name == "night" else odd_s * 9 // 10)
