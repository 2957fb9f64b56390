"""The plan a meter has is what it does: checked by letting it, and legal time by `zoneinfo`."""

import dataclasses

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from meter_emu.desk.desk import Work
from meter_emu.errors import DeskError
from meter_emu.firmware.layouts import Rate
from meter_emu.firmware.trust import LAST_SECOND
from meter_emu.world.meter.acts import Power
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.live import LiveMeter
from meter_emu.world.meter.plan import Deed, Insight, insight
from tests.cells import each_cell
from tests.properties.around_t_stories import around_t_stories, at_every_poll, lived
from tests.properties.instants import near_boundaries
from tests.properties.trials import (
    BI_HOURLY,
    BRUSSELS,
    DAY_US,
    GAS,
    HOUR_US,
    MINUTE_US,
    MODEL,
    MODELS,
    SECOND_US,
    Circumstances,
    MeterSetup,
    civil,
    legal,
)

REFERENCE = parse_build("reference")
START_US = 1_593_410_400 * SECOND_US  # Monday 29 June 2020 08:00 in Brussels


def known(setup: MeterSetup) -> Insight:
    shown = insight(setup.board, setup.setting.model, parse_build(setup.setting.build))
    assert shown is not None
    return shown


def setup_of(**kw) -> MeterSetup:
    kw = {"start_us": START_US, "clock_set_us": START_US - 30 * DAY_US} | kw
    setup = MeterSetup(Circumstances(**kw))
    setup.bench.run_until(setup.setting.start_us + 1)
    return setup


@each_cell("model", BI_HOURLY, ids=lambda model: model.rtc_base)
def test_the_plan_has_the_next_edge_of_the_night_and_the_rate_changes_then(model):
    setup = setup_of(model=model, start_us=START_US + HOUR_US, clock_set_us=START_US)
    for deed, rate in ((Deed.NIGHT_BEGINS, Rate.NIGHT), (Deed.NIGHT_ENDS, Rate.DAY)):
        (edge,) = [planned for planned in known(setup).plan if planned.deed is deed]
        assert abs((edge.at_us - START_US) % DAY_US - (15 if rate else 0) * HOUR_US) < 2 * MINUTE_US
        setup.bench.run_until(edge.at_us - MINUTE_US)
        assert setup.state().rate != rate
        setup.bench.run_until(edge.at_us + 2 * MINUTE_US)
        assert setup.state().rate == rate


@pytest.mark.slow("cuts or changes it anywhere")
@given(around_t_stories())
@settings(max_examples=25)
def test_to_look_changes_nothing(story):
    (household,) = story.households

    def look(bench: Bench) -> None:
        insight(bench.board, household.model, REFERENCE)

    looked, left_alone = lived(story, prepare=at_every_poll(look)), lived(story)
    assert looked.seen() == left_alone.seen()
    assert looked.events == left_alone.events


@given(near_boundaries, st.sampled_from(MODELS), st.integers(1, 5_000))
@settings(max_examples=40)
def test_a_cut_comes_when_the_plan_says(at_us, model, minutes):
    start_us = at_us - 2 * HOUR_US
    setup = setup_of(start_us=start_us, clock_set_us=start_us - DAY_US, model=model)
    shown = civil(start_us + minutes * MINUTE_US)
    try:
        setup.write(Work(defer_until=shown, cut_at=shown))
    except DeskError:  # a time that clocks skip or repeat
        return
    setup.insert()
    cuts = [planned for planned in known(setup).plan if planned.deed is Deed.CUT]
    if not cuts:  # it has come already
        assert not setup.board.switch.on
        return
    (cut,) = cuts
    assert cut.civil == shown
    setup.bench.run_until(cut.at_us)
    assert setup.board.switch.on
    late_us = (model.poll_s + 2) * SECOND_US  # a poll, and what a second of u may round away
    setup.bench.run_until(cut.at_us + late_us)
    assert not setup.board.switch.on


@each_cell("days", [1, 30, 107, 300])
def test_a_cut_far_away_is_planned_with_the_uncertainty_it_will_have_by_then(days):
    """The clock's bound grows by 4.3 s a day: what the meter does is planned, not today's bound."""
    setup = setup_of(model=MODEL, clock_set_us=START_US, load=(0,) * 24)
    shown = civil(START_US + days * DAY_US)
    setup.write(Work(defer_until=shown, cut_at=shown))
    setup.insert()
    (cut,) = [planned for planned in known(setup).plan if planned.deed is Deed.CUT]
    setup.bench.run_until(cut.at_us)
    assert setup.board.switch.on
    setup.bench.run_until(cut.at_us + (MODEL.poll_s + 2) * SECOND_US)
    assert not setup.board.switch.on


@given(st.integers(0, 366 * 24 * 60))
@settings(max_examples=60)
def test_the_protected_hours_are_those_of_the_legal_week(minute):
    """Weekdays 16:00 to 08:00 and whole weekends, an uncertain clock in the home's favour."""
    start_us = START_US + minute * MINUTE_US
    setup = setup_of(start_us=start_us, clock_set_us=start_us)
    shown = known(setup)
    edge = next(p for p in shown.plan if p.deed in {Deed.PROTECTION_BEGINS, Deed.PROTECTION_ENDS})
    margin_us = (shown.uncertainty_s + 60) * SECOND_US  # and what it grows by until then

    def covered(at_us: int) -> bool:
        when = legal(at_us)
        return when.weekday() >= 5 or when.hour >= 16 or when.hour < 8

    ends = edge.deed is Deed.PROTECTION_ENDS
    inside = covered(edge.at_us - margin_us), covered(edge.at_us + margin_us)
    assert inside == ((True, False) if ends else (False, True))
    at_us = start_us + margin_us
    while at_us < edge.at_us - margin_us:
        assert covered(at_us) == ends
        at_us += HOUR_US


def test_credit_is_used_up_when_the_plan_says():
    setup = setup_of(balance_cents=1_000, load=(500,) * 24)
    plan = {planned.deed: planned.at_us for planned in known(setup).plan}
    for deed, cents in ((Deed.LOW_CREDIT, 500), (Deed.CREDIT_OUT, 0)):
        assert plan[deed] == START_US + (1_000 - cents) * HOUR_US * 10_000 // (500 * 250)
    setup.bench.run_until(plan[Deed.LOW_CREDIT] + MINUTE_US)
    assert Deed.LOW_CREDIT not in {planned.deed for planned in known(setup).plan}


@pytest.mark.parametrize("month", [3, 10])
def test_a_clock_in_legal_time_plans_its_step(month):
    model = next(m for m in MODELS if m.rtc_base == "legal")
    day = {3: 29, 10: 25}[month]
    start = legal(START_US).replace(month=month, day=day - 1, hour=12)
    start_us = int(start.astimezone(BRUSSELS).timestamp()) * SECOND_US
    setup = setup_of(start_us=start_us, clock_set_us=start_us - DAY_US, model=model)
    (step,) = [planned for planned in known(setup).plan if planned.deed is Deed.CLOCK_STEP]
    offset_before = legal(step.at_us - SECOND_US).utcoffset()
    assert offset_before != legal(step.at_us).utcoffset()


def test_a_meter_without_supply_or_memory_plans_nothing():
    setup = setup_of()
    assert known(setup).plan
    setup.bench.do(Power(on=False))
    assert known(setup).plan == ()
    setup.board.eeprom.cells[0:0x400] = b"\xff" * 0x400
    assert insight(setup.board, MODEL, REFERENCE) is None


def test_a_defect_shows_the_t_it_believes_in():
    shown = civil(START_US + 4 * DAY_US)
    dates = []
    for build in ("reference", "reference+end-exclusive"):
        setup = setup_of(build=build)
        setup.write(Work(cut_at=shown))
        setup.insert()
        (cut,) = [planned for planned in known(setup).plan if planned.deed is Deed.CUT]
        dates.append(cut.at_us)
    grown_us = dates[0] - dates[1] - DAY_US  # what u grows by in the day between
    assert 0 <= grown_us <= 5 * SECOND_US


# Jumping ------------------------------------------------------------------------------------------


def live_meter(setup: MeterSetup) -> tuple[LiveMeter, list[Event]]:
    events: list[Event] = []
    return setup.rig.live(events.append), events


@given(near_boundaries, st.sampled_from(MODELS), st.integers(0, 3), st.integers(0, 900))
@example(985_478_391_000_000, msgspec.structs.replace(GAS, rtc_base="legal"), 1, 0)
@settings(max_examples=30)
def test_a_jump_ends_just_after_something_was_done(at_us, model, jumps, cents):
    setup = setup_of(start_us=at_us, clock_set_us=at_us, model=model, balance_cents=cents)
    meter, events = live_meter(setup)
    # an hourly poll in the last seconds of an hour puts a step off (docs/decisions/clock.md)
    put_off = model.poll_s == 3600 and at_us // SECOND_US % 3600 > LAST_SECOND
    for _ in range(jumps + 1):
        seen, planned = len(events), meter.next_planned()
        assert planned is not None
        if put_off and planned.deed is Deed.CLOCK_STEP:
            break
        for _ in meter.past_next():
            pass
        ahead = [p for p in meter.insight().plan if p.deed is planned.deed]  # type: ignore[union-attr]
        assert len(events) > seen or not ahead or ahead[0].at_us > planned.at_us + 12 * HOUR_US
        assert setup.board.now_us <= planned.at_us + 3 * model.poll_s * SECOND_US + MINUTE_US


@pytest.mark.slow("a life of years")
def test_a_jump_to_a_far_cut_ends_at_the_cut():
    setup = setup_of(clock_set_us=START_US - 300 * DAY_US)
    shown = civil(START_US + 200 * DAY_US)
    setup.write(Work(cut_at=shown, prepayment=False))
    setup.insert()
    meter, events = live_meter(setup)
    for _ in range(900):
        for _ in meter.past_next():
            pass
        if not setup.board.switch.on:
            break
    assert [event.what for event in events] == [What.BEGINS, What.OPENED]
    assert dataclasses.astuple(events[1])[0] > START_US + 200 * DAY_US
