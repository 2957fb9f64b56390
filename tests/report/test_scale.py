"""Places on a drawing and the calendar under it, against fractions and the zone's own rules."""

import itertools
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from card_protocol.timestamp import Civil
from meter_emu.report.facts import protected_stretches
from meter_emu.report.scale import (
    Scale,
    around,
    civil_us,
    dates_on_axis,
    days_between,
    midnight_us,
)
from meter_emu.units import DAY_US, HOUR_US, MINUTE_US
from meter_emu.world.meter.model import Window
from meter_emu.world.meter.times import to_us, us_to_legal
from meter_emu.zones import TimeZone
from tests.cells import each_cell

BRUSSELS = TimeZone.EUROPE_BRUSSELS
BEGIN = to_us(datetime(2020, 1, 1, tzinfo=UTC))
INSTANTS = st.integers(BEGIN, BEGIN + 800 * DAY_US)
WALLOON = Window(start_minute=16 * 60, end_minute=8 * 60, weekend=True)


def us(*when: int) -> int:
    return to_us(datetime(*when, tzinfo=BRUSSELS.info))  # type: ignore[misc,arg-type]


def number(percent: str) -> Fraction:
    assert percent.endswith("%")
    return Fraction(percent[:-1])


@given(INSTANTS, st.integers(HOUR_US, 400 * DAY_US), INSTANTS)
def test_a_place_is_the_share_of_the_stretch_within_a_thousandth(start, length, at):
    scale = Scale(start, start + length, BRUSSELS)
    exact = Fraction(100 * (min(max(at, start), start + length) - start), length)
    assert 0 <= exact - number(scale.at(at)) < Fraction(1, 1000)


@given(INSTANTS, st.integers(HOUR_US, 400 * DAY_US), st.lists(INSTANTS, min_size=3, max_size=9))
def test_bars_that_meet_in_time_meet_on_the_drawing(start, length, edges):
    scale = Scale(start, start + length, BRUSSELS)
    for first, second in zip(sorted(edges), sorted(edges)[1:], strict=False):
        assert number(scale.at(first)) + number(scale.width(first, second)) == number(
            scale.at(second)
        )


@each_cell(
    ("at", "anchor"),
    [
        (0, "start"),
        (624, "start"),
        (626, "middle"),
        (9374, "middle"),
        (9376, "end"),
        (10000, "end"),
    ],
)
def test_a_label_stays_inside(at, anchor):
    assert Scale(0, 10_000, BRUSSELS).anchor_under(at) == anchor


@given(*[st.integers(0, 12)] * 4)
def test_a_stretch_touches_a_drawing_when_they_share_more_than_an_edge(a, b, c, d):
    scale, (from_us, to_us) = Scale(min(a, b), max(a, b) + 1, BRUSSELS), sorted((c, d + 1))
    shared = set(range(scale.start_us, scale.end_us)) & set(range(from_us, to_us))
    if from_us < to_us:
        assert scale.touches(from_us, to_us) == bool(shared)


@each_cell(
    ("at", "anchor"),
    [
        (0, "start"),
        (600, "start"),
        (700, "middle"),
        (9_300, "middle"),
        (9_400, "end"),
        (10_000, "end"),
    ],
)
def test_a_date_at_the_edge_is_not_cut_off(at, anchor):
    assert Scale(0, 10_000, BRUSSELS).anchor_under(at) == anchor


@given(INSTANTS, st.integers(-3, 3))
def test_midnight_is_the_first_moment_of_its_legal_day(at, days):
    found = us_to_legal(midnight_us(at, BRUSSELS, days=days), BRUSSELS)
    assert (found.hour, found.minute, found.second) == (0, 0, 0)
    assert found.date() == us_to_legal(at, BRUSSELS).date() + timedelta(days=days)


def test_days_are_23_24_or_25_hours_long_and_none_is_missed():
    scale = Scale(us(2020, 3, 28, 12), us(2020, 10, 26, 12), BRUSSELS)
    days = days_between(scale)
    lengths = {(b - a) // HOUR_US for a, b in itertools.pairwise(days)}
    assert lengths == {23, 24, 25}
    assert len(days) == 212


def test_a_long_drawing_names_months_and_a_short_one_days():
    year = Scale(us(2020, 1, 1), us(2021, 1, 1), BRUSSELS)
    named = [us_to_legal(at, BRUSSELS) for at in dates_on_axis(year)]
    assert [at.month for at in named] == [1, 3, 5, 7, 9, 11]
    assert {at.day for at in named} == {1}
    week = dates_on_axis(Scale(us(2020, 7, 1, 5), us(2020, 7, 8), BRUSSELS))
    assert len(week) in range(2, 7)
    month = [
        us_to_legal(at, BRUSSELS)
        for at in dates_on_axis(Scale(us(2020, 6, 20), us(2020, 7, 20), BRUSSELS))
    ]
    assert len(month) in range(4, 7)
    assert len({after - before for before, after in itertools.pairwise(month)}) == 1


def test_a_civil_time_is_read_as_the_later_instant_and_31_february_as_none():
    assert civil_us(Civil(2020, 7, 3, 23, 1), BRUSSELS) == us(2020, 7, 3, 23, 1)
    twice = civil_us(Civil(2020, 10, 25, 2, 30), BRUSSELS)
    assert twice == to_us(datetime(2020, 10, 25, 1, 30, tzinfo=UTC))
    assert civil_us(Civil(2020, 2, 31, 12, 0), BRUSSELS) is None


def test_a_close_up_holds_what_is_near_and_leaves_what_is_far():
    shown, cut, old = us(2020, 7, 3, 23, 1), us(2020, 7, 2, 23, 10), us(2020, 5, 1)
    scale = around([shown, cut, old], cut, BRUSSELS, reach_days=4)
    assert (scale.start_us, scale.end_us) == (us(2020, 7, 1), us(2020, 7, 5))
    assert not scale.holds(old)
    edge = cut - 4 * DAY_US
    assert around([edge], cut, BRUSSELS, reach_days=4).holds(edge)
    assert not around([edge - 1], cut, BRUSSELS, reach_days=4).holds(edge)


def sheltered(at_us: int, window: Window) -> bool:
    """The rule of the campaign file, asked of one moment."""
    legal = us_to_legal(at_us, BRUSSELS)
    minute = legal.hour * 60 + legal.minute
    if window.weekend and legal.weekday() >= 5:
        return True
    return minute >= window.start_minute or minute < window.end_minute


@given(
    INSTANTS,
    st.integers(1, 12),
    st.booleans(),
    st.sampled_from([(960, 480), (1320, 300), (720, 0)]),
)
def test_the_period_drawn_is_the_period_promised(start, days, weekend, edges):
    window = Window(start_minute=edges[0], end_minute=edges[1], weekend=weekend)
    end = start + days * DAY_US
    stretches = protected_stretches(window, start, end, BRUSSELS)
    assert all(a.to_us < b.from_us for a, b in itertools.pairwise(stretches))
    for at in range(start // MINUTE_US * MINUTE_US + MINUTE_US, end, 17 * MINUTE_US):
        drawn = any(one.from_us <= at < one.to_us for one in stretches)
        assert drawn == sheltered(at, window), us_to_legal(at, BRUSSELS)


def test_the_weekend_is_one_stretch_from_friday_to_monday():
    (first, weekend, last) = protected_stretches(
        WALLOON, us(2020, 7, 3, 7), us(2020, 7, 6, 17), BRUSSELS
    )
    assert (weekend.from_us, weekend.to_us) == (us(2020, 7, 3, 16), us(2020, 7, 6, 8))
    assert first.to_us == us(2020, 7, 3, 8)
    assert last.from_us == us(2020, 7, 6, 16)
