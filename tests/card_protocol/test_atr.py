"""Answers to reset: published ones are read as their cards mean them."""

from functools import reduce
from operator import xor
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.atr import DI, FI, Atr, InterfaceBytes, offer
from card_protocol.errors import AtrError
from tests.cells import each_cell


class Published(NamedTuple):
    """An ATR found in the field, and what a person reads off it."""

    name: str
    raw: str
    protocols: tuple[int, ...]
    fi: int
    di: int
    historical: str
    has_tck: bool


PUBLISHED = (
    Published("SLE4442 as readers report it", "3b04a2131091", (0,), 372, 1, "a2131091", False),
    Published("Belgian eID", "3b9813400aa503010101ad1311", (0,), 372, 4, "a503010101ad1311", False),
    Published(
        "JCOP v2.4.1", "3bf81300008131fe454a434f5076323431b7", (1,), 372, 4,
        b"JCOPv241".hex(), True,
    ),
    Published(
        "YubiKey NEO", "3bfc1300008131fe15597562696b65794e454f7233e1", (1,), 372, 4,
        b"YubikeyNEOr3".hex(), True,
    ),
    Published(
        "YubiKey 4 (PIV)", "3bf81300008131fe15597562696b657934d4", (1,), 372, 4,
        b"Yubikey4".hex(), True,
    ),
    Published(
        "MIFARE Classic 1K behind PC/SC", "3b8f8001804f0ca000000306030001000000006a",
        (0, 1), 372, 1, "804f0ca00000030603000100000000", True,
    ),
    Published("DESFire behind PC/SC", "3b8180018080", (0, 1), 372, 1, "80", True),
    Published(
        "OpenPGP card 2", "3bda18ff81b1fe751f030031c573c001400090000c", (1,), 372, 12,
        "0031c573c00140009000", True,
    ),
    Published("nothing but TS and T0", "3b00", (0,), 372, 1, "", False),
    Published("inverse convention", "3f6525002c09699000", (0,), 372, 1, "2c09699000", False),
)  # fmt: skip


@each_cell("card", PUBLISHED, ids=lambda card: card.name)
def test_published_atrs_are_read_as_their_cards_mean_them(card):
    raw = bytes.fromhex(card.raw)
    atr = Atr.parse(raw)
    assert atr.to_bytes() == raw
    assert atr.protocols == card.protocols
    assert (atr.fi, atr.di) == (card.fi, card.di)
    assert atr.historical.hex() == card.historical
    assert atr.has_tck is card.has_tck
    if card.has_tck:
        assert reduce(xor, raw[1:]) == 0


@each_cell("card", PUBLISHED, ids=lambda card: card.name)
def test_no_atr_may_be_cut_short_or_padded(card):
    raw = bytes.fromhex(card.raw)
    for size in range(len(raw)):
        with pytest.raises(AtrError):
            Atr.parse(raw[:size])
    with pytest.raises(AtrError, match="1 bytes after the end"):
        Atr.parse(raw + b"\x00")


@each_cell(
    ("raw", "why"),
    [
        ("", "at least TS and T0"),
        ("3b", "at least TS and T0"),
        ("0300", "TS is 3B or 3F, got 03"),
        ("3b10", "TA1 is announced but missing"),
        ("3b8080", "TD2 is announced but missing"),
        ("3b02aa", "promises 2 historical bytes, got 1"),
        ("3b8001", "TCK is missing"),
        ("3b800100", "TCK is 00, expected 81"),
        ("3b0000", "1 bytes after the end"),
        ("3b" + "00" * 33, "at most 33 bytes"),
    ],
)
def test_an_unreadable_atr_says_exactly_why(raw, why):
    with pytest.raises(AtrError, match=why):
        Atr.parse(bytes.fromhex(raw))


@each_cell(
    ("groups", "why"),
    [
        ((InterfaceBytes(ta=256),), "are bytes"),
        ((InterfaceBytes(td=0x80),), "does not announce"),
        ((InterfaceBytes(td=0x01), InterfaceBytes(ta=1)), "does not announce"),
        ((InterfaceBytes(ta=1), InterfaceBytes(ta=1)), "does not announce"),
        ((InterfaceBytes(),), "is empty"),
    ],
)
def test_groups_that_do_not_chain_are_refused(groups, why):
    with pytest.raises(AtrError, match=why):
        Atr(groups=groups)


def test_too_many_historical_bytes_are_refused():
    with pytest.raises(AtrError, match="15 historical bytes, got 16"):
        Atr(historical=bytes(16))


def test_an_atr_longer_than_the_standard_allows_is_refused():
    full = InterfaceBytes(1, 1, 1, 0xF0)
    groups = (full, full, full, full, full._replace(td=0))
    with pytest.raises(AtrError, match="at most 33 bytes"):
        Atr(groups=groups, historical=bytes(15))


def test_ta1_offers_what_the_tables_say_and_nothing_where_they_reserve():
    for ta1 in range(256):
        atr = offer((0,), b"", ta1=ta1)
        assert atr.to_bytes() == bytes((0x3B, 0x10, ta1))
        assert (atr.fi, atr.di) == (FI.get(ta1 >> 4), DI.get(ta1 & 0x0F))
    assert set(range(16)) - set(FI) == {0x7, 0x8, 0xE, 0xF}
    assert set(range(16)) - set(DI) == {0x0, 0xA, 0xB, 0xC, 0xD, 0xE, 0xF}


@each_cell(
    ("protocols", "ta1", "raw"),
    [
        ((0,), None, "3b0141"),
        ((0,), 0x13, "3b111341"),
        ((1,), None, "3b810141"),
        ((0, 1), None, "3b81800141"),
        ((0, 1), 0x95, "3b9195800141"),
    ],
)
def test_an_offer_is_built_as_the_standard_writes_it(protocols, ta1, raw):
    built = offer(protocols, b"A", ta1=ta1)
    tck = built.to_bytes()[len(raw) // 2 :]
    assert built.to_bytes() == bytes.fromhex(raw) + tck
    assert len(tck) == (protocols != (0,))
    assert Atr.parse(built.to_bytes()) == built
    assert built.protocols == protocols


def test_t15_is_no_protocol_but_calls_for_tck():
    raw = bytes.fromhex("3b801f00")
    atr = Atr.parse(raw + bytes((reduce(xor, raw[1:]),)))
    assert atr.protocols == (0,)
    assert atr.has_tck


@given(st.binary(max_size=40) | st.binary(max_size=38).map(lambda tail: b"\x3b" + tail))
def test_any_bytes_are_an_atr_or_refused(raw):
    try:
        atr = Atr.parse(raw)
    except AtrError:
        return
    assert atr.to_bytes() == raw


@given(
    st.lists(st.integers(0, 15), min_size=1, max_size=6),
    st.binary(max_size=15),
    st.none() | st.integers(0, 255),
)
def test_every_offer_parses_back(protocols, historical, ta1):
    atr = offer(protocols, historical, ta1=ta1)
    assert Atr.parse(atr.to_bytes()) == atr
