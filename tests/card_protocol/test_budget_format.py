"""Records of the budget card: sealed for one meter under one key, and nothing else opens."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from card_protocol.card.image import CardKind
from card_protocol.errors import CardProtocolError, LayoutError, MacError
from card_protocol.formats import budget
from card_protocol.formats.budget import (
    CardId,
    DeskRecord,
    IdentityRecord,
    OrderFlags,
    Sfi,
    WriteBackRecord,
    instants,
    open_sealed,
    reactivation_token,
    reactivation_token_valid,
    seal,
)
from card_protocol.formats.budget.generations import layouts, order_mac, parse_identity
from card_protocol.formats.budget.instants import InstantDeskRecord
from card_protocol.keys import Key, Purpose, derive
from card_protocol.layout import Layout
from card_protocol.timestamp import BCD_NONE, MINUTES_NONE
from tests.cells import each_cell

METER = 541_000_000_001
CARD = CardId(METER, 7, CardKind.SECURE)
MASTER = Key(b"meter-emu bench.")
DESK = derive(MASTER, Purpose.DESK_RECORD, METER)
TOKEN_KEY = derive(MASTER, Purpose.REACTIVATION, METER)

Case = tuple[Layout[Any], Any]
NO_MAC = budget.NO_MAC

CASES: dict[str, Case] = {
    "identity": (
        budget.IDENTITY,
        IdentityRecord(
            b"BI",
            1,
            1,
            METER,
            1_234_567_890_123,
            7,
            10_734_240,
            BCD_NONE,
            MINUTES_NONE,
            budget.NO_ZONE_RULE,
            b"\xff" * 2,
            NO_MAC,
        ),
    ),
    "desk": (
        budget.DESK,
        DeskRecord(
            b"BD",
            1,
            OrderFlags.PREPAYMENT_ON,
            10_000,
            2,
            1,
            bytes.fromhex("2007032301"),
            bytes.fromhex("2007032301"),
            budget.NO_TOKEN,
            1,
            250,
            180,
            1000,
            10_734_240,
            5,
            b"\xff" * 2,
            NO_MAC,
        ),
    ),
    "write-back": (
        budget.WRITE_BACK,
        budget.WRITE_BACK.parse(b"BB\x01" + bytes(143) + NO_MAC),
    ),
}
BY_NAME = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


INSTANTS = InstantDeskRecord(
    b"BD",
    2,
    OrderFlags.PREPAYMENT_ON,
    10_000,
    2,
    1,
    10_785_421,
    bytes.fromhex("2007032301"),
    10_785_421,
    bytes.fromhex("2007032301"),
    1,
    budget.NO_TOKEN,
    1,
    250,
    180,
    1000,
    10_734_240,
    5,
    b"\xff" * 9,
    NO_MAC,
)
SECOND: dict[str, Case] = {
    name: (layout, replace(record, generation=2))
    for name, (layout, record) in CASES.items()
    if name != "desk"
} | {"desk": (instants.DESK, INSTANTS)}


@each_cell("case", SECOND.values(), ids=SECOND)
def test_every_flipped_bit_of_a_generation_2_record_is_refused(case):
    layout, record = case
    raw = sealed(case)
    assert open_sealed(layout, raw, DESK, CARD, 2) == replace(record, mac=raw[-8:])
    for at in range(8 * layout.size_bytes):
        bad = (int.from_bytes(raw, "big") ^ 1 << at).to_bytes(layout.size_bytes, "big")
        with pytest.raises((LayoutError, MacError)):
            open_sealed(layout, bad, DESK, CARD, 2)


@each_cell("name", SECOND)
def test_neither_generation_is_taken_for_the_other(name):
    for cases, wanted in ((CASES, 2), (SECOND, 1)):
        with pytest.raises(LayoutError, match=f"generation {wanted}"):
            open_sealed(cases[name][0], sealed(cases[name]), DESK, CARD, wanted)
    for generation, cases in ((1, SECOND), (2, CASES)):
        layout = layouts(generation)[Sfi[name.upper().replace("-", "_")]]
        with pytest.raises(LayoutError):
            open_sealed(layout, sealed(cases[name]), DESK, CARD, generation)


def test_an_identity_of_a_generation_nobody_defined_is_refused():
    layout, record = CASES["identity"]
    for generation in (0, 3, 255):
        raw = layout.build(replace(record, generation=generation))
        with pytest.raises(LayoutError, match="generation 1 or 2"):
            parse_identity(raw)
    assert parse_identity(layout.build(record)) == record


def sealed(case: Case) -> bytes:
    layout, record = case
    return seal(layout, record, DESK, CARD)


@BY_NAME
def test_what_is_sealed_opens_to_itself(case):
    layout, record = case
    raw = sealed(case)
    assert open_sealed(layout, raw, DESK, CARD) == replace(record, mac=raw[-8:])
    assert raw[-8:] != NO_MAC


@BY_NAME
def test_every_flipped_bit_is_refused(case):
    layout, _ = case
    raw = sealed(case)
    for at in range(layout.size_bytes):
        for bit in range(8):
            bad = bytearray(raw)
            bad[at] ^= 1 << bit
            with pytest.raises((LayoutError, MacError)) as caught:
                open_sealed(layout, bytes(bad), DESK, CARD)
            # A foreign card is told apart from a forged one: magic and generation come first.
            assert isinstance(caught.value, LayoutError if at < 3 else MacError)


@BY_NAME
def test_the_record_of_another_meter_is_refused_even_under_the_same_key(case):
    layout, _ = case
    with pytest.raises(MacError):
        open_sealed(layout, sealed(case), DESK, CARD._replace(meter_id=METER + 1))


@BY_NAME
@pytest.mark.parametrize("number", [0, 6, 8, 2**32 - 1])
def test_the_record_of_another_card_of_the_meter_is_refused(case, number):
    layout, _ = case
    with pytest.raises(MacError):
        open_sealed(layout, sealed(case), DESK, CARD._replace(card_number=number))


@BY_NAME
def test_a_record_of_one_carrier_is_refused_on_every_other(case):
    layout, record = case
    for kind in CardKind:
        raw = seal(layout, record, DESK, CARD._replace(kind=kind))
        for other in CardKind:
            card = CARD._replace(kind=other)
            if other is kind:
                open_sealed(layout, raw, DESK, card)
            else:
                with pytest.raises(MacError):
                    open_sealed(layout, raw, DESK, card)


@BY_NAME
def test_another_key_or_purpose_is_refused(case):
    layout, _ = case
    for purpose in Purpose:
        for meter in (METER, METER + 1):
            key = derive(MASTER, purpose, meter)
            if (purpose, meter) == (Purpose.DESK_RECORD, METER):
                open_sealed(layout, sealed(case), key, CARD)
            else:
                with pytest.raises(MacError):
                    open_sealed(layout, sealed(case), key, CARD)


@BY_NAME
def test_a_record_of_another_kind_is_refused(case):
    layout, _ = case
    for other in CASES.values():
        if other is not case:
            with pytest.raises(LayoutError):
                open_sealed(layout, sealed(other), DESK, CARD)


@BY_NAME
def test_another_generation_is_refused_although_its_mac_is_right(case):
    layout, record = case
    for generation in (0, 2, 255):
        raw = seal(layout, replace(record, generation=generation), DESK, CARD)
        with pytest.raises(LayoutError, match="generation 1"):
            open_sealed(layout, raw, DESK, CARD)


@BY_NAME
def test_every_truncation_is_refused(case):
    layout, _ = case
    raw = sealed(case)
    for size in range(len(raw)):
        with pytest.raises(LayoutError):
            open_sealed(layout, raw[:size], DESK, CARD)


@BY_NAME
@settings(max_examples=50)
@given(noise=st.binary(max_size=150))
def test_noise_is_refused_with_an_error_of_ours(case, noise):
    layout, _ = case
    with pytest.raises(CardProtocolError):
        open_sealed(layout, noise, DESK, CARD)


def test_the_mac_a_record_came_with_does_not_matter_when_sealing():
    layout, record = CASES["desk"]
    assert seal(layout, replace(record, mac=b"whatever"), DESK, CARD) == sealed(CASES["desk"])


def test_a_record_with_the_mac_of_zeros_is_refused():
    """The check can fail: unsealed bytes are the easiest forgery."""
    for layout, record in CASES.values():
        with pytest.raises(MacError):
            open_sealed(layout, layout.build(record), DESK, CARD)


# Derived from this format; checked by an independent AES-CMAC written from SP 800-38B (below).
VECTORS = {
    "desk": "424401 01 00002710 00000002 00000001 2007032301 2007032301 ffffffffffffffff"
    " 0001 000000fa 000000b4 03e8 00a3caa0 00000005 ffff",
    "identity": "42490101 0000007df61ce201 0000011f71fb04cb 00000007 00a3caa0"
    " ffffffffffffffffffffffff",
}


@each_cell("name", VECTORS)
def test_the_bytes_are_the_vector_and_the_mac_is_plain_aes_cmac(name):
    body = bytes.fromhex(VECTORS[name].replace(" ", ""))
    card = METER.to_bytes(8, "big") + (7).to_bytes(4, "big") + b"S"
    assert sealed(CASES[name]) == body + slow_cmac(DESK.raw, card + body)[:8]


# Each form of an order, and where its MAC has what: written out from the page.
ORDER_TEXTS = {
    "desk": "0000007df61ce201 6f72646572 00000001 01 2007032301 ffffffff 2007032301 ffffffff ff"
    " ffffffffffffffff 0001 000000fa 000000b4 03e8",
    "instants": "0000007df61ce201 6f72646572 00000001 01 2007032301 00a4928d 2007032301 00a4928d"
    " 01 ffffffffffffffff 0001 000000fa 000000b4 03e8",
}


@each_cell("name", ORDER_TEXTS)
def test_the_mac_of_an_order_is_plain_aes_cmac_of_the_text_of_the_page(name):
    record = INSTANTS if name == "instants" else CASES["desk"][1]
    text = bytes.fromhex(ORDER_TEXTS[name].replace(" ", ""))
    assert order_mac(DESK, METER, record) == slow_cmac(DESK.raw, text)[:8]


# What a load, a visit or another card changes, and the order is the same.
NOT_OF_THE_ORDER = {
    "magic", "generation", "loaded_cents", "load_count", "issued_at_min", "seen_session",
    "reserved", "mac",
}  # fmt: skip


@each_cell("record", [CASES["desk"][1], INSTANTS], ids=["civil", "instants"])
def test_the_mac_of_an_order_is_another_for_any_field_of_it_and_for_no_other(record):
    known = order_mac(DESK, METER, record)
    for field in fields(record):
        value = getattr(record, field.name)
        other = bytes((value[0] ^ 1,)) + value[1:] if isinstance(value, bytes) else value ^ 1
        changed: dict[str, Any] = {field.name: other}
        same = order_mac(DESK, METER, replace(record, **changed)) == known
        assert same == (field.name in NOT_OF_THE_ORDER), field.name
    assert order_mac(DESK, METER + 1, record) != known


def slow_cmac(key: bytes, data: bytes) -> bytes:
    """AES-CMAC step by step as SP 800-38B section 6 words it, over one-block AES."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    def aes(block: bytes) -> bytes:
        return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)

    def doubled(value: int) -> int:
        return ((value << 1) ^ (0x87 if value >> 127 else 0)) & (2**128 - 1)

    k1 = doubled(int.from_bytes(aes(bytes(16)), "big"))
    k2 = doubled(k1)
    blocks = [data[at : at + 16] for at in range(0, len(data), 16)]
    last = blocks.pop()
    mask = k1 if len(last) == 16 else k2
    if len(last) < 16:
        last = (last + b"\x80").ljust(16, b"\x00")
    blocks.append((int.from_bytes(last, "big") ^ mask).to_bytes(16, "big"))
    state = bytes(16)
    for block in blocks:
        state = aes(bytes(a ^ b for a, b in zip(state, block, strict=True)))
    return state


def test_the_slow_cmac_is_the_published_one():
    """SP 800-38B appendix D.1, AES-128, examples 1 to 3."""
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    text = bytes.fromhex(
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411"
    )
    assert slow_cmac(key, text[:16]).hex() == "070a16b46b4d4144f79bdd9dd04a287c"
    assert slow_cmac(key, text).hex() == "dfa66747de9ae63030ca32611497c827"


def test_a_token_is_good_for_one_meter_and_one_number():
    token = reactivation_token(TOKEN_KEY, METER, 2)
    assert token != budget.NO_TOKEN
    assert reactivation_token_valid(TOKEN_KEY, METER, 2, token)
    assert not reactivation_token_valid(TOKEN_KEY, METER, 1, token)
    assert not reactivation_token_valid(TOKEN_KEY, METER, 3, token)
    assert not reactivation_token_valid(TOKEN_KEY, METER + 1, 2, token)
    assert not reactivation_token_valid(DESK, METER, 2, token)
    for bit in range(64):
        bad = (int.from_bytes(token, "big") ^ 1 << bit).to_bytes(8, "big")
        assert not reactivation_token_valid(TOKEN_KEY, METER, 2, bad)


def test_no_token_is_no_token():
    assert not reactivation_token_valid(TOKEN_KEY, METER, 2, budget.NO_TOKEN)


def test_the_write_back_holds_a_balance_below_zero():
    layout, record = CASES["write-back"]
    assert isinstance(record, WriteBackRecord)
    raw = seal(layout, replace(record, balance_ueur=-1), DESK, CARD)
    assert open_sealed(layout, raw, DESK, CARD).balance_ueur == -1
