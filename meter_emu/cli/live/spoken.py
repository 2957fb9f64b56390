"""Times as a person says them: `tomorrow 08:00`, `2 July`, `friday 23:01`, `23:01`.

They become a civil time as it is written everywhere else, by the legal calendar of the moment they
are said in; what a change of clocks skips or repeats is then refused like any other such time.
"""

import re
from calendar import day_name, month_abbr, month_name
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from meter_emu.errors import CommandError
from meter_emu.world.meter.times import us_to_legal

_CLOCK: Final = re.compile(r"(?P<day>.*?)\s*(?:\bat\s+)?(?P<time>\d{1,2}:\d{2})?", re.ASCII)
_DATE: Final = re.compile(r"(\d{1,2})\s+([a-z]+)\.?(?:\s+(\d{4}))?", re.ASCII)
_DAYS_A_WEEK: Final = 7
_WEEKDAYS: Final = {name.lower(): number for number, name in enumerate(day_name)}
_MONTHS: Final = {
    name.lower(): number
    for names in (month_name, month_abbr)
    for number, name in enumerate(names)
    if name
}


def written(text: str, now_us: int, zone: ZoneInfo) -> str:
    """Return `YYYY-MM-DD HH:MM` for what is said at `now_us`; anything else as it was.

    A day without a time is its midnight, a time without a day the next such time, a day of the
    week the next one after today, a date without a year the next such date from today on. Raise
    `CommandError` for a date that its year does not have.
    """
    now = us_to_legal(now_us, zone)
    found = _CLOCK.fullmatch(" ".join(text.lower().split()))
    if found is None:
        return text
    said, time = found["day"], (found["time"] or "00:00").rjust(5, "0")
    if not said and found["time"]:
        later = time > f"{now:%H:%M}"
        day: date | None = now.date() + timedelta(days=0 if later else 1)
    else:
        day = _day(said, now.date())
    return text if day is None else f"{day} {time}"


def _day(said: str, today: date) -> date | None:
    """Return the day that is named, `None` for words that name none."""
    if said in ("today", "tomorrow"):
        return today + timedelta(days=said == "tomorrow")
    if said in _WEEKDAYS:
        ahead = (_WEEKDAYS[said] - today.weekday() - 1) % _DAYS_A_WEEK + 1
        return today + timedelta(days=ahead)
    found = _DATE.fullmatch(said)
    if found is None or found[2] not in _MONTHS:
        return None
    number, month = int(found[1]), _MONTHS[found[2]]
    year = int(found[3]) if found[3] else today.year
    if not found[3] and (month, number) < (today.month, today.day):
        year += 1
    try:
        return date(year, month, number)
    except ValueError:
        raise CommandError(f"{year} has no {number} {month_name[month]}") from None
