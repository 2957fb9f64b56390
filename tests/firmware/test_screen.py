"""The display: everything fits its 64 places, and says what is so."""

from itertools import product

import pytest

from card_protocol.timestamp import Civil
from meter_emu.domain import Result
from meter_emu.firmware import screen
from meter_emu.firmware.layouts import Health, Rate, StateFlags, Supply
from meter_emu.firmware.rules import MeterRules
from meter_emu.firmware.trust import Now
from meter_emu.ports import Lamp
from tests.cells import each_cell
from tests.firmware.meters import PARTS, START, factory, now_at, seconds, state

DISPLAY_PLACES = 64  # meter_emu.ports: "up to 64 ASCII characters"
T1 = Civil(2020, 6, 30, 9, 0)
T2 = Civil(2020, 7, 3, 23, 1)
EURO = 1_000_000
S64 = 2**63
PAGE_COUNT = 7
PRICE_PAGE = 5


def meter(now: Now | None = None, **changes: object) -> MeterRules:
    now = now_at(seconds(START), u=60) if now is None else now
    return MeterRules(PARTS, factory(), state(**changes), now, ticks_ms=0, register_units=0)


def meters() -> list[MeterRules]:
    """Return a meter in every state the resting screen distinguishes, and at every length."""
    return [
        meter(supply=supply, flags=flags, cut_end=cut_end, balance_ueur=balance_ueur)
        for supply, flags, cut_end, balance_ueur in product(
            Supply,
            range(16),
            (PARTS.ends.accept(None, now_at(0)), PARTS.ends.accept(T2, now_at(0))),
            (-S64, -EURO, 0, EURO, S64 - 1),
        )
    ]


def test_the_longest_word_on_a_card_fits_beside_every_resting_screen():
    longest = max((screen.card_line(result) for result in Result), key=len)
    texts = {screen.status(rig, rig.standing()) for rig in meters()}
    assert max(len(f"{text} | {longest}") for text in texts) <= DISPLAY_PLACES


def test_every_text_is_ascii_and_not_empty():
    texts = {screen.status(rig, rig.standing()) for rig in meters()} | {
        screen.card_line(result) for result in Result
    }
    for text in texts:
        assert text
        assert text.isascii()


def test_a_refused_card_shows_its_code_in_hex():
    for result in Result:
        assert screen.card_line(result).split()[:2] == ["CARD", f"{result.value:02X}"]


CUT = StateFlags.PREPAYMENT_ON | StateFlags.CUT_LATCHED
LIMITED = StateFlags.PREPAYMENT_ON | StateFlags.LIMITER_GRANTED
RESTING = [
    ({"supply": Supply.CONNECTED}, "CREDIT 50.00 EUR"),
    ({"supply": Supply.CONNECTED, "balance_ueur": -12_345_678}, "CREDIT -12.34 EUR"),
    ({"supply": Supply.READY_FOR_RECONNECTION}, "PRESS RED TO RECONNECT"),
    ({"supply": Supply.DISCONNECTED, "balance_ueur": 0}, "OFF: CREDIT EXHAUSTED"),
    (
        {"supply": Supply.DISCONNECTED, "flags": CUT, "cut_end": PARTS.ends.accept(T1, now_at(0))},
        "OFF: CUT AS OF 2020-06-30 09:00",
    ),
    (
        {"supply": Supply.DISCONNECTED, "flags": CUT, "cut_end": PARTS.ends.accept(T2, now_at(0))},
        "OFF: PROGRAMMED CUT",  # not of that day, which is to come
    ),
    ({"supply": Supply.CONNECTED, "flags": LIMITED, "balance_ueur": 0}, "LIMITED TO 10 A"),
]


@each_cell(("changes", "text"), RESTING)
def test_the_resting_screen_gives_the_reason_first(changes, text):
    rig = meter(**changes)
    assert screen.status(rig, rig.standing()) == text


LONGEST = meter(
    Now(seconds(START), 3_200_000_000, Health.SET_TOO_LONG_AGO, 0, 0),
    defer_end=PARTS.ends.accept(T1, now_at(0)),
    cut_end=PARTS.ends.accept(T2, now_at(0)),
    order_number=2**32 - 1,
    order_result=max(Result, key=lambda result: len(result.name)),
    balance_ueur=-S64,
    rate=Rate.NIGHT,
    night_price_ueur_per_wh=2**32 - 1,
)


def test_every_page_of_the_scroll_fits_and_the_pages_repeat():
    pages = [screen.scroll(LONGEST, page) for page in range(3 * PAGE_COUNT)]
    assert all(len(page) <= DISPLAY_PLACES and page.isascii() for page in pages)
    assert pages == pages[:PAGE_COUNT] * 3
    assert len(set(pages)) == PAGE_COUNT


def test_the_scroll_shows_clock_health_both_ends_the_order_and_the_credit():
    rig = meter(
        defer_end=PARTS.ends.accept(T1, now_at(0)),
        cut_end=PARTS.ends.accept(T2, now_at(0)),
        order_number=7,
        order_result=Result.EXECUTED,
    )
    assert [screen.scroll(rig, page) for page in range(PAGE_COUNT)] == [
        "CLOCK 2020-07-01 12:00 TRUSTED +-60S",
        "T1 2020-06-30 09:00",
        "T2 2020-07-03 23:01",
        "ORDER 7 EXECUTED",
        "CREDIT 50.00 EUR",
        "PRICE 0.250 EUR/KWH",
        "USED WITHOUT TIME 0.000 KWH",
    ]


@pytest.mark.parametrize(
    ("rate", "text"), [(Rate.DAY, "DAY PRICE 0.250"), (Rate.NIGHT, "NIGHT PRICE 0.098")]
)
def test_a_bi_hourly_meter_says_which_price_counts_now(rate, text):
    rig = meter(rate=rate, night_price_ueur_per_wh=98)
    assert screen.scroll(rig, PRICE_PAGE) == f"{text} EUR/KWH"


def test_what_is_not_known_is_said():
    rig = meter(Now(0, 0, Health.IMPOSSIBLE_DATE, None, 0))
    assert [screen.scroll(rig, page) for page in range(3)] == [
        "CLOCK NONE IMPOSSIBLE_DATE +-0S",
        "T1 NONE",
        "T2 NONE",
    ]


# what is so, which lamp says it
LAMPS = [
    ({}, {}, Lamp(0)),
    ({"balance_ueur": 0}, {}, Lamp.CREDIT_EXHAUSTED),
    ({"balance_ueur": 0, "flags": 0}, {}, Lamp(0)),
    ({"supply": Supply.READY_FOR_RECONNECTION}, {}, Lamp.RECONNECT),
    ({}, {"health": Health.BACKWARDS}, Lamp.CLOCK_DOUBTED),
]


@each_cell(("changes", "clock", "lamps"), LAMPS)
@each_cell("fault", [False, True])
def test_each_lamp_says_one_thing(changes, clock, lamps, fault):
    rig = meter(now_at(seconds(START), **clock), **changes)
    assert screen.lamps(rig, rig.standing(), fault=fault) == lamps | (Lamp.FAULT if fault else 0)
