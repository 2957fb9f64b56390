"""Records of the budget card: sealed for one meter under one key, and nothing else opens."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from card_protocol.errors import CardProtocolError, LayoutError, MacError
from card_protocol.formats import budget
from card_protocol.formats.budget import (
    CardId,
    IdentityRecord,
    OrderFlags,
    OrderRecord,
    Sfi,
    TariffRecord,
    WalletRecord,
    WriteBackRecord,
    instants,
    open_sealed,
    reactivation_token,
    reactivation_token_valid,
    seal,
)
from card_protocol.formats.budget.generations import layouts, parse_identity
from card_protocol.formats.budget.instants import InstantOrderRecord
from card_protocol.keys import Key, Purpose, derive
from card_protocol.layout import Layout
from card_protocol.timestamp import BCD_NONE, MINUTES_NONE
from tests.cells import each_cell

METER = 541_000_000_001
CARD = CardId(METER, 7)
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
    "wallet": (
        budget.WALLET,
        WalletRecord(b"BW", 1, 0, 10_000, 2, 10_734_240, b"\xff" * 8, NO_MAC),
    ),
    "order": (
        budget.ORDER,
        OrderRecord(
            b"BO",
            1,
            OrderFlags.PREPAYMENT_ON,
            1,
            bytes.fromhex("2007032301"),
            bytes.fromhex("2007032301"),
            1,
            10_734_240,
            budget.NO_TOKEN,
            b"\xff" * 8,
            NO_MAC,
        ),
    ),
    "tariff": (
        budget.TARIFF,
        TariffRecord(b"BT", 1, 0, 1, 250, 180, 1000, 10_734_240, b"\xff" * 4, NO_MAC),
    ),
    "write-back": (
        budget.WRITE_BACK,
        budget.WRITE_BACK.parse(b"BB\x01" + bytes(127) + NO_MAC),
    ),
}
BY_NAME = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


INSTANTS = InstantOrderRecord(
    b"BO",
    2,
    OrderFlags.PREPAYMENT_ON,
    1,
    10_785_421,
    bytes.fromhex("2007032301"),
    10_785_421,
    bytes.fromhex("2007032301"),
    1,
    1,
    10_734_240,
    budget.NO_TOKEN,
    budget.NOT_BOUND,
    b"\xff" * 7,
    NO_MAC,
)
SECOND: dict[str, Case] = {
    name: (layout, replace(record, generation=2))
    for name, (layout, record) in CASES.items()
    if name != "order"
} | {"order": (instants.ORDER, INSTANTS)}


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
        open_sealed(layout, sealed(case), DESK, CardId(METER + 1, 7))


@BY_NAME
@pytest.mark.parametrize("number", [0, 6, 8, 2**32 - 1])
def test_the_record_of_another_card_of_the_meter_is_refused(case, number):
    layout, _ = case
    with pytest.raises(MacError):
        open_sealed(layout, sealed(case), DESK, CardId(METER, number))


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
@given(noise=st.binary(max_size=130))
def test_noise_is_refused_with_an_error_of_ours(case, noise):
    layout, _ = case
    with pytest.raises(CardProtocolError):
        open_sealed(layout, noise, DESK, CARD)


def test_the_mac_a_record_came_with_does_not_matter_when_sealing():
    layout, record = CASES["order"]
    assert seal(layout, replace(record, mac=b"whatever"), DESK, CARD) == sealed(CASES["order"])


def test_a_record_with_the_mac_of_zeros_is_refused():
    """The check can fail: unsealed bytes are the easiest forgery."""
    for layout, record in CASES.values():
        with pytest.raises(MacError):
            open_sealed(layout, layout.build(record), DESK, CARD)


# Derived from this format; checked by an independent AES-CMAC written from SP 800-38B (below).
VECTORS = {
    "wallet": "425701000000271000000002 00a3caa0 ffffffffffffffff",
    "tariff": "425401000001000000fa 000000b4 03e8 00a3caa0 ffffffff",
    "order": "424f010100000001 2007032301 2007032301 0001 00a3caa0 ffffffffffffffff"
    " ffffffffffffffff",
    "identity": "42490101 0000007df61ce201 0000011f71fb04cb 00000007 00a3caa0"
    " ffffffffffffffffffffffff",
}


@each_cell("name", VECTORS)
def test_the_bytes_are_the_vector_and_the_mac_is_plain_aes_cmac(name):
    body = bytes.fromhex(VECTORS[name].replace(" ", ""))
    card = METER.to_bytes(8, "big") + (7).to_bytes(4, "big")
    assert sealed(CASES[name]) == body + slow_cmac(DESK.raw, card + body)[:8]


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
