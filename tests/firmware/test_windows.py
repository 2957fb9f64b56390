"""The non-disconnection period, minute by minute, against `datetime` and `zoneinfo`."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import randrange
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from meter_emu.firmware.layouts import Factory, FactoryFlags, Health
from meter_emu.firmware.trust import Now
from meter_emu.units import PPB
from tests.cells import each_cell, few
from tests.firmware.meters import PARTS, factory, now_at, seconds

BRUSSELS = ZoneInfo("Europe/Brussels")
WINDOWS = PARTS.windows
MODEL_WINDOW = factory()
NIGHTS_ONLY = factory(flags=FactoryFlags.WINDOW_ON)
CHANGES = [
    datetime(2020, 3, 29, 1, tzinfo=UTC),
    datetime(2020, 10, 25, 1, tzinfo=UTC),
    datetime(2021, 3, 28, 1, tzinfo=UTC),
    datetime(2021, 10, 31, 1, tzinfo=UTC),
]


def inside(legal: datetime, minute: int, *, weekends: bool = True) -> bool:
    """The oracle: 16:00 to 08:00, and whole Saturdays and Sundays when those are in it."""
    weekend = legal.isoweekday() in (6, 7) and weekends
    return weekend or not 480 <= legal.hour * 60 + minute < 960


EACH = few(1, short=3)  # of the minutes, a run; others in others


def year_of_truth(year: int, *, weekends: bool = True) -> tuple[int, list[bool]]:
    """Return the first UTC minute of a year and, minute by minute, whether it is inside.

    Legal time from `zoneinfo`, hour by hour: Brussels is a whole number of hours from UTC.
    """
    first, last = (datetime(y, 1, 1, tzinfo=UTC) for y in (year, year + 1))
    truth: list[bool] = []
    for hour in range((last - first) // timedelta(hours=1)):
        legal = (first + timedelta(hours=hour)).astimezone(BRUSSELS)
        truth += [inside(legal, minute, weekends=weekends) for minute in range(60)]
    return seconds(first) // 60, truth


@pytest.mark.slow("every minute of two years", short=1)
@pytest.mark.parametrize("year", [2020, 2021])
def test_a_clock_without_error_is_protected_exactly_inside(year):
    first, truth = year_of_truth(year)
    for at in range(randrange(EACH), len(truth), EACH):
        assert WINDOWS.may_run(now_at((first + at) * 60), MODEL_WINDOW) == truth[at]


def test_weekends_are_like_other_days_where_they_are_not_in_it():
    first, truth = year_of_truth(2020, weekends=False)
    for at in range(0, len(truth), 20):
        assert WINDOWS.may_run(now_at((first + at) * 60), NIGHTS_ONLY) == truth[at]


@pytest.mark.slow("every minute of two years")
@each_cell("u_min", [1, 61, 239, 500, 1500], short=2)
def test_an_uncertain_clock_is_protected_whenever_it_may_be_inside(u_min):
    """500 and 1500 minutes: a whole night, or two, lies between the earliest and the latest."""
    first, truth = year_of_truth(2020)
    running = list(accumulate(truth, initial=0))
    for at in range(u_min, len(truth) - u_min - 1, 19):
        may_be = running[at + u_min + 1] > running[at - u_min]
        assert WINDOWS.may_run(now_at((first + at) * 60, u=u_min * 60), MODEL_WINDOW) == may_be


@each_cell("end_minute", [121, 150, 179])
@each_cell("change", CHANGES)
def test_an_edge_inside_the_changed_hour_counts_both_times_it_is_shown(change, end_minute):
    """From 02:35 to 02:40 in autumn may be five minutes, or an hour with 02:10 in it."""
    nights = factory(window_end_minute=end_minute, flags=FactoryFlags.WINDOW_ON)
    first = seconds(change) // 60 - 150
    walls = [datetime.fromtimestamp((first + n) * 60, BRUSSELS) for n in range(300)]
    truth = [not end_minute <= wall.hour * 60 + wall.minute < 960 for wall in walls]
    for u_min in (0, 3, 30, 35):
        for at in range(u_min, len(truth) - u_min):
            protected = WINDOWS.may_run(now_at((first + at) * 60, u=u_min * 60), nights)
            if any(truth[at - u_min : at + u_min + 1]):
                assert protected


def test_the_second_before_an_edge_belongs_to_the_minute_before():
    start = seconds(datetime(2020, 7, 1, 14, 0, tzinfo=UTC))  # 16:00 in Brussels
    assert not WINDOWS.may_run(now_at(start - 1), MODEL_WINDOW)
    assert WINDOWS.may_run(now_at(start), MODEL_WINDOW)
    assert WINDOWS.may_run(now_at(start - 1, u=1), MODEL_WINDOW)
    end = seconds(datetime(2020, 7, 1, 6, 0, tzinfo=UTC))  # 08:00 in Brussels
    assert WINDOWS.may_run(now_at(end, u=1), MODEL_WINDOW)
    assert not WINDOWS.may_run(now_at(end + 1, u=1), MODEL_WINDOW)


@each_cell("health", [health for health in Health if health])
def test_a_clock_that_is_not_believed_counts_as_inside(health):
    noon = seconds(datetime(2020, 7, 1, 10, tzinfo=UTC))
    assert WINDOWS.may_run(now_at(noon, health=health), MODEL_WINDOW)


@each_cell("health", Health)
def test_a_meter_without_the_function_has_no_window_whatever_its_clock(health):
    record = factory(flags=0)
    for hour in range(24):
        at = now_at(seconds(datetime(2020, 7, 1, hour, tzinfo=UTC)), u=60, health=health)
        assert not WINDOWS.may_run(at, record)


# The sleep hint -----------------------------------------------------------------------------------


def later(now: Now, waited_s: int, u_at: int, record: Factory) -> Now:
    """Return the moment after a wait, u grown as a clock at its bound grows it."""
    drift = record.drift_bound_ppb
    grown_s = -(-waited_s * drift // (PPB - drift))
    return now_at(now.utc_s + waited_s, u=u_at + grown_s)


def growing(now: Now, record: Factory) -> Callable[[int], int]:
    """Return by how much u grows in so many seconds."""
    return lambda in_s: (
        later(now, in_s, now.uncertainty_s, record).uncertainty_s - now.uncertainty_s
    )


def windows_of_a_model() -> st.SearchStrategy[Factory]:
    """Return any window and drift bound that the model loader takes."""
    minutes = st.one_of(st.integers(0, 1439), st.integers(110, 190))  # near a change of clocks
    edges = st.lists(minutes, min_size=2, max_size=2, unique=True).map(sorted)
    return st.builds(
        lambda edge, drift, flags: factory(
            window_end_minute=edge[0],
            window_start_minute=edge[1],
            drift_bound_ppb=drift,
            flags=flags,
        ),
        st.one_of(st.just([480, 960]), edges),
        st.sampled_from([0, 20_000, 50_000, 1_000_000]),
        st.sampled_from([FactoryFlags.WINDOW_ON, FactoryFlags.WINDOW_ON | 0x02]),
    )


def moments() -> st.SearchStrategy[int]:
    """Return seconds in 2020 and 2021, half of them within a day of a change of clocks."""
    near = st.builds(
        lambda change, offset: seconds(change) + offset,
        st.sampled_from(CHANGES),
        st.integers(-90_000, 90_000),
    )
    first, last = (seconds(datetime(year, 1, 1, tzinfo=UTC)) for year in (2020, 2022))
    return st.one_of(near, st.integers(first, last))


@pytest.mark.slow("every minute of two years")
@example(
    seconds(datetime(2020, 10, 25, 0, 45, tzinfo=UTC)),
    0,
    factory(window_end_minute=150, window_start_minute=960),
)  # 02:45, and in a quarter of an hour 02:00 again: an edge at 02:30 comes back
@settings(max_examples=200)
@given(moments(), st.integers(0, 100_000), windows_of_a_model())
def test_the_hint_is_never_later_than_the_next_change(utc_s, u_s, record):
    now = now_at(utc_s, u=u_s)
    protected = WINDOWS.may_run(now, record)
    hint_s = WINDOWS.seconds_to_edge(now, record, growing(now, record))
    for waited_s in sorted({*range(0, hint_s, 60), *range(max(0, hint_s - 70), hint_s)}):
        assert WINDOWS.may_run(later(now, waited_s, u_s, record), record) == protected


@settings(max_examples=30)
@given(moments(), st.sampled_from([0, 60, 600]))
def test_a_day_takes_few_steps_of_the_hint(utc_s, u_s):
    """A hint of a second each time would be right, and useless."""
    waited_s, step_count = 0, 0
    while waited_s < 86_400:
        now = later(now_at(utc_s), waited_s, u_s, MODEL_WINDOW)
        grown_s = growing(now, MODEL_WINDOW)
        waited_s += max(1, WINDOWS.seconds_to_edge(now, MODEL_WINDOW, grown_s))
        step_count += 1
    assert step_count <= 120
