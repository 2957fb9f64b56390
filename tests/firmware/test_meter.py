"""The rules over one state at one moment, against what `docs/decisions/` says of them."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from card_protocol.timestamp import Civil
from meter_emu.domain import Result
from meter_emu.firmware.layouts import (
    NO_END,
    EventCode,
    Factory,
    FactoryFlags,
    Health,
    State,
    StateFlags,
    Supply,
    masks_of,
)
from meter_emu.firmware.rules import MeterRules
from meter_emu.firmware.supply import Block, Permission, Shield
from meter_emu.firmware.trust import Now
from meter_emu.ports import Sleep
from tests.cells import each_cell
from tests.firmware.meters import PARTS, START, factory, now_at, seconds, state

U_S = 60
HEALTHS = (Health.TRUSTED, Health.LOWER_BOUND, Health.DISPUTED, Health.LOW_VOLTAGE)
DATED = (Health.TRUSTED, Health.LOWER_BOUND, Health.DISPUTED)
NOON = seconds(START)  # in Brussels, a Wednesday: outside the non-disconnection period
EVENING = NOON + 6 * 3600  # inside it
LOW_UEUR = factory().low_credit_cents * 10_000


def meter(kept: State, now: Now, *, record: Factory | None = None, units: int = 0) -> MeterRules:
    record = factory() if record is None else record
    return MeterRules(PARTS, record, kept, now, ticks_ms=0, register_units=units)


def end_at(at_s: int) -> bytes:
    """Return an end at an instant; the civil time next to it decides nothing."""
    return PARTS.ends.accept(Civil(2020, 7, 1, 0, 0), now_at(at_s), at_s // 60)


def flags_of(**named: bool) -> int:
    return sum(masks_of(StateFlags)[name] for name, on in named.items() if on)


# What is computed ---------------------------------------------------------------------------------


def allowed(*, latched: bool, broke: bool, deferred: bool, sheltered: bool, limited: bool) -> str:
    """The oracle: the rules of `docs/decisions/supply.md`, one after the other."""
    if latched:
        answer = "OPEN"
    elif not broke or deferred:
        answer = "ALLOW"
    else:
        answer = "HOLD" if sheltered else "OPEN"
    return {"OPEN": "LIMIT", "HOLD": "ALLOW"}.get(answer, answer) if limited else answer


@pytest.mark.slow("asks each of thousands of states")
@each_cell("health", HEALTHS)
@each_cell("at_s", [NOON, NOON - 1, EVENING])
def test_what_a_home_is_allowed_follows_from_its_facts_alone(at_s, health):
    """T1 none, past, come at this very second or one later, and to come."""
    ends_s = (None, at_s // 60 * 60 - 120, at_s // 60 * 60 - 60, at_s // 60 * 60)
    facts = product(ends_s, (0, 1), (1, 0, -1), *((False, True),) * 4)
    for end_s, debt_ueur, balance_ueur, latched, over, prepaid, limited in facts:
        kept = state(
            flags=flags_of(
                CUT_LATCHED=latched,
                DEFERRAL_OVER=over,
                PREPAYMENT_ON=prepaid,
                LIMITER_GRANTED=limited,
            ),
            defer_end=NO_END if end_s is None else end_at(end_s),
            emergency_debt_ueur=debt_ueur,
            balance_ueur=balance_ueur,
        )
        rig = meter(kept, now_at(at_s, u=U_S, health=health))
        come = end_s is not None and at_s - U_S >= end_s and health in DATED
        deferred = end_s is not None and not come and not over
        sheltered = (at_s == EVENING or health is not Health.TRUSTED) and not debt_ueur
        broke = prepaid and balance_ueur <= 0
        assert rig.deferral_holds() == deferred
        standing = rig.standing()
        assert standing.balance_ueur == balance_ueur
        assert standing.blocks == Block.PROGRAMMED * latched | Block.CREDIT * broke
        assert rig.shields() == (
            Shield.DEFERRAL * deferred
            | Shield.WINDOW * sheltered
            | Shield.PREPAYMENT_OFF * (not prepaid)
        )
        assert (
            standing.permission
            is Permission[
                allowed(
                    latched=latched,
                    broke=broke,
                    deferred=deferred,
                    sheltered=sheltered,
                    limited=limited,
                )
            ]
        )


@each_cell("health", HEALTHS)
@each_cell("late_s", [-1, 0, 1])
def test_an_end_is_taken_down_for_good_from_its_own_second_on(late_s, health):
    at_s = NOON + U_S + late_s
    come = late_s >= 0 and health in DATED
    for field, flag in (("defer_end", "DEFERRAL_OVER"), ("cut_end", "CUT_LATCHED")):
        kept = state(**{field: end_at(NOON)})
        meter(kept, now_at(at_s, u=U_S, health=health)).settle()
        assert kept.flags == flags_of(PREPAYMENT_ON=True, **{flag: come})
        meter(kept, now_at(at_s - 86_400, health=Health.BACKWARDS)).settle()
        assert kept.flags == flags_of(PREPAYMENT_ON=True, **{flag: come})


# The one who set a clock at the meter knew better than an office; other clocks follow it.
BEHIND = [
    (Health.TRUSTED, 86_400, False),
    (Health.DISPUTED, 86_400, False),
    (Health.LOWER_BOUND, 0, False),
    (Health.LOWER_BOUND, 1, True),
    (Health.LOW_VOLTAGE, -86_400, True),
]


@each_cell(("health", "ahead_s", "behind"), BEHIND)
def test_a_clock_that_nobody_has_set_here_is_behind_the_desk_s_last_word(health, ahead_s, behind):
    rig = meter(state(), now_at(NOON - ahead_s, u=U_S, health=health))
    known_s = max(NOON, seconds(START) - state().set_error_s)
    bound_s = rig.parts.trust.lower_bound_s(NOON, rig.now, rig.state, rig.factory)
    assert bound_s == (known_s if behind else None)


@each_cell("health", HEALTHS)
@each_cell("beyond_s", [-1, 0, 1, 60])
def test_a_stamp_is_refused_when_it_is_a_quarter_of_an_hour_beyond_what_the_clock_may_be_wrong(
    beyond_s, health
):
    kept = state()
    rig = meter(kept, now_at(NOON, u=U_S, health=health))
    set_here = health in (Health.TRUSTED, Health.DISPUTED)
    refused = set_here and beyond_s > 0
    said = rig.judge_stamp(NOON + U_S + 15 * 60 + beyond_s)
    assert said is (Result.STAMP_AHEAD if refused else Result.NONE)
    assert rig.now.health is (Health.DISPUTED if refused else health)
    assert rig.now.utc_s == NOON, "no stamp moves it"


def test_one_stamp_disputes_a_clock_once():
    """A clock card has settled it since: the office was wrong. A later stamp is another matter."""
    kept = state()
    far_s = NOON + 3 * 86_400
    rig = meter(kept, now_at(NOON, u=U_S))
    for stamp_s, health in (
        (far_s, Health.DISPUTED),
        (far_s, Health.TRUSTED),
        (far_s - 86_400, Health.TRUSTED),
        (far_s + 60, Health.DISPUTED),
    ):
        kept.health = Health.TRUSTED
        rig.now = now_at(NOON, u=U_S)
        assert rig.judge_stamp(stamp_s) is Result.STAMP_AHEAD
        assert (rig.now.health, kept.health) == (health, health)


@each_cell("health", HEALTHS)
@each_cell(
    ("balance_ueur", "beeps"),
    [(LOW_UEUR + 1, False), (LOW_UEUR, True), (1, True), (0, False), (-1, False)],
)
def test_low_credit_beeps_once_while_there_still_is_some(balance_ueur, beeps, health):
    kept = state(balance_ueur=balance_ueur)
    for expected in (beeps, False):
        rig = meter(kept, now_at(NOON, health=health))
        rig.settle()
        assert rig.beeping == expected
        assert bool(kept.flags & StateFlags.LOW_CREDIT_SAID) == beeps


# seconds since 2000, detail; and the eight bytes of the entry
NOTES = [
    (0, 0, "00000000 06 000000"),
    (59, 1, "00000000 06 000001"),
    (60, 0xFFFFFE, "00000001 06 fffffe"),
    (86_400, 0xFFFFFF, "000005a0 06 ffffff"),
    (86_400, 0x1000000, "000005a0 06 ffffff"),  # as much as fits
    (-1, 2, "ffffffff 06 000002"),  # no time that could be journalled
]


@each_cell(("since_2000_s", "detail", "entry"), NOTES)
def test_an_event_is_minute_code_and_detail_and_pushes_the_oldest_out(since_2000_s, detail, entry):
    before = bytes(range(64))
    kept = state(events=before)
    now = now_at(seconds(datetime(2000, 1, 1, tzinfo=UTC)) + since_2000_s)
    meter(kept, now).note(EventCode.ORDER_EXECUTED, detail)
    assert kept.events == bytes.fromhex(entry) + before[:-8]


# When to look again -------------------------------------------------------------------------------


def settled(kept: State, now: Now, record: Factory, units: int) -> tuple[State, bool]:
    """Return what a poll makes of a state: all that can be due, and the beep."""
    after = replace(kept)
    rig = meter(after, now, record=record, units=units)
    rig.settle()
    return after, rig.beeping


def slept(rig: MeterRules, at_most_s: int) -> Sleep | None:
    return rig.sleep(rig.standing(), at_most_s=at_most_s)


def read_at(at_s: int, kept: State, record: Factory, health: Health) -> Now:
    """Return what a clock shows, as far off as the state says."""
    return now_at(at_s, u=PARTS.trust.uncertainty_s(at_s, kept, record), health=health)


DAY = st.integers(NOON, NOON + 4 * 86_400)  # Wednesday to Sunday
ENDS = st.none() | DAY
NIGHTS = FactoryFlags.NIGHT_ON | FactoryFlags.WINDOW_ON | FactoryFlags.WINDOW_WEEKEND
MODELS = [
    factory(),
    factory(flags=NIGHTS, night_start_minute=1320, night_end_minute=420),
    factory(flags=0),
]


def waiting(at_s: int, **changes: Any) -> dict[str, Any]:
    """Return a home that waits for one thing alone."""
    plain = {
        "ends_s": (None, None),
        "balance_ueur": 50_000_000,
        "night_price": 250,
        "debt_ueur": 0,
        "flags": StateFlags.PREPAYMENT_ON,
        "health": Health.TRUSTED,
        "record": MODELS[1],
    }
    return {"at_s": at_s, **plain, **changes}


@pytest.mark.slow("a meter in each example")
@example(**waiting(NOON + 18 * 3600, balance_ueur=0))  # the morning takes its shelter away
@example(**waiting(NOON, night_price=100))  # the night begins
@example(**waiting(NOON + 18 * 3600, night_price=100))  # and ends
@example(**waiting(NOON, ends_s=(NOON + 7_200, None), balance_ueur=0))
@example(**waiting(NOON, ends_s=(None, NOON + 7_200)))
@settings(max_examples=200)
@given(
    at_s=DAY,
    ends_s=st.tuples(ENDS, ENDS),
    balance_ueur=st.sampled_from([-1, 0, 1, LOW_UEUR, LOW_UEUR + 1, 50_000_000]),
    night_price=st.sampled_from([100, 250]),
    debt_ueur=st.sampled_from([0, 1]),
    flags=st.integers(0, 15),
    health=st.sampled_from([Health.TRUSTED, *HEALTHS]),
    record=st.sampled_from(MODELS),
)
def test_nothing_is_due_before_the_hint_by_clock_or_by_register(
    at_s, ends_s, balance_ueur, night_price, debt_ueur, flags, health, record
):
    defer_end, cut_end = (NO_END if end is None else end_at(end) for end in ends_s)
    kept = state(
        defer_end=defer_end,
        cut_end=cut_end,
        balance_ueur=balance_ueur,
        night_price_ueur_per_wh=night_price,
        emergency_debt_ueur=debt_ueur,
        flags=flags,
        health=health,
    )
    now = read_at(at_s, kept, record, health)
    kept, _ = settled(kept, now, record, 0)
    hint = slept(meter(kept, now, record=record), 86_400)
    assert isinstance(hint, Sleep)
    assert hint.until_second is not None
    wait_s = hint.until_second - at_s % 86_400
    assert 1 <= wait_s <= 86_400 - at_s % 86_400
    for waited_s in {*range(1, wait_s, 1_800), *range(max(1, wait_s - 3), wait_s)}:
        then = read_at(at_s + waited_s, kept, record, health)
        assert settled(kept, then, record, 0) == (kept, False)
    if hint.until_units is None:
        return
    assert settled(kept, now, record, hint.until_units - 1) == (kept, False)
    after, beeping = settled(kept, now, record, hint.until_units)
    broke = (
        meter(after, now, record=record, units=hint.until_units).standing().blocks & Block.CREDIT
    )
    assert beeping or broke or after != kept


@pytest.mark.parametrize(
    ("supply", "wakes"), [(Supply.CONNECTED, True), (Supply.DISCONNECTED, False)]
)
def test_the_window_wakes_no_home_that_is_dark_for_want_of_credit(supply, wakes):
    """It takes supply away where there is some, and gives none back."""
    before_its_end = now_at(NOON + 18 * 3600)
    hint = slept(meter(state(balance_ueur=0, supply=supply), before_its_end), 86_400)
    assert isinstance(hint, Sleep)
    assert hint.until_second is not None
    assert (hint.until_second < 86_400) == wakes


def test_a_clock_that_shows_no_time_gives_no_hint():
    unread = Now(0, 0, Health.IMPOSSIBLE_DATE, None, 0)
    assert slept(meter(state(), unread), 86_400) is None


@each_cell("at_most_s", [0, 1, 30, 86_400])
def test_a_wait_is_as_long_as_may_be_and_never_nothing(at_most_s):
    hint = slept(meter(state(), now_at(NOON)), at_most_s)
    assert isinstance(hint, Sleep)
    assert hint.until_second is not None
    midnight_s = 86_400 - NOON % 86_400
    assert hint.until_second - NOON % 86_400 == max(1, min(at_most_s, midnight_s))
