"""The meter's zone rule against `zoneinfo`: every transition, both ways, the stated policy."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from card_protocol.timestamp import Civil
from meter_emu.firmware.calendar import Calendar, Zone
from meter_emu.stories.boundaries import changes, offset_s
from meter_emu.zones import BELGIAN, TimeZone
from tests.cells import each_cell

BRUSSELS = ZoneInfo("Europe/Brussels")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = (datetime(1996, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(minutes=1)
LAST = (datetime(2038, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(minutes=1) - 1
CALENDAR = Calendar()
ZONE = Zone(CALENDAR, BELGIAN.rule)
YEARS = range(1996, 2038)


def legal_min(utc_min: int) -> int:
    """The oracle: legal minutes since 1970-01-01 00:00 legal."""
    legal = (EPOCH + timedelta(minutes=utc_min)).astimezone(BRUSSELS)
    return (legal.replace(tzinfo=UTC) - EPOCH) // timedelta(minutes=1)


@cache
def transitions() -> list[int]:
    """The first UTC minute of each new offset: the days in which it changes, then their hours."""
    found = []
    for day in range(FIRST, LAST, 1440):
        if legal_min(day + 1440) - legal_min(day) != 1440:
            hours = range(day + 60, day + 1441, 60)
            found += [at for at in hours if legal_min(at) - legal_min(at - 60) != 60]
    return found


def test_a_row_of_the_table_is_what_zoneinfo_says_round_every_change_of_the_century():
    for zone in TimeZone:
        ours, seen = Zone(CALENDAR, zone.rule), changes(zone.info, 2000, 2099)
        assert len(seen) == 200, zone
        for change in seen:
            for utc_min in range(change.at_s // 60 - 2, change.at_s // 60 + 3):
                want_s = offset_s(zone.info, utc_min * 60)
                assert ours.offset_min(utc_min) * 60 == want_s, (zone, utc_min)
            assert ours.next_change_min(change.at_s // 60 - 1) * 60 == change.at_s, (zone, change)


def spring(year: int) -> int:
    return transitions()[2 * (year - 1996)]


def autumn(year: int) -> int:
    return transitions()[2 * (year - 1996) + 1]


def test_there_are_two_transitions_a_year():
    assert len(transitions()) == 2 * len(YEARS)


def test_every_minute_within_three_hours_of_every_transition_is_legal_time():
    for transition in transitions():
        for utc_min in range(transition - 180, transition + 181):
            assert ZONE.to_legal_min(utc_min) == legal_min(utc_min)


def test_every_legal_minute_within_three_hours_of_every_transition_is_its_later_instant():
    for transition in transitions():
        for wall_min in range(transition - 60, transition + 301):
            assert ZONE.to_utc_later(wall_min) == later_instant(wall_min)


def later_instant(wall_min: int) -> int:
    """The oracle: the later of what both folds name."""
    wall = (EPOCH + timedelta(minutes=wall_min)).replace(tzinfo=BRUSSELS)
    readings = [wall.replace(fold=fold).astimezone(UTC) - EPOCH for fold in (0, 1)]
    return max(readings) // timedelta(minutes=1)


@given(st.integers(FIRST, LAST))
def test_any_minute_1996_to_2037_is_legal_time(utc_min):
    assert ZONE.to_legal_min(utc_min) == legal_min(utc_min)
    legal = EPOCH + timedelta(minutes=legal_min(utc_min))
    civil = Civil(legal.year, legal.month, legal.day, legal.hour, legal.minute)
    assert ZONE.to_legal(utc_min) == civil


@given(st.integers(FIRST, LAST))
def test_a_legal_time_that_exists_once_names_its_instant(utc_min):
    again = ZONE.to_utc_later(legal_min(utc_min))
    twice = any(transition - 60 <= utc_min < transition for transition in transitions()[1::2])
    assert again == utc_min + 60 * twice


@each_cell("year", YEARS)
def test_a_time_that_exists_twice_is_the_later_instant(year):
    for minute in range(60):
        wall_min = legal_min(autumn(year)) + minute  # 02:00 to 02:59, shown the second time
        assert ZONE.to_utc_later(wall_min) == autumn(year) + minute


@each_cell("year", YEARS)
def test_a_time_that_does_not_exist_is_read_an_hour_later(year):
    """02:30 becomes 03:30, never 01:30: an end moves in the household's favour."""
    for minute in range(60):
        wall_min = legal_min(spring(year) - 1) + 1 + minute
        later = ZONE.to_utc_later(wall_min)
        assert later == spring(year) + minute
        assert legal_min(later) == wall_min + 60


class FirstSundays(Zone):
    """A rule off by one week at least: what the oracle must contradict."""

    __slots__ = ()

    @override
    def change_min(self, year: int, month: int) -> int:
        return super().change_min(year, month) - 7 * 1440


class HourLate(Zone):
    """The clock changes an hour late: seen within an hour of a transition only."""

    __slots__ = ()

    @override
    def change_min(self, year: int, month: int) -> int:
        return super().change_min(year, month) + 60


class MinuteEarly(Zone):
    """The smallest error there is."""

    __slots__ = ()

    @override
    def change_min(self, year: int, month: int) -> int:
        return super().change_min(year, month) - 1


@each_cell("wrong", [FirstSundays, HourLate, MinuteEarly])
def test_the_oracle_contradicts_a_wrong_rule_at_every_transition(wrong):
    zone = wrong(CALENDAR, BELGIAN.rule)
    for transition in transitions():
        around = range(transition - 180, transition + 181)
        assert any(zone.to_legal_min(utc_min) != legal_min(utc_min) for utc_min in around)
