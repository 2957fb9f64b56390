"""The order gate: each refusal by an order that deserves just that one, and what obeying does.

Orders are records here and go through the dialogue's translation, so tokens and flags are real.
"""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.formats.budget import (
    DESK,
    GENERATION,
    NO_MAC,
    NO_TOKEN,
    DeskRecord,
    OrderFlags,
    reactivation_token,
)
from card_protocol.formats.budget.generations import order_mac
from card_protocol.keys import Key
from card_protocol.timestamp import Civil, encode_bcd_minute
from meter_emu.domain import Result
from meter_emu.firmware.dialogues.budget import order_said, tariff_said
from meter_emu.firmware.layouts import NO_END, State, StateFlags
from tests.cells import each_cell
from tests.firmware.meters import METER_ID, NEIGHBOURS, PARTS, factory, now_at, seconds, state

GATE = PARTS.gate
ENDS = PARTS.ends
KEY = Key(factory().key_reactivation)
DESK_KEY = Key(factory().key_desk_record)
BRUSSELS = ZoneInfo("Europe/Brussels")
T1 = Civil(2020, 6, 30, 9, 0)
T2 = Civil(2020, 7, 3, 23, 1)


def order(
    number: int = 6,
    defer_until: Civil | bytes | None = T1,
    cut_at: Civil | bytes | None = T2,
    **changes: Any,
) -> DeskRecord:
    plain = DeskRecord(
        DESK.magic,
        GENERATION,
        OrderFlags.PREPAYMENT_ON,
        0,
        0,
        number,
        field(defer_until),
        field(cut_at),
        NO_TOKEN,
        1,
        250,
        250,
        1000,
        0,
        0,
        DESK.erased("reserved"),
        NO_MAC,
    )
    return replace(plain, **changes)


def executed(record: DeskRecord) -> State:
    """The state of a meter that has executed an order."""
    mac = order_mac(DESK_KEY, METER_ID, record)
    return state(order_number=record.order_number, order_mac=mac)


def field(when: Civil | bytes | None) -> bytes:
    """Return what stands in a date field: bytes that are no date go in as they are."""
    return when if isinstance(when, bytes) else encode_bcd_minute(when)


def reactivation(number: int = 6, **changes: Any) -> DeskRecord:
    token = reactivation_token(KEY, METER_ID, number)
    return replace(order(number, None, None, token=token), **changes)


def judge(
    asked: DeskRecord,
    kept: State | None = None,
    *,
    limited: bool = True,
    nights: bool = True,
) -> Result:
    kept = executed(order(5)) if kept is None else kept
    before = replace(kept)
    said, prices = order_said(asked, DESK_KEY, KEY, METER_ID), tariff_said(asked)
    result = GATE.judge(said, prices, kept, limited=limited, nights=nights)
    assert kept == before, "judging changes nothing"
    return result


# Each order deserves its own answer and no other --------------------------------------------------

ANSWERS = {
    "both items": (order(), Result.EXECUTED),
    "T1 only": (order(cut_at=None), Result.EXECUTED),
    "T2 only": (order(defer_until=None), Result.EXECUTED),
    "neither": (order(defer_until=None, cut_at=None), Result.EXECUTED),
    "T2 at T1": (order(defer_until=T2), Result.EXECUTED),
    "29 February": (order(defer_until=None, cut_at=Civil(2024, 2, 29, 0, 0)), Result.EXECUTED),
    "both flags": (order(flags=3), Result.EXECUTED),
    "no flag": (order(flags=0), Result.EXECUTED),
    "a reactivation": (reactivation(), Result.EXECUTED),
    "a gap of numbers": (order(4_000_000_000), Result.EXECUTED),
    "the order executed last": (order(5), Result.ALREADY_EXECUTED),
    "a reactivation of its number": (reactivation(5), Result.ANOTHER_ORDER),
    "other dates of its number": (order(5, T2, T2), Result.ANOTHER_ORDER),
    "another tariff of its number": (order(5, price_ueur_per_wh=300), Result.ANOTHER_ORDER),
    "more money, the same order": (
        order(5, loaded_cents=500, load_count=1, issued_at_min=9), Result.ALREADY_EXECUTED,
    ),
    "a number below": (order(4), Result.STALE_ORDER),
    "a reactivation below": (reactivation(4), Result.STALE_ORDER),
    "no order on a card": (order(0), Result.STALE_ORDER),
    "a token of another number": (
        reactivation(token=reactivation_token(KEY, METER_ID, 7)), Result.BAD_TOKEN,
    ),
    "a token of another meter": (
        reactivation(token=reactivation_token(KEY, METER_ID + 1, 6)), Result.BAD_TOKEN,
    ),
    "a token of nothing": (reactivation(token=bytes(8)), Result.BAD_TOKEN),
    "a token with T1": (reactivation(defer_until=encode_bcd_minute(T1)), Result.BAD_FORMAT),
    "a token with T2": (reactivation(cut_at=encode_bcd_minute(T2)), Result.BAD_FORMAT),
    "an unknown flag": (order(flags=0x05), Result.BAD_FORMAT),
    "the highest flag": (order(flags=0x81), Result.BAD_FORMAT),
    "31 February": (order(cut_at=Civil(2021, 2, 31, 0, 0)),
                    Result.BAD_DATE),
    "29 February 2021": (order(defer_until=Civil(2021, 2, 29, 9, 0), cut_at=None),
                         Result.BAD_DATE),
    "31 June": (order(cut_at=Civil(2020, 6, 31, 9, 0)), Result.BAD_DATE),
    "a nibble above 9": (order(cut_at=bytes.fromhex("20070a2301")), Result.BAD_DATE),
    "24:00": (order(cut_at=bytes.fromhex("2007032400")), Result.BAD_DATE),
    "month 13": (order(defer_until=bytes.fromhex("2013010900")), Result.BAD_DATE),
    "T2 before T1": (order(cut_at=T1._replace(hour=8)), Result.CUT_BEFORE_DEFERRAL),
    "T2 a minute before T1": (order(defer_until=T2._replace(minute=2)),
                              Result.CUT_BEFORE_DEFERRAL),
}  # fmt: skip


@each_cell("what", ANSWERS)
def test_each_order_gets_the_answer_it_deserves(what):
    asked, result = ANSWERS[what]
    assert judge(asked) is result


def test_every_answer_the_gate_can_give_is_in_the_table():
    given_answers = {result for _, result in ANSWERS.values()} | {Result.NONE}
    assert given_answers == {
        Result.NONE,
        Result.EXECUTED,
        Result.ALREADY_EXECUTED,
        Result.STALE_ORDER,
        Result.ANOTHER_ORDER,
        Result.BAD_TOKEN,
        Result.BAD_DATE,
        Result.BAD_FORMAT,
        Result.CUT_BEFORE_DEFERRAL,
    }


def test_a_card_and_a_meter_that_never_saw_an_order_have_none():
    assert judge(order(0), state(order_number=0)) is Result.NONE


def test_the_number_alone_says_what_is_new():
    for asked, done in product(NEIGHBOURS, repeat=2):
        if asked > done:
            want = Result.EXECUTED
        elif asked < done:
            want = Result.STALE_ORDER
        else:
            want = Result.ALREADY_EXECUTED if done else Result.NONE
        assert judge(order(asked), executed(order(done))) is want, (asked, done)


@given(st.binary(min_size=5, max_size=5), st.binary(min_size=5, max_size=5))
def test_freshness_is_never_judged_by_dates(defer_until, cut_at):
    """An order already executed, or stale, is that whatever its dates say."""
    again = order(5, defer_until=defer_until, cut_at=cut_at)
    assert judge(again, executed(again)) is Result.ALREADY_EXECUTED
    assert judge(replace(again, order_number=4)) is Result.STALE_ORDER


# Dates across a change of clocks ------------------------------------------------------------------


def later_instant(when: Civil) -> datetime:
    naive = datetime(*when, tzinfo=BRUSSELS)
    return max(naive.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


FOLD = [Civil(2020, 10, 25, hour, minute) for hour in (1, 2, 3) for minute in (0, 29, 30, 59)]
GAP = [Civil(2020, 3, 29, hour, minute) for hour in (1, 2, 3, 4) for minute in (0, 29, 30, 59)]


@each_cell(("defer_until", "cut_at"), [*product(FOLD, FOLD), *product(GAP, GAP)])
def test_t2_and_t1_are_compared_as_later_instants_across_a_change_of_clocks(defer_until, cut_at):
    early = later_instant(cut_at) < later_instant(defer_until)
    want = Result.CUT_BEFORE_DEFERRAL if early else Result.EXECUTED
    assert judge(order(defer_until=defer_until, cut_at=cut_at)) is want


@each_cell("when", [*FOLD, *GAP, T1, T2])
def test_an_end_is_kept_as_its_later_instant_and_shown_as_it_was_announced(when):
    end = ENDS.accept(when, now_at(0))
    assert ENDS.understood(end) == when
    instant_s = seconds(later_instant(when))
    for offset_s in (-1, 0, 1):
        now, unsure = now_at(instant_s + offset_s), now_at(instant_s + offset_s, u=60)
        assert ENDS.wait_s(end, now) == -offset_s
        assert ENDS.wait_s(end, unsure) == 60 - offset_s
        assert ENDS.due(end, now) == (offset_s >= 0)
        assert not ENDS.due(end, unsure)


def test_a_limiter_is_granted_only_where_there_is_one():
    granted = order(flags=OrderFlags.PREPAYMENT_ON | OrderFlags.LIMITER_GRANTED)
    assert judge(granted) is Result.EXECUTED
    assert judge(granted, limited=False) is Result.NO_LIMITER
    assert judge(order(), limited=False) is Result.EXECUTED


def test_no_end_never_comes():
    assert ENDS.accept(None, now_at(0)) == NO_END
    assert not ENDS.armed(NO_END)
    assert ENDS.understood(NO_END) is None


# Obeying ------------------------------------------------------------------------------------------


def obey(asked: DeskRecord, kept: State) -> State:
    said, prices = order_said(asked, DESK_KEY, KEY, METER_ID), tariff_said(asked)
    judged = GATE.judge(said, prices, kept, limited=True, nights=True)
    assert judged is Result.EXECUTED
    GATE.apply(said, prices, kept, now_at(0))
    return kept


ENDS_OF = [None, T1, T2]


@each_cell(("defer_until", "cut_at", "latched"), list(product(ENDS_OF, ENDS_OF, (False, True))))
def test_a_reactivation_clears_both_items_and_the_latch_whatever_the_dates(
    defer_until, cut_at, latched
):
    flags = StateFlags.PREPAYMENT_ON | (StateFlags.CUT_LATCHED if latched else 0)
    armed = state(
        order_number=5,
        flags=flags,
        defer_end=ENDS.accept(defer_until, now_at(0)),
        cut_end=ENDS.accept(cut_at, now_at(0)),
    )
    kept = obey(reactivation(), armed)
    assert (kept.defer_end, kept.cut_end) == (NO_END, NO_END)
    assert kept.flags == StateFlags.PREPAYMENT_ON


def test_a_reactivation_clears_even_what_no_calendar_has():
    armed = state(order_number=5, defer_end=bytes(12), cut_end=bytes.fromhex("ab" * 12))
    kept = obey(reactivation(), armed)
    assert (kept.defer_end, kept.cut_end) == (NO_END, NO_END)


@each_cell("dates", [(T1, T2), (None, T2), (T1, None), (None, None)])
def test_a_dated_order_replaces_both_items_and_leaves_the_latch(dates):
    flags = StateFlags.PREPAYMENT_ON | StateFlags.CUT_LATCHED
    armed = state(
        order_number=5,
        flags=flags,
        defer_end=ENDS.accept(T2, now_at(0)),
        cut_end=ENDS.accept(T2, now_at(0)),
    )
    kept = obey(order(6, *dates), armed)
    assert (ENDS.understood(kept.defer_end), ENDS.understood(kept.cut_end)) == dates
    assert kept.flags == flags


@each_cell(
    ("asked", "before", "other"),
    list(product(range(4), range(4), (0, StateFlags.LOW_CREDIT_SAID))),
)
def test_the_order_sets_its_two_switches_and_no_other_flag(asked, before, other):
    kept = obey(order(flags=asked), state(order_number=5, flags=before | other))
    assert kept.flags == asked | other


def test_an_order_brings_its_number_and_its_tariff():
    asked = order(70, tariff_number=9, price_ueur_per_wh=275, night_price_ueur_per_wh=190)
    kept = obey(asked, state(order_number=5))
    assert (kept.order_number, kept.tariff_number) == (70, 9)
    assert kept.order_mac == order_mac(DESK_KEY, METER_ID, asked)
    assert (kept.price_ueur_per_wh, kept.night_price_ueur_per_wh) == (275, 190)


# night price with a day's of 250, does the meter have night hours: what becomes of it
PRICES = [
    (250, True, Result.EXECUTED),
    (250, False, Result.EXECUTED),
    (180, True, Result.EXECUTED),
    (180, False, Result.NO_NIGHT_HOURS),
    (251, True, Result.BAD_FORMAT),
    (251, False, Result.BAD_FORMAT),
    (0, True, Result.BAD_FORMAT),
]


@each_cell(("night_price", "nights", "result"), PRICES)
def test_a_night_price_takes_night_hours_and_is_the_lower_one(night_price, nights, result):
    assert judge(order(night_price_ueur_per_wh=night_price), nights=nights) is result


@pytest.mark.parametrize("nothing", ["price_ueur_per_wh", "mwh_per_unit"])
def test_energy_is_never_for_nothing(nothing: str) -> None:
    zero: dict[str, Any] = {nothing: 0}
    assert judge(order(**zero)) is Result.BAD_FORMAT


@given(
    st.sampled_from([what for what, (_, answer) in ANSWERS.items() if answer is Result.EXECUTED])
)
def test_what_was_executed_is_already_executed(what):
    asked = ANSWERS[what][0]
    kept = obey(asked, state(order_number=5))
    assert judge(asked, kept) is Result.ALREADY_EXECUTED
