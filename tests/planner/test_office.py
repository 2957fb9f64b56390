"""Offices: the queue against SimPy, plain weeks and holidays against opening-hours-py."""

import os
import sys
from datetime import date, datetime, time, timedelta
from random import Random

import pytest
import simpy
from opening_hours import OpeningHours

from meter_emu.errors import ConfigError
from meter_emu.planner.holidays import easter_sunday, public_holidays
from meter_emu.planner.opening import Openings, OpenSpan
from meter_emu.planner.waiting_line import Office, second_in, served_of

HOURS = [
    "Mo-Fr 09:00-16:30; Sa 09:00-12:00; PH off",
    "Mo-We,Fr 08:30-12:00,13:00-17:00; Th 13:00-19:30; PH off",
    "Sa-Su 10:00-12:00; Mo 09:00-12:00",
    "Tu 00:00-24:00",
    "Mo-Su 09:00-17:00; PH 10:00-12:00",
    "Mo-Fr 09:00-12:00; We off",
    "PH off; Mo-Fr 09:00-16:30",
]
OFFICES = int(os.environ.get("METER_EMU_OFFICES", "300"))


def judged(hours: str, day: date) -> tuple[OpenSpan, ...]:
    midnight = datetime.combine(day, time())
    found = OpeningHours(hours, country="BE").intervals(midnight, midnight + timedelta(days=1))
    return tuple(
        OpenSpan(*(int((at - midnight).total_seconds()) for at in (begin, end)))
        for begin, end, state, _ in found
        if str(state) == "open"
    )


@pytest.mark.slow("asks another reader of opening hours for each day of two years")
@pytest.mark.parametrize("hours", HOURS)
def test_plain_weeks_are_open_when_another_reader_says_so(hours, monkeypatch):
    monkeypatch.setitem(sys.modules, "opening_hours", None)  # as where it is not installed
    openings = Openings("plan.toml", "office", hours, [])
    for number in range(730):
        day = date(2027, 1, 1) + timedelta(days=number)
        sunday = day in {easter_sunday(day.year), easter_sunday(day.year) + timedelta(days=49)}
        if not sunday:  # it counts these too, which the decree does not
            assert openings.on(day) == judged(hours, day), day


def test_holidays_of_many_years_are_those_that_another_reader_knows():
    """Sundays are told apart by nobody who is closed on them: it counts Easter Sunday too."""
    judge = OpeningHours("PH off; Mo-Su 00:00-24:00; PH off", country="BE")
    for year in range(2024, 2036):
        closed = set()
        for number in range(366):
            day = date(year, 1, 1) + timedelta(days=number)
            if day.year == year and not judge.is_open(datetime.combine(day, time(12))):
                closed.add(day)
        assert {day for day in closed if day.weekday() != 6} == {
            day for day in public_holidays(year) if day.weekday() != 6
        }


@pytest.mark.parametrize("hours", ["week 1-53/2 Mo 09:00-12:00", "Jul-Aug Mo-Fr 09:00-12:00"])
def test_the_rest_of_the_grammar_is_read_by_the_library(hours):
    openings = Openings("plan.toml", "office", hours, [date(2027, 7, 6)])
    days = [date(2027, 1, 1) + timedelta(days=number) for number in range(365)]
    assert [openings.on(day) for day in days if day != date(2027, 7, 6)] == [
        judged(hours, day) for day in days if day != date(2027, 7, 6)
    ]
    assert openings.on(date(2027, 7, 6)) == ()


def test_where_the_library_is_not_installed_one_line_says_so(monkeypatch, tmp_path):
    (tmp_path / "opening_hours.py").write_text("raise ImportError")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=r"office: hours: .*for more install the extra `plan`"):
        Openings("plan.toml", "office: hours", "week 1-53/2 Mo 09:00-12:00", [])


@pytest.mark.parametrize("hours", ["9-17", "Mo-Fr 9h-17h", "weekdays", "Mo-Fr 9am-5pm"])
def test_hours_that_nobody_reads_are_refused_in_a_line(hours):
    with pytest.raises(ConfigError, match="office: hours: expected plain weeks"):
        Openings("plan.toml", "office: hours", hours, [])


def by_simpy(come: list[int], spans: list[OpenSpan], visit_s: int) -> dict[int, int]:
    """Return when each was served, by number: one clerk, who begins nothing that he cannot end."""
    env = simpy.Environment()
    clerk = simpy.Resource(env, capacity=1)
    served: dict[int, int] = {}

    def person(number: int, at_s: int):
        yield env.timeout(at_s)
        with clerk.request() as turn:
            yield turn
            for span in spans:
                begins = max(env.now, span.from_s)
                if begins + visit_s <= span.to_s:
                    yield env.timeout(begins - env.now)
                    served[number] = int(env.now)
                    yield env.timeout(visit_s)
                    return

    for number, at_s in enumerate(come):
        env.process(person(number, at_s))
    env.run()
    return served


@pytest.mark.slow("simulates hundreds of offices")
def test_the_queue_serves_whom_simpy_serves_and_when():
    chance, left = Random(5), 0
    for _ in range(OFFICES):
        ends = sorted(chance.sample(range(8 * 3600, 18 * 3600), chance.choice([2, 2, 4])))
        spans = [OpenSpan(*ends[at : at + 2]) for at in range(0, len(ends), 2)]
        visit_s = chance.choice([30, 90, 600, 3600])
        come = sorted(chance.choices(range(7 * 3600, 19 * 3600), k=chance.randint(0, 60)))
        served, out = served_of([(at, number) for number, at in enumerate(come)], spans, visit_s)
        assert {one.person: one.at_s for one in served} == by_simpy(come, spans, visit_s)
        assert len(served) + len(out) == len(come)
        left += len(out)
    assert left > 0, "some offices are full"


def test_who_is_not_served_is_first_on_the_next_day():
    office: Office[str] = Office(Openings("p", "k", "Mo-Fr 09:00-10:00", []), 2)
    monday = date(2027, 7, 5)
    served = office.day(monday, [(9 * 3600, one) for one in "abcd"])
    assert ([one.person for one in served], office.waiting) == (["a", "b"], ("c", "d"))
    served = office.day(date(2027, 7, 6), [(0, "e"), (9, "f")], lambda one: one == "e")
    assert ([one.person for one in served], office.waiting) == (["c", "d"], ("f",))
    assert [one[1:] for one in office.days] == [(4, 2, 2, 2), (2, 2, 2, 1)]
    assert office.next_opening(date(2027, 7, 9)) == date(2027, 7, 12)


def test_the_last_day_for_all_is_the_last_on_which_all_fit():
    office: Office[str] = Office(Openings("p", "k", "Mo-Fr 09:00-10:00", []), 10)
    begin, end = date(2027, 7, 1), date(2027, 7, 16)
    assert office.last_day_for(10, begin=begin, end=end) == end
    assert office.last_day_for(11, begin=begin, end=end) == date(2027, 7, 15)
    assert office.last_day_for(60, begin=begin, end=end) == date(2027, 7, 9)
    assert office.last_day_for(121, begin=begin, end=end) is None


def test_a_share_of_the_day_is_a_second_at_which_it_is_open():
    spans = [OpenSpan(100, 200), OpenSpan(300, 400)]
    assert [second_in(spans, share) for share in (0, 0.25, 0.5, 0.999)] == [100, 150, 300, 399]
