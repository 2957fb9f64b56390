"""What a bi-hourly meter charges, against an oracle of minutes, prices and `zoneinfo` alone.

Each watt-hour is one tick of the register, at an instant that load and power failures alone decide.
It costs the night price for certain when the night has lasted for a poll, and may cost it as long
as a clock that is wrong by u, read with an uncertainty of u, may take the moment for night.
"""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import accumulate

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from meter_emu.firmware.ends import Hours, Nights
from meter_emu.firmware.layouts import Factory, Health, Rate, State
from meter_emu.firmware.program import Program
from meter_emu.firmware.trust import Now
from meter_emu.ports import Sleep
from meter_emu.world.meter.build import dialogues, parse_build
from meter_emu.world.meter.model import MeterModel, Window
from tests.cells import each_cell
from tests.properties.instants import near_boundaries
from tests.properties.test_money import balance_law
from tests.properties.trials import (
    BI_HOURLY,
    DAY_US,
    HOUR_US,
    MINUTE_US,
    SECOND_US,
    WORK_US,
    Circumstances,
    MeterSetup,
    legal,
    us,
)

EPOCH_2000_US = 946_684_800 * SECOND_US
WH = 3600 * SECOND_US  # a watt-hour in W·µs
RICH_CENTS = 10_000_000
# Minutes of the legal day at which nights begin and end, by network operator (domain: CWaPE).
NIGHTS = [(1260, 360), (1320, 420), (1350, 450), (1380, 480)]

Spans = list[tuple[int, int]]  # (from, to] in true microseconds, ascending and apart


def night_at(model: MeterModel, at_us: int) -> bool:
    """The oracle: nine hours of the night on weekdays, and whole Saturdays and Sundays."""
    assert model.night is not None
    wall = legal(at_us)
    minute = wall.hour * 60 + wall.minute
    weekend = model.night.weekend and wall.isoweekday() in (6, 7)
    return weekend or not model.night.end_minute <= minute < model.night.start_minute


def nights_between(model: MeterModel, from_us: int, to_us: int) -> Spans:
    """Return all nights that touch a stretch of true time, found minute by minute.

    Minutes of an hour share its offset: Brussels is a whole number of hours from UTC.
    """
    assert model.night is not None
    edges = {0, model.night.start_minute % 60, model.night.end_minute % 60}
    first, last = (from_us - 3 * DAY_US) // HOUR_US, (to_us + 3 * DAY_US) // HOUR_US
    found: Spans = []
    began: int | None = None
    for hour in range(first, last + 1):
        for minute in sorted(edges):
            at_us = hour * HOUR_US + minute * MINUTE_US
            if night_at(model, at_us):
                began = at_us if began is None else began
            elif began is not None:
                found.append((began, at_us))
                began = None
    return found


class Energy:
    """The register of a meter that is never dark: ticks by load and power failures."""

    def __init__(self, setting: Circumstances) -> None:
        self._setting = setting
        self._day_sums = [0, *accumulate(setting.load)]

    def units(self, at_us: int) -> int:
        """Return how many watt-hours have gone through by an instant, the start at the soonest."""
        setting = self._setting
        at_us = max(at_us, setting.start_us)
        worked = self._worked(at_us) - self._worked(setting.start_us)
        for lost_us, back_us in setting.outages:
            worked -= self._worked(min(back_us, at_us)) - self._worked(min(lost_us, at_us))
        return worked // WH

    def _worked(self, at_us: int) -> int:
        """Return W·µs from 1970 to an instant, had the load always been there."""
        hours, rest_us = divmod(at_us, HOUR_US)
        days, hour = divmod(hours, 24)
        whole_w = days * self._day_sums[24] + self._day_sums[hour]
        return whole_w * HOUR_US + self._setting.load[hour] * rest_us


def cost_ueur(setting: Circumstances, nights: Spans, first_unit: int, last_unit: int) -> int:
    """Return the price of the ticks after the first up to the last, the nights being these."""
    energy = Energy(setting)
    _, day, night = setting.model.credit.pricing
    at_night = 0
    for span in nights:
        first, last = (min(max(energy.units(at_us), first_unit), last_unit) for at_us in span)
        at_night += max(0, last - first)
    return (last_unit - first_unit) * day - at_night * (day - night)


def certain(setting: Circumstances, nights: Spans) -> Spans:
    """Return when the night price is due: a poll after a night began, and after a start-up."""
    look_us = setting.model.poll_s * SECOND_US + WORK_US
    boot_us = setting.model.boot_ms * 1000 + WORK_US
    starts = [(from_us + look_us, to_us) for from_us, to_us in nights]
    starts = [(max(from_us, setting.start_us + look_us), to_us) for from_us, to_us in starts]
    for lost_us, back_us in setting.outages:
        starts = [
            piece
            for from_us, to_us in starts
            for piece in ((from_us, min(to_us, lost_us)), (max(from_us, back_us + boot_us), to_us))
            if piece[0] < piece[1]
        ]
    return starts


def possible(setting: Circumstances, nights: Spans) -> Spans:
    """Return when the night price may be charged: twice u before a night, and twice u after.

    And until the meter looks: a poll later, or at its start-up.
    """
    look_us = setting.model.poll_s * SECOND_US + WORK_US
    found: Spans = []
    for from_us, to_us in nights:
        u_us = setting.uncertainty_us(to_us + DAY_US) + 2 * SECOND_US  # ours: rounding, hidden s
        begins_us, ends_us = from_us - 2 * u_us, to_us + 2 * u_us + look_us
        for lost_us, back_us in setting.outages:
            if lost_us <= ends_us < back_us + look_us:
                ends_us = back_us + look_us
        if found and begins_us <= found[-1][1]:
            begins_us = found.pop()[0]
        found.append((begins_us, ends_us))
    return found


def watch(setup: MeterSetup, to_us: int, *, every_us: int = HOUR_US // 2) -> None:
    """Let a meter run, and hold what it has booked since the last look between the two prices."""
    setting, before = setup.setting, setup.state()
    then = before
    nights = nights_between(setting.model, setting.start_us, to_us)
    due, may = certain(setting, nights), possible(setting, nights)
    for at_us in [*range(setting.start_us + every_us, to_us, every_us), to_us]:
        setup.bench.run_until(at_us)
        if at_us == to_us:
            setup.insert()  # everything is booked
        state = setup.state()
        cost = state.charged_ueur - before.charged_ueur
        ticks = before.booked_units, state.booked_units
        near_due, near_may = (
            [span for span in spans if span[0] < at_us and span[1] > at_us - 2 * DAY_US]
            for spans in (due, may)
        )
        assert cost_ueur(setting, near_may, *ticks) <= cost <= cost_ueur(setting, near_due, *ticks)
        before = state
    settled(setup, then)


def settled(setup: MeterSetup, then: State) -> None:
    """No tick is lost since `then`, and what is charged is the two registers times their prices."""
    state = setup.state()
    assert setup.board.metrology.read_units(setup.board.now_us) == Energy(setup.setting).units(
        setup.board.now_us
    )
    _, day, night = setup.setting.model.credit.pricing
    day_wh = state.charged_wh - state.charged_night_wh
    assert state.charged_wh == state.booked_units
    assert state.charged_ueur == day_wh * day + state.charged_night_wh * night
    assert state.charged_night_wh == state.night_wh
    balance_law(setup.board, setup.setting.model, then)


@st.composite
def rigs(draw: st.DrawFn) -> tuple[Circumstances, int]:
    """Draw a rich home near a night's edge or a change of clocks, and how long it is watched."""
    start_us = draw(near_boundaries) - draw(st.integers(0, 30)) * HOUR_US
    long_us = draw(st.integers(HOUR_US, 4 * DAY_US))
    start_minute, end_minute = draw(st.sampled_from(NIGHTS))
    hours = Window(
        start_minute=start_minute,
        end_minute=end_minute,
        weekend=draw(st.sampled_from([True, True, False])),
    )
    model = msgspec.structs.replace(draw(st.sampled_from(BI_HOURLY)), night=hours)
    cuts = sorted(draw(st.lists(st.integers(MINUTE_US, long_us), unique=True, max_size=4)))
    return (
        Circumstances(
            start_us=start_us,
            clock_set_us=max(start_us - draw(st.integers(0, 400)) * DAY_US, EPOCH_2000_US),
            clock_error_s=draw(st.integers(-59, 59)),
            drift_ppb=draw(st.integers(-100, 100)) * model.clock.drift_bound_ppb // 100,
            phase_us=draw(st.integers(0, MINUTE_US)),
            balance_cents=RICH_CENTS,
            load=tuple(draw(st.lists(st.integers(0, 9_000), min_size=24, max_size=24))),
            outages=[
                (start_us + lost, start_us + back)
                for lost, back in zip(cuts[::2], cuts[1::2], strict=False)
            ],
            model=model,
            seed=draw(st.integers(0, 2**16)),
        ),
        long_us,
    )


@pytest.mark.slow("lives many stories")
@given(rigs())
def test_each_watt_hour_costs_the_price_of_its_hour_within_the_favour_of_u(rig):
    setting, long_us = rig
    watch(MeterSetup(setting), setting.start_us + long_us)


NEW_YEAR_US = us(datetime(2020, 1, 1, tzinfo=UTC))
DAYS_OF_TWO_YEARS = 366 + 365


@pytest.mark.slow("lives many stories")
@each_cell(
    ("base", "hours"), [(0, NIGHTS[0]), (1, NIGHTS[1]), (2, NIGHTS[2]), (2, NIGHTS[3])], short=2
)
def test_every_day_of_two_years_is_charged_right(base, hours):
    """Looked at every noon and midnight, changes of clocks and weekends included; u is a minute."""
    model = BI_HOURLY[base]
    clock = msgspec.structs.replace(model.clock, drift_bound_ppb=0)
    window = Window(start_minute=hours[0], end_minute=hours[1], weekend=True)
    setting = Circumstances(
        start_us=NEW_YEAR_US,
        clock_set_us=NEW_YEAR_US,
        clock_error_s=-7,
        balance_cents=RICH_CENTS,
        load=tuple(range(200, 4_400, 175)),
        model=msgspec.structs.replace(model, night=window, clock=clock),
    )
    setup = MeterSetup(setting)
    watch(setup, NEW_YEAR_US + DAYS_OF_TWO_YEARS * DAY_US, every_us=DAY_US // 2)
    state = setup.state()
    assert state.health == Health.TRUSTED
    assert state.night_wh > state.charged_wh // 3


# The check can fail -------------------------------------------------------------------------------


class NightsOfUtc(Nights):
    """Takes the hours for UTC: an hour or two late, as a clock read without its zone is."""

    __slots__ = ()

    @override
    def legal_min(self, at_s: int) -> int:
        return at_s // 60


class NightsWithoutWeekend(Nights):
    """Charges Saturdays and Sundays like other days."""

    __slots__ = ()

    @override
    def hours(self, factory: Factory) -> Hours | None:
        found = super().hours(factory)
        return found and found._replace(weekend=False)


class NightsAtLast(Nights):
    """Waits until it is sure that night has begun, and ends it as soon as it may be day."""

    __slots__ = ()

    @override
    def may_run(self, now: Now, factory: Factory) -> bool:
        hour_s = 3_600
        return super().may_run(now._replace(utc_s=now.utc_s - hour_s, uncertainty_s=0), factory)


@each_cell("nights", [NightsOfUtc, NightsWithoutWeekend, NightsAtLast])
def test_the_law_sees_hours_that_are_wrong(nights):
    friday_us = us(datetime(2020, 7, 3, 10, tzinfo=UTC))
    setting = Circumstances(
        start_us=friday_us,
        clock_set_us=friday_us,
        balance_cents=RICH_CENTS,
        load=(2_000,) * 24,
        model=BI_HOURLY[0],
    )
    watch(MeterSetup(setting), friday_us + 3 * DAY_US)
    setup = MeterSetup(setting)
    parts = parse_build("reference").parts(setting.model)
    wrong = replace(parts, nights=nights(parts.calendar, parts.zone, parts.week))
    setup.run_on(lambda ports: Program(ports, wrong, dialogues()))
    with pytest.raises(AssertionError):
        watch(setup, friday_us + 3 * DAY_US)


# Power and edges ----------------------------------------------------------------------------------


@pytest.mark.slow("cuts power at every instant")
@pytest.mark.parametrize("seed", range(2))
def test_a_booking_torn_at_the_edge_loses_nothing(seed):
    """Power goes at every 250 µs of the poll that books the day and begins the night."""
    edge_us = us(datetime(2020, 7, 1, 21, tzinfo=UTC))  # 23:00 in Brussels, a Wednesday
    start_us = edge_us - HOUR_US
    rates = set()
    for cut_us in range(0, 48_000, 250):
        lost_us = edge_us - MINUTE_US + cut_us  # u is a minute: the first look in RTC + u
        setting = Circumstances(
            start_us=start_us,
            clock_set_us=start_us,
            balance_cents=RICH_CENTS,
            load=(7_300,) * 24,
            outages=[(lost_us, lost_us + HOUR_US)],
            model=BI_HOURLY[0],
            seed=seed,
        )
        setup = MeterSetup(setting)
        setup.bench.run_until(lost_us + 1)
        rates.add(setup.state().rate)
        watch(setup, lost_us + 3 * HOUR_US, every_us=HOUR_US)
    assert rates == {Rate.DAY, Rate.NIGHT}  # cut before the save, and after it


@each_cell("model", BI_HOURLY, ids=lambda model: model.rtc_base)
def test_a_mono_hourly_meter_wakes_no_more_often_for_having_night_hours(model):
    """And a bi-hourly one a few times a day."""
    credit = msgspec.structs.replace(model.credit, night_price_ueur_per_wh=None)
    mono = msgspec.structs.replace(model, credit=credit)
    without = msgspec.structs.replace(mono, night=None)
    polls = [polls_of_a_month(kind) for kind in (mono, without, model)]
    assert polls[0] == polls[1] < polls[2] <= polls[0] + 31 * 4


def polls_of_a_month(model: MeterModel) -> int:
    start_us = us(datetime(2020, 10, 1, tzinfo=UTC))
    setting = Circumstances(
        start_us=start_us, clock_set_us=start_us, balance_cents=RICH_CENTS, model=model
    )
    setup = MeterSetup(setting)
    polls = 0

    class Counted(Program):
        """Counts its polls."""

        @override
        def poll(self) -> Sleep | None:
            nonlocal polls
            polls += 1
            return super().poll()

    parts = parse_build("reference").parts(model)
    setup.run_on(lambda ports: Counted(ports, parts, dialogues()))
    setup.bench.run_until(start_us + 31 * DAY_US)
    return polls
