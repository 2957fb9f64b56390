"""Where a zone's clocks change: every gap and every fold, by the zone's own rule.

Seconds since 1970-01-01 UTC, integers. It knows no meter.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import Final, NamedTuple

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S: Final = 86_400


class Change(NamedTuple):
    """One change of clocks: the first second of the new offset, and both offsets from UTC."""

    at_s: int
    before_s: int
    after_s: int

    @property
    def forward(self) -> bool:
        """Whether wall clocks jump over a gap; otherwise some time comes twice."""
        return self.after_s > self.before_s


@cache
def changes(zone: tzinfo, first_year: int, last_year: int) -> tuple[Change, ...]:
    """Return the changes of a zone from the first day of a year to the end of another, in order.

    Two changes within one day that cancel each other are not seen.
    """
    at_s = (datetime(first_year, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)
    end_s = (datetime(last_year + 1, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)
    found: list[Change] = []
    before_s = offset_s(zone, at_s)
    while at_s < end_s:
        next_s = min(at_s + _DAY_S, end_s)
        after_s = offset_s(zone, next_s)
        if after_s != before_s:
            found.append(Change(_first_s(zone, at_s, next_s, after_s), before_s, after_s))
        at_s, before_s = next_s, after_s
    return tuple(found)


def offset_s(zone: tzinfo, at_s: int) -> int:
    """Return how far the zone's wall clocks are ahead of UTC at an instant."""
    offset = (_EPOCH + timedelta(seconds=at_s)).astimezone(zone).utcoffset()
    assert offset is not None, "an aware time has an offset"
    return offset // timedelta(seconds=1)


def _first_s(zone: tzinfo, low_s: int, high_s: int, after_s: int) -> int:
    """Return the first second of the new offset, which `high_s` has and `low_s` has not."""
    while high_s - low_s > 1:
        middle_s = (low_s + high_s) // 2
        if offset_s(zone, middle_s) == after_s:
            high_s = middle_s
        else:
            low_s = middle_s
    return high_s
