"""When an office is open: plain weeks as OpenStreetMap writes them, closed days, public holidays.

`Mo-Fr 09:00-16:30; Sa 09:00-12:00; PH off`: of the rules that fit a day the last one counts. What
is not so plain is read by `opening-hours-py`, where that is installed.
"""

import re
from collections.abc import Collection
from datetime import date
from itertools import pairwise, starmap
from typing import Final, NamedTuple, final

from meter_emu.errors import ConfigError
from meter_emu.foreign.odd_hours import read_odd_hours
from meter_emu.foreign.room import read_apart
from meter_emu.languages.speech import said
from meter_emu.planner.holidays import public_holidays
from meter_emu.planner.plan_file import DAY_NAMES, EXTRA
from meter_emu.units import MINUTE_S

_DAYS: Final = f"(?:{'|'.join((*DAY_NAMES, 'PH'))})"
_RULE: Final = re.compile(
    rf"(?P<days>{_DAYS}(?:-{_DAYS})?(?: ?, ?{_DAYS}(?:-{_DAYS})?)*) "
    r"(?:(?P<off>off|closed)|(?P<spans>\d\d:\d\d-\d\d:\d\d(?: ?, ?\d\d:\d\d-\d\d:\d\d)*))"
)
_HOLIDAY: Final = "PH"
_EXAMPLE: Final = '"Mo-Fr 09:00-16:30; Sa 09:00-12:00; PH off"'
_DAY_MIN: Final = 24 * 60


class OpenSpan(NamedTuple):
    """From when to when an office is open on a day, in seconds of the wall clock."""

    from_s: int
    to_s: int


class _Rule(NamedTuple):
    days: frozenset[str]
    spans: tuple[OpenSpan, ...]


@final
class Openings:
    """The openings of one office; raise `ConfigError` for hours that nobody here can read."""

    def __init__(self, path: str, key: str, hours: str, closed: Collection[date]) -> None:
        self._closed: Final = frozenset(closed)
        self._known: Final[dict[date, tuple[OpenSpan, ...]]] = {}
        self._rules: Final = _plain(hours)
        self._asked: Final = path, key, hours
        if not self._rules:
            _others(*self._asked, 0, 0)  # a mistake is said before a day is asked for

    def on(self, day: date) -> tuple[OpenSpan, ...]:
        """Return the spans of a day, in order; none where the office is closed."""
        if day not in self._known:
            if not self._rules:
                self._read_year(day.year)
            else:
                self._known[day] = () if day in self._closed else self._read(day)
        return self._known[day]

    def _read(self, day: date) -> tuple[OpenSpan, ...]:
        names = {DAY_NAMES[day.weekday()]}
        if day in public_holidays(day.year):
            names.add(_HOLIDAY)
        fitting = [rule.spans for rule in self._rules if rule.days & names]
        return fitting[-1] if fitting else ()

    def _read_year(self, year: int) -> None:
        """Have all days of a year read by what knows the rest of the grammar."""
        first = date(year, 1, 1).toordinal()
        last = date(year, 12, 31).toordinal() + 1
        odd = _others(*self._asked, first, last)
        for day in map(date.fromordinal, range(first, last)):
            self._known[day] = () if day in self._closed else odd.get(day, ())


def _plain(hours: str) -> tuple[_Rule, ...]:
    """Return the rules of plain weeks, none where it is something else."""
    rules = []
    for part in hours.strip().rstrip(";").split(";"):
        found = _RULE.fullmatch(part.strip())
        if found is None:
            return ()
        spans = [_span(one) for one in re.findall(r"\d\d:\d\d-\d\d:\d\d", found["spans"] or "")]
        sound = all(one.from_s < one.to_s <= _DAY_MIN * MINUTE_S for one in spans)
        if not sound or any(one.to_s > other.from_s for one, other in pairwise(spans)):
            return ()
        rules.append(_Rule(_days_named(found["days"]), tuple(spans)))
    return tuple(rules)


def _span(text: str) -> OpenSpan:
    ends = (one.split(":") for one in text.split("-"))
    from_s, to_s = ((int(hour) * 60 + int(minute)) * MINUTE_S for hour, minute in ends)
    return OpenSpan(from_s, to_s)


def _days_named(days: str) -> frozenset[str]:
    found: set[str] = set()
    for part in days.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if not last or _HOLIDAY in (first, last):
            found |= {first, last or first}
            continue
        begin, end = DAY_NAMES.index(first), DAY_NAMES.index(last)
        many = (end - begin) % 7
        found |= {DAY_NAMES[(begin + step) % 7] for step in range(many + 1)}
    return frozenset(found)


def _others(
    path: str, key: str, hours: str, first: int, last: int
) -> dict[date, tuple[OpenSpan, ...]]:
    """Return when it is open from a day up to a last, by what reads the rest of the grammar."""
    asked = str(first), str(last)
    try:
        needs = said("for more install the extra `plan`: {extra}", extra=EXTRA)
        found = read_apart(path, read_odd_hours, hours.encode(), asked, instead=(needs,))
        return {date.fromordinal(day): tuple(starmap(OpenSpan, spans)) for day, spans in found}
    except ConfigError as error:
        plain = said("expected plain weeks, such as {example}", example=_EXAMPLE)
        raise ConfigError(path, key, f"{plain}; {error.why}") from None
