"""What the strategies draw, how it shrinks, and that they need no meter."""

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from meter_emu import strategies
from meter_emu.strategies import (
    KINDS,
    boundaries,
    changes,
    instants,
    leaps,
    pairs,
    registers_of_no_calendar,
    stories,
)
from tests.cells import each_cell, few
from tests.docs.pages import page, table

DrawnT = TypeVar("DrawnT")
BRUSSELS = ZoneInfo("Europe/Brussels")
ZONES = ["Europe/Brussels", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]


def drawn(strategy: st.SearchStrategy[DrawnT], count: int) -> list[DrawnT]:
    found: list[DrawnT] = []

    @settings(
        max_examples=count, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck), deadline=None,
    )  # fmt: skip
    @given(strategy)
    def collect(value: DrawnT) -> None:
        found.append(value)

    collect()
    return found


@cache
def many_pairs() -> list[tuple[datetime, datetime]]:
    return drawn(pairs(BRUSSELS), few(2_000, short=700))


def ahead(when: datetime) -> timedelta:
    offset = when.utcoffset()
    assert offset is not None
    return offset


def apart(pair: tuple[datetime, datetime]) -> timedelta:
    """Return the true time between: two times of one zone are subtracted by their wall clocks."""
    return pair[1].astimezone(UTC) - pair[0].astimezone(UTC)


def walls_exist(when: datetime) -> bool:
    return when.astimezone(UTC).astimezone(when.tzinfo) == when


@each_cell("name", ZONES)
def test_each_change_of_a_zone_is_found_to_the_second(name):
    zone = ZoneInfo(name)
    found = changes(zone, 2000, 2030)
    second = timedelta(seconds=1)
    for change in found:
        at = datetime.fromtimestamp(change.at_s, UTC)
        before, after = (at - second).astimezone(zone), at.astimezone(zone)
        assert before.utcoffset() == timedelta(seconds=change.before_s)
        assert after.utcoffset() == timedelta(seconds=change.after_s)
    assert len(found) == {"UTC": 0, "Europe/Brussels": 62}.get(name, len(found))
    assert (len(found) > 50) == (name != "UTC")


def test_every_last_sunday_of_march_and_october_is_a_change_in_brussels():
    found = [datetime.fromtimestamp(change.at_s, UTC) for change in changes(BRUSSELS, 2000, 2099)]
    assert len(found) == 200
    assert all((at.month, at.hour, at.weekday()) in {(3, 1, 6), (10, 1, 6)} for at in found)
    assert all((at + timedelta(days=7)).month != at.month for at in found)


@pytest.mark.slow("draws many dates")
@each_cell("kind", KINDS)
def test_instants_of_a_kind_are_at_boundaries_of_it(kind):
    seconds = timedelta(seconds=1)
    for when in drawn(boundaries(BRUSSELS, [kind]), 100):
        last = (when.astimezone(UTC) - seconds).astimezone(BRUSSELS)
        utc = when.astimezone(UTC)
        shows = {
            "gap": ahead(last) < ahead(when),
            "fold": ahead(last) > ahead(when),
            "leap day": (when.month, when.day) in {(2, 29), (3, 1)} and when.year % 4 == 0,
            "after february": (last.month, last.day, when.day) == (2, 28, 1),
            "month": when.day == 1 and last.month != when.month,
            "year": last.year + 1 == when.year,
            "decade": last.year + 1 == when.year and when.year % 10 == 0,
            "week": when.isoweekday() == 1 and last.isoweekday() == 7,
            "digit": f"{when:%m%d%H%M}" != f"{last:%m%d%H%M}",
            "counter": utc.timetuple().tm_yday == 256 or utc.second in {*range(60)},
            "day": last.date() != when.date(),
            "hour": when.minute == 0 and last.minute == 59,
        }
        assert shows[kind], when


def test_counters_are_full_where_a_programmer_knows_it():
    found = set(drawn(boundaries(UTC, ["counter"], last_year=2140), 3_000))
    assert datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC) in found
    assert datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC) in found
    assert datetime(2024, 11, 24, 20, 16, tzinfo=UTC) in found  # the minutes of STS tokens


@pytest.mark.slow("draws many dates")
def test_pairs_lie_on_either_side_and_often_of_a_change_of_clocks():
    found = many_pairs()
    assert all(apart(pair) > timedelta(0) for pair in found)
    crossed = sum(first.utcoffset() != second.utcoffset() for first, second in found)
    assert crossed > len(found) // 5
    assert len(set(found)) > 0.9 * len(found)


@pytest.mark.slow("draws many dates")
def test_pairs_are_at_every_time_of_the_day():
    found = many_pairs()
    hours = Counter(target.hour for _, target in found)
    assert min(hours[hour] for hour in range(24)) >= len(found) // 100, hours
    for armed, target in found[:50]:
        assert armed.astimezone(UTC) < target.astimezone(UTC)
    apart = [target.astimezone(UTC) - armed.astimezone(UTC) for armed, target in found]
    assert sum(one <= timedelta(hours=1) for one in apart) <= len(found) // 20
    assert len(set(found)) >= 0.95 * len(found)


@pytest.mark.slow("draws many dates")
def test_instants_are_of_every_kind_and_spread_over_the_century():
    found = drawn(instants(BRUSSELS), few(2_000, short=700))
    years = Counter(when.year for when in found)
    assert len(years) > 90
    assert years.most_common(1)[0][1] < len(found) // 4
    assert sum(when.month == 2 and when.day == 29 for when in found) > len(found) // 50
    assert all(walls_exist(when) for when in found)


@pytest.mark.slow("draws many dates")
def test_an_example_shrinks_to_its_boundary_and_then_to_the_first_one():
    second = timedelta(seconds=1)
    found = find(instants(BRUSSELS, ["gap"]), lambda when: ahead(when) > 3600 * second)
    assert found == datetime(2020, 3, 29, 3, tzinfo=BRUSSELS)
    found = find(instants(BRUSSELS, ["year"]), lambda when: when.year > 2030)
    assert found == datetime(2031, 1, 1, tzinfo=BRUSSELS)
    assert apart(find(pairs(BRUSSELS), lambda _pair: True)) == second


@pytest.mark.slow("draws many dates")
def test_a_day_of_fixed_length_is_found_wrong_within_a_hundred_examples():
    """As a foreign project would use them; plain datetimes of the same years do not find it."""

    def right(pair: tuple[datetime, datetime]) -> bool:
        first, second = pair
        days = (second.date() - first.date()).days
        return (first + timedelta(days=days)).astimezone(UTC) == first.astimezone(UTC) + timedelta(
            days=days
        )

    assert not all(right(pair) for pair in drawn(pairs(BRUSSELS), 100))


@pytest.mark.slow("draws many dates")
def test_leap_days_are_those_of_common_and_century_years_too():
    years = {when.year for when in drawn(leaps(UTC), few(2_000, short=1_000))}
    assert {1900, 2000, 2100, 2019, 2020} <= years


@pytest.mark.slow("draws many dates")
def test_registers_hold_what_no_calendar_has():
    found = set(drawn(registers_of_no_calendar(), 3_000))
    for field, value in (("month", 0), ("month", 0x13), ("day", 0x32), ("hour", 0x24),
                         ("minute", 0x60), ("second", 0x5A), ("year", 0xA0)):  # fmt: skip
        assert (field, value) in found
    for field, low, high in (("month", 1, 12), ("day", 1, 31), ("hour", 0, 23), ("minute", 0, 59)):
        for number in range(low, high + 1):
            assert (field, int(str(number), 16)) not in found


def test_a_kind_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match="got fortnight"):
        boundaries(BRUSSELS, ["fortnight"])


def test_a_zone_without_changes_has_every_other_boundary():
    assert len(set(drawn(instants(UTC), 100))) > 50


@pytest.mark.slow("draws whole stories")
def test_stories_are_drawn_by_hypothesis_as_well():
    assert len({repr(campaign) for campaign in drawn(stories(), 50)}) > 45


def test_a_foreign_project_imports_them_without_any_meter():
    code = (
        "import sys; from meter_emu.strategies import boundaries, instants, pairs\n"
        "print([name for name in sys.modules if name.startswith(('meter_emu.', 'card_protocol.'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "meter_emu.stories.boundaries" in done.stdout
    for room in ("world", "firmware", "hardware", "desk"):
        assert f"meter_emu.{room}" not in done.stdout
    assert "card_protocol" not in done.stdout.replace("card_protocol.late", "what imports the rest")


def test_the_page_names_every_strategy_and_kind():
    text = page("docs/testing-with-pytest.md")
    rows = [row[0] for row in table(text, "strategy", "draws")]
    callables = set(strategies.__all__) - {"KINDS", "Change", "Register", "changes"}
    assert {row.partition("(")[0] for row in rows} == callables
    assert all(f"`{kind}`" in text for kind in KINDS)
