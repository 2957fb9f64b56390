"""The two favours that end by what the meter counts, and the clock that goes on when it is lost."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.firmware.favours import NIGHT_MAX_WH, SHELTER_MAX_MIN
from meter_emu.firmware.layouts import EnergyAccount, Health, Rate, State, StateFlags
from meter_emu.firmware.rules import MeterRules
from meter_emu.firmware.supply import Permission
from meter_emu.resources import built_in
from meter_emu.units import HOUR_US, MINUTE_US, SECOND_US
from meter_emu.world.meter.model import Window, load_model
from meter_emu.world.meter.times import to_us
from meter_emu.zones import TimeZone
from tests.cells import each_cell
from tests.firmware.meters import (
    PARTS,
    START,
    START_US,
    Rig,
    factory,
    now_at,
    seconds,
    seconds_2000,
    state,
)
from tests.rigs import MODEL

BRUSSELS = ZoneInfo("Europe/Brussels")
HOUR_S = 3_600
DAY_S = 86_400
EVENING = seconds(datetime(2020, 7, 1, 18, 0, tzinfo=UTC))  # a Wednesday, in the hours
FRIDAY_US = to_us(datetime(2020, 7, 3, 16, 30, tzinfo=BRUSSELS))
MAX_WH = 671_600  # 9.2 kW for 73 h


def rules(kept, *, units: int = 0, ticks_ms: int = 0, now=None) -> MeterRules:
    at = now_at(EVENING) if now is None else now
    return MeterRules(PARTS, factory(), kept, at, ticks_ms=ticks_ms, register_units=units)


def sheltered(**changes: Any) -> State:
    flags = StateFlags.PREPAYMENT_ON | StateFlags.SHELTERED | StateFlags.LOW_CREDIT_SAID
    facts: dict[str, Any] = {"balance_ueur": -1, "flags": flags}
    return state(**(facts | changes))


# The shelter --------------------------------------------------------------------------------------


@each_cell(
    ("changes", "units", "allowed"),
    [
        ({"sheltered_wh": MAX_WH - 1}, 0, Permission.HOLD),
        ({"sheltered_wh": MAX_WH - 1}, 1, Permission.OPEN),
        ({"sheltered_wh": MAX_WH}, 0, Permission.OPEN),
        ({"sheltered_min": SHELTER_MAX_MIN - 1}, 0, Permission.HOLD),
        ({"sheltered_min": SHELTER_MAX_MIN}, 0, Permission.OPEN),
    ],
)
def test_shelter_ends_by_energy_or_by_time_whichever_is_first(changes, units, allowed):
    assert rules(sheltered(**changes), units=units).standing().permission is allowed


@each_cell(
    ("counted", "powered_from", "ticked_ms", "minutes"),
    [
        (0, 0, 870_044, 0),  # a quarter of an hour, half a minute early
        (0, 0, 870_045, 14),
        (0, 0, 900_045, 15),
        (100, 0, 1_470_074, 0),  # a quarter of what was counted since the power came
        (100, 0, 1_470_075, 24),
        (100, 90, 870_045, 14),
        (SHELTER_MAX_MIN - 400, 0, 5_970_299, 0),  # or of what is left
        (SHELTER_MAX_MIN - 400, 0, 5_970_300, 99),
        (SHELTER_MAX_MIN - 10, 0, 570_030, 9),  # or all of that
        (SHELTER_MAX_MIN - 1, 0, 60_002, 0),  # never what has not passed for certain
        (SHELTER_MAX_MIN - 1, 0, 60_003, 1),
    ],
)
@each_cell("first_ms", [0, 2**32 - 1_000])
def test_time_is_counted_when_a_stretch_has_passed_for_certain(
    counted, powered_from, ticked_ms, minutes, first_ms
):
    """By ticks that may be 50 ppm fast, which wrap."""
    kept = sheltered(
        sheltered_min=counted, powered_from_min=powered_from, sheltered_ticks_ms=first_ms
    )
    rules(kept, ticks_ms=(first_ms + ticked_ms) % 2**32).settle()
    assert kept.sheltered_min == counted + minutes
    certain_ms = -(-minutes * 60_000 * (10**9 + 50_000) // 10**9)
    assert kept.sheltered_ticks_ms == (first_ms + certain_ms) % 2**32


def counts(fails_min: Sequence[int], ppb: int, phase_ms: int) -> Iterator[tuple[int, int]]:
    """Yield after each minute of power what has passed, and what is counted, until it is over.

    Power fails for a moment after so many minutes; a tick is `ppb` fast.
    """
    kept, began_ms = sheltered(), 0
    for minute in range(1, 2 * SHELTER_MAX_MIN):
        if minute in fails_min:
            PARTS.favours.powered_up(kept, 0)
            began_ms = minute * 60_000
        ticks_ms = (minute * 60_000 + phase_ms - began_ms) * (10**9 + ppb) // 10**9
        PARTS.favours.count(kept, factory(), ticks_ms)
        yield minute, kept.sheltered_min
        if kept.sheltered_min >= SHELTER_MAX_MIN:
            return


@pytest.mark.slow("counts each minute of four days, eighteen times")
@each_cell("ppb", [-50_000, 0, 50_000])
@each_cell("phase_ms", [0, 1, 29_999, 30_000, 30_001, 59_999], short=2)
def test_without_a_failure_it_ends_after_96_hours_to_the_minute_and_counts_seldom(ppb, phase_ms):
    seen = list(counts((), ppb, phase_ms))
    assert all(counted <= minute + 1 for minute, counted in seen)
    assert -1 <= seen[-1][0] - SHELTER_MAX_MIN <= 2
    assert len({counted for _, counted in seen}) <= 60  # each quarter of an hour: 384
    for minute, counted in seen:
        assert minute - counted <= max(15, min(counted, SHELTER_MAX_MIN - counted) / 4) + 2


@pytest.mark.slow("counts each minute of four days, eight times")
@each_cell("seed", range(8))
def test_a_failure_costs_a_quarter_of_an_hour_or_a_fifth_of_what_was_since_the_last(seed):
    chance = Random(seed)
    fails = sorted(chance.sample(range(1, 3_000), 4))
    least, before = 0, 0
    seen = dict(counts(fails, 0, 0))
    for minute in fails:
        powered = minute - before - 1
        least += max(0, powered - max(15, powered // 5) - 2)
        assert least <= seen[minute] < minute
        before = minute
    assert max(seen.values()) >= SHELTER_MAX_MIN


def test_any_other_reason_for_supply_sets_the_count_back():
    """A load, a deferral, prepayment off: the night after it is whole again."""
    spent = {"sheltered_wh": 9, "sheltered_min": 9, "powered_from_min": 9}
    ahead = PARTS.ends.accept(Civil(2021, 1, 1, 0, 0), now_at(EVENING))
    for changes in ({"balance_ueur": 1}, {"flags": 0}, {"defer_end": ahead}):
        kept = state(**({"balance_ueur": -1} | spent | changes))
        rules(kept).settle()
        assert (kept.sheltered_wh, kept.sheltered_min, kept.powered_from_min) == (0, 0, 0), changes
    dark = state(balance_ueur=-1, supply=0, **spent)
    rules(dark).settle()
    assert (dark.sheltered_wh, dark.sheltered_min) == (9, 9)


@each_cell(
    ("changes", "hour", "allowed", "counts"),
    [
        ({}, 18, Permission.ALLOW, True),
        ({"sheltered_min": SHELTER_MAX_MIN}, 18, Permission.LIMIT, False),
        ({"sheltered_wh": MAX_WH, "health": Health.LOWER_BOUND}, 18, Permission.LIMIT, False),
        ({"sheltered_min": 9}, 10, Permission.LIMIT, False),
    ],
)
def test_the_shelter_of_who_has_a_limiter_is_counted_and_after_it_there_is_the_limiter(
    changes, hour, allowed, counts
):
    limited = StateFlags.PREPAYMENT_ON | StateFlags.LIMITER_GRANTED
    kept = state(**({"balance_ueur": -1, "flags": limited, "sheltered_wh": 9} | changes))
    wednesday = now_at(
        seconds(datetime(2020, 7, 1, hour, 0, tzinfo=UTC)), health=Health(kept.health)
    )
    assert rules(kept, now=wednesday).settle().permission is allowed
    assert bool(kept.flags & StateFlags.SHELTERED) == counts
    assert kept.sheltered_wh == changes.get("sheltered_wh", 9), "no office day sets it back"
    assert kept.sheltered_min == changes.get("sheltered_min", 0)


def test_a_limiter_gives_full_supply_without_credit_for_96_hours_and_no_more():
    """Without an end it was 9,600 EUR a year at 5 kW; a load brings the hours again."""
    rig = Rig(start_us=FRIDAY_US, balance_cents=0, load=5_000)
    rig.write(Work(limiter=True))
    rig.insert()
    limited_s = 0
    for _ in range(10 * 24):
        rig.run(HOUR_S)
        limited_s += HOUR_S * bool(rig.board.switch.limiter_a)
        assert rig.board.switch.on
    assert 240 - 97 <= limited_s // HOUR_S <= 240 - 95
    rig.write(Work(load_cents=25_000))
    rig.insert()
    rig.run(60)
    assert rig.board.switch.limiter_a == 0, "it has paid what it owed"


def test_a_deferral_within_a_shelter_cuts_no_night_after_it_early():
    rig = Rig(start_us=FRIDAY_US, balance_cents=0, load=400)
    rig.run(60 * HOUR_S)  # Monday morning
    rig.write(Work(defer_until=Civil(2020, 7, 10, 17, 0)))
    rig.insert()
    until_us = to_us(datetime(2020, 7, 13, 7, 59, tzinfo=BRUSSELS))
    rig.bench.run_until(until_us)
    assert rig.board.switch.on, "63 h after T1, in the hours, as a meter without the first shelter"
    rig.run(600)
    assert not rig.board.switch.on


def test_a_pause_of_the_shelter_costs_no_more_than_a_minute_and_a_look():
    """Hours that end in the middle of a stretch: what was used in them is not forgotten."""
    kept = sheltered(sheltered_min=1_000)
    rules(kept, ticks_ms=100 * 60_003).settle()
    assert kept.sheltered_min == 1_000
    day = now_at(seconds(datetime(2020, 7, 2, 10, 0, tzinfo=UTC)))
    rules(kept, ticks_ms=100 * 60_003, now=day).settle()
    assert kept.sheltered_min == 1_100
    assert not kept.flags & StateFlags.SHELTERED


def test_flicker_shorter_than_a_quarter_of_an_hour_leaves_the_energy_to_count():
    flicker = [(at_us, at_us + SECOND_US) for at_us in flickering(FRIDAY_US, 14 * MINUTE_US)]
    rig = Rig(start_us=FRIDAY_US, balance_cents=0, load=2_000, outages=flicker)
    rig.run(2 * HOUR_S)
    assert rig.state.sheltered_min == 0
    assert 3_500 <= rig.state.sheltered_wh <= 4_000


def flickering(from_us: int, each_us: int) -> range:
    return range(from_us + 10 * MINUTE_US, from_us + 2 * HOUR_US, each_us)


def test_a_clock_that_leaves_no_gap_shelters_for_96_hours():
    """From *u* = 4 h on the hours are never certainly over."""
    clock = msgspec.structs.replace(MODEL.clock, drift_bound_ppb=1_000_000)
    model = msgspec.structs.replace(MODEL, clock=clock)
    rig = Rig(model=model, balance_cents=40_800, load=400, start_us=FRIDAY_US)
    rig.run(170 * DAY_S + 95 * HOUR_S)  # so long the credit lasts: u is 14,688 s by then
    assert rig.board.switch.on
    rig.run(2 * HOUR_S)
    assert not rig.board.switch.on


# The model's numbers ------------------------------------------------------------------------------


@each_cell("name", list(built_in("meters")))
def test_the_longest_shelter_of_a_model_holds_any_clock_that_leaves_a_gap(name):
    """In every year; and 96 h of ticks that are 30 % fast are longer."""
    model = load_model(built_in("meters")[name])
    longest_min = max(run_min(model.window, model.zone, year) for year in range(2000, 2100))
    assert longest_min < model.shelter_longest_min <= longest_min + 60
    assert model.shelter_longest_min < SHELTER_MAX_MIN / 1.3


@cache
def run_min(window: Window, zone: TimeZone, year: int) -> float:
    """Return the longest run of a year's hours with u of 3.75 h on both sides, in minutes."""
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(366)]
    work = [day for day in days if not (window.weekend and day.weekday() >= 5)]
    longest = timedelta()
    for before, after in pairwise(work):
        starts = datetime(before.year, before.month, before.day, tzinfo=zone.info)
        stops = datetime(after.year, after.month, after.day, tzinfo=zone.info)
        starts += timedelta(minutes=window.start_minute)
        stops += timedelta(minutes=window.end_minute)
        longest = max(longest, stops.astimezone(UTC) - starts.astimezone(UTC))
    return longest / timedelta(minutes=1) + 2 * 3.75 * 60


# The night price in doubt -------------------------------------------------------------------------


@each_cell(
    ("used_wh", "units", "rate"),
    [
        (NIGHT_MAX_WH - 1, 0, Rate.NIGHT),
        (NIGHT_MAX_WH - 1, 1, Rate.DAY),
        (NIGHT_MAX_WH, 0, Rate.DAY),
    ],
)
@each_cell("before_wh", [0, 2**32 - 7])
def test_the_night_price_in_doubt_ends_after_its_energy(used_wh, units, rate, before_wh):
    nights = {"night_start_minute": 1_320, "night_end_minute": 420, "flags": 0x1F}
    kept = state(
        night_price_ueur_per_wh=100,
        health=Health.LOWER_BOUND,
        doubted_from_wh=before_wh,
        untimed_wh=(before_wh + used_wh) % 2**32,
    )
    now = now_at(seconds(datetime(2020, 7, 1, 10, 0, tzinfo=UTC)), health=Health.LOWER_BOUND)
    rig = MeterRules(PARTS, factory(**nights), kept, now, ticks_ms=0, register_units=units)
    assert rig.rate() is rate


# A lost clock -------------------------------------------------------------------------------------


def armed(cut: Civil, **facts) -> Rig:
    rig = Rig(**facts)
    rig.write(Work(cut_at=cut))
    rig.insert()
    return rig


def test_a_lost_clock_goes_on_at_once_and_its_end_comes_late_by_the_time_without_power():
    out_us = (START_US + HOUR_US, START_US + 42 * 24 * HOUR_US)
    rig = armed(Civil(2020, 7, 3, 23, 1), outages=[out_us])
    rig.bench.run_until(out_us[1] + MINUTE_US)
    assert (rig.state.health, rig.state.lost_by) == (Health.LOWER_BOUND, Health.LOW_VOLTAGE)
    t2_us = to_us(datetime(2020, 7, 3, 23, 1, tzinfo=BRUSSELS))
    rig.bench.run_until(t2_us + out_us[1] - out_us[0] + 24 * HOUR_US)
    (opened_us,) = (at_us for at_us, on in rig.board.moves if not on)
    assert 0 <= opened_us - t2_us - (out_us[1] - out_us[0]) < 24 * HOUR_US


def test_each_power_failure_of_a_dead_reserve_costs_a_quarter_of_an_hour_at_most():
    clock = msgspec.structs.replace(MODEL.clock, backup_days=0)
    model = msgspec.structs.replace(MODEL, clock=clock)
    outages = [(START_US + n * HOUR_US, START_US + n * HOUR_US + SECOND_US) for n in range(1, 25)]
    rig = armed(Civil(2020, 7, 3, 23, 1), model=model, outages=outages)
    rig.run(24 * HOUR_S + 60)
    lost_s = rig.board.now_us // SECOND_US - (rig.state.last_time_s + 946_684_800)
    assert rig.state.health == Health.LOWER_BOUND
    assert 0 <= lost_s <= 24 * 15 * 60 + HOUR_S + 200  # the first, what a trusted clock forgets


@pytest.mark.parametrize("lost_before", [False, True])
def test_an_end_that_was_seen_is_not_ahead_again_after_the_clock_is_lost(lost_before):
    """The same T1 comes on another card: it was seen four minutes before the power failed."""
    model = msgspec.structs.replace(
        MODEL, clock=msgspec.structs.replace(MODEL.clock, backup_days=0)
    )
    t1_us = START_US + 67 * MINUTE_US
    first_us = START_US + 30 * MINUTE_US  # a lower bound is half an hour behind from here on
    outages = [(first_us, first_us + SECOND_US)] if lost_before else []
    out_us = t1_us + (30 * MINUTE_US if lost_before else 0) + 4 * MINUTE_US
    rig = Rig(model=model, outages=[*outages, (out_us, out_us + SECOND_US)])
    for load_cents in (0, 500):
        rig.write(Work(defer_until=Civil(2020, 7, 1, 13, 7), load_cents=load_cents))
        rig.insert()
        rig.bench.run_until(out_us + MINUTE_US)
        assert rig.state.health == Health.LOWER_BOUND
        assert rig.state.account == EnergyAccount.CHARGED
        assert rig.state.flags & StateFlags.DEFERRAL_OVER


def test_a_lower_bound_is_never_before_the_instant_it_was_set_to():
    """And so never before an end that its predecessor has seen, not by the second of a register."""
    trust, set_s = PARTS.trust, seconds_2000(START)
    kept = state(health=Health.LOWER_BOUND, clock_set_s=set_s, set_error_s=2)
    u_s = [
        trust.uncertainty_s(START_US // SECOND_US + after, kept, factory()) for after in range(5)
    ]
    assert u_s == [0, 1, 2, 3, 3]  # 2 s and the drift, rounded up


@pytest.mark.parametrize("held_back", [True, False])
def test_a_chip_that_takes_no_time_does_not_wear_the_memory_out(held_back):
    rig = armed(Civil(2020, 7, 3, 23, 1))
    if held_back:
        rig.board.rtc_write = lambda at, data: None  # type: ignore[method-assign]
    rig.board.rtc.voltage_low()
    rig.run(600)
    before = rig.state.sequence
    rig.run(6 * HOUR_S)
    assert rig.state.sequence - before <= 24 + 1  # a quarter of an hour, or nothing
