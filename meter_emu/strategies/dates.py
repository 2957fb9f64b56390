"""Dates and times at boundaries: a boundary first, then the distance from it.

All are aware `datetime`s of the given zone, to the second.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from hypothesis import strategies as st

from meter_emu.stories import boundaries as lists
from meter_emu.stories.boundaries import Register, changes

_DAY_S: Final = 86_400
_SECOND: Final = timedelta(seconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Offsets are drawn evenly from each of these: within a second, a minute, some hours, two days.
_NEAR_S: Final = (1, 60, 5 * 3_600, 2 * _DAY_S)

_Walls = Callable[[int, int], Sequence[datetime]]
_WALLS: Final[dict[str, _Walls]] = {
    "leap day": lists.leap_days,
    "after february": lists.days_after_february,
    "month": lists.month_starts,
    "year": lists.year_starts,
    "decade": lambda first, last: lists.year_starts(first, last, step=10),
    "week": lists.week_starts,
    "digit": lists.digit_changes,
    "counter": lists.counter_wraps,
}
KINDS: Final = ("gap", "fold", *_WALLS, "day", "hour")
"""The kinds of boundary: hours that clocks skip and repeat, then edges of the calendar."""
_CROSSED: Final = (*("gap", "fold") * 3, *KINDS[2:])  # mostly changes of clocks


def boundaries(
    zone: tzinfo,
    kinds: Sequence[str] = KINDS,
    *,
    first_year: int = 2000,
    last_year: int = 2099,
) -> st.SearchStrategy[datetime]:
    """Return a strategy of the first second after a boundary, in the zone's time.

    Args:
        zone: The zone; one that never changes has no gap or fold.
        kinds: Which boundaries, of `KINDS`.
        first_year: The first year, from its first day.
        last_year: The last year, to its end.

    Raises:
        ValueError: A kind does not exist.
    """
    unknown = set(kinds) - set(KINDS)
    if unknown:
        raise ValueError(f"expected kinds of {', '.join(KINDS)}, got {', '.join(sorted(unknown))}")
    drawn = [_of_kind(kind, zone, first_year, last_year) for kind in kinds]
    return st.one_of([strategy for strategy in drawn if not strategy.is_empty])


def instants(
    zone: tzinfo,
    kinds: Sequence[str] = KINDS,
    *,
    first_year: int = 2000,
    last_year: int = 2099,
) -> st.SearchStrategy[datetime]:
    """Return a strategy of instants at a boundary or up to two days from it.

    The offset from the boundary shrinks to 0.

    Args:
        zone: The zone; one that never changes has no gap or fold.
        kinds: Which boundaries, of `KINDS`.
        first_year: The first year, from its first day.
        last_year: The last year, to its end.

    Raises:
        ValueError: A kind does not exist.
    """
    at = boundaries(zone, kinds, first_year=first_year, last_year=last_year)
    offset = st.one_of([st.integers(-reach_s, reach_s) for reach_s in _NEAR_S])
    return st.builds(lambda when, off_s: _later(when, off_s, zone), at, offset)


def pairs(
    zone: tzinfo,
    *,
    first_year: int = 2000,
    last_year: int = 2099,
    apart: timedelta = timedelta(days=60),
) -> st.SearchStrategy[tuple[datetime, datetime]]:
    """Return a strategy of two instants with a boundary between them.

    Such are an order's and its end's.

    Args:
        zone: The zone; one that never changes has no gap or fold.
        first_year: The first year, from its first day.
        last_year: The last year, to its end.
        apart: How far, at most, the first is before the boundary, and the second after it.
    """
    at = boundaries(zone, _CROSSED, first_year=first_year, last_year=last_year)
    days = st.integers(0, max(0, apart.days - 1))
    # Hypothesis draws wide integers small: a second of the day is drawn in its three parts.
    parts = (st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
    seconds = st.builds(lambda hour, minute, second: (hour * 60 + minute) * 60 + second, *parts)
    return st.builds(
        lambda when, days_before, before_s, days_after, after_s: (
            _later(when, -days_before * _DAY_S - before_s - 1, zone),
            _later(when, days_after * _DAY_S + after_s, zone),
        ),
        at,
        days,
        seconds,
        days,
        seconds,
    )


def leaps(zone: tzinfo) -> st.SearchStrategy[datetime]:
    """Return a strategy of instants near a leap day or the day after February, of 1900 to 2100.

    They are in the time of `zone`.
    """
    return instants(zone, ["leap day", "after february"], first_year=1900, last_year=2100)


def registers_of_no_calendar() -> st.SearchStrategy[Register]:
    """Return a strategy of impossible BCD values of a clock chip's register."""
    return st.sampled_from(lists.wrong_registers())


def _of_kind(kind: str, zone: tzinfo, first: int, last: int) -> st.SearchStrategy[datetime]:
    if kind in {"gap", "fold"}:
        years = lists.years_in_order(first, last)
        found = [c for c in changes(zone, first, last) if c.forward == (kind == "gap")]
        found.sort(key=lambda change: years.index(_at(change.at_s, UTC).year))
        ats = [_at(change.at_s, zone) for change in found]
        return st.sampled_from(ats) if ats else st.nothing()
    if kind in {"day", "hour"}:
        months = st.sampled_from(lists.month_starts(first, last))
        hours = st.integers(0, 23) if kind == "hour" else st.just(0)
        walls = st.builds(
            lambda month, day, hour: month + timedelta(days=day, hours=hour),
            months,
            st.integers(0, 27),
            hours,
        )
    else:
        walls = st.sampled_from(_WALLS[kind](first, last))
    own = UTC if kind == "counter" else zone
    return walls.map(lambda wall: wall.replace(tzinfo=own).astimezone(UTC).astimezone(zone))


def _at(at_s: int, zone: tzinfo) -> datetime:
    return (_EPOCH + at_s * _SECOND).astimezone(zone)


def _later(when: datetime, by_s: int, zone: tzinfo) -> datetime:
    """Return the instant so many true seconds later, across changes of the wall clock."""
    return (when.astimezone(UTC) + by_s * _SECOND).astimezone(zone)
