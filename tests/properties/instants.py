"""Instants where date code breaks, and any other instant 2000-2099."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from tests.properties.trials import BRUSSELS, DAY_US, MINUTE_US, SECOND_US, us

EPOCH_2000_US = us(datetime(2000, 3, 1, tzinfo=UTC))
LAST_US = us(datetime(2099, 12, 1, tzinfo=UTC))

_SPECIAL_DAYS = [
    us(datetime(year, month, day, tzinfo=BRUSSELS))
    for year in (2000, 2004, 2019, 2020, 2021, 2023, 2024, 2030, 2038, 2096, 2099)
    for month, day in (
        (1, 1),
        (2, 28),
        (3, 1),
        (3, 29),
        (6, 30),
        (7, 2),
        (7, 3),
        (10, 25),
        (12, 31),
    )
    if EPOCH_2000_US < us(datetime(year, month, day, tzinfo=BRUSSELS)) < LAST_US
]
_LEAP_DAYS = [us(datetime(year, 2, 29, tzinfo=BRUSSELS)) for year in range(2004, 2099, 4)]


def clock_changes() -> list[int]:
    """Return the day of every clock change 2001-2098 (last Sundays of March and October)."""
    days = []
    for year in range(2001, 2099):
        for month in (3, 10):
            last = datetime(year, month, 31, tzinfo=UTC)
            days.append(us(last) - (last.isoweekday() % 7) * DAY_US)
    return days


changes = clock_changes()
boundary_days = st.sampled_from(_SPECIAL_DAYS + _LEAP_DAYS + changes)
near_boundaries = st.builds(
    lambda day, minute, second: day + minute * MINUTE_US + second * SECOND_US,
    boundary_days,
    st.integers(-26 * 60, 26 * 60) | st.sampled_from([0, 8 * 60, 16 * 60, 23 * 60, 23 * 60 + 1]),
    st.integers(0, 59),
)
instants = near_boundaries | st.integers(EPOCH_2000_US, LAST_US)
