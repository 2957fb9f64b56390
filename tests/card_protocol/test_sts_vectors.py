"""The published STS numbers: every token both ways, every key, both ciphers, the CRC."""

from random import Random
from typing import Any

import pytest

from card_protocol.tokens.sts.amount import AMOUNT_MAX, amount_of, code_of
from card_protocol.tokens.sts.codec import decode_sts, encode_sts
from card_protocol.tokens.sts.crc import crc_of
from card_protocol.tokens.sts.ea07 import _P, _S1, _S2, Ea07
from card_protocol.tokens.sts.fields import (
    SettingKind,
    StsCredit,
    StsKeySection,
    StsMeterTest,
    StsSetting,
    class_of,
    pack,
)
from card_protocol.tokens.sts.key_change import join_sections, key_change_tokens
from card_protocol.tokens.sts.keys import derive_decoder_key
from card_protocol.tokens.sts.misty1 import Misty1
from card_protocol.tokens.sts.tid import BaseDate, tid_of
from tests.card_protocol.sts_vectors import (
    VENDING_64,
    VENDING_160,
    decoder_key,
    key_of,
    parameters,
    vectors,
)
from tests.card_protocol.when import utc_min


def test_there_are_184_of_all_classes_and_both_ciphers():
    assert len(vectors()) == len({one["token"] for one in vectors()}) == 184
    kinds = {(one["class"], one["subclass"]) for one in vectors()}
    settings = {(2, kind.value) for kind in SettingKind} | {(2, sub) for sub in (3, 4, 8, 9)}
    assert kinds == {(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)} | settings
    assert {one["key"]["cipher"] for one in vectors()} == {"EA07", "EA11", "none"}


def test_every_published_token_is_decoded_to_its_fields_and_encoded_to_its_digits():
    for one in vectors():
        key = decoder_key(one)
        record = decode_sts(one["token"], key)
        assert encode_sts(record, key) == one["token"]
        upper = pack(record)
        assert (class_of(record), upper >> 44) == (one["class"], one["subclass"]), one
        assert crc_of(one["class"], upper) == int(one["crc"], 16), one
        if isinstance(record, StsMeterTest | StsKeySection):
            assert f"{upper & (1 << 44) - 1:011X}" == one["payload_44bit"], one
            continue
        assert (record.rnd, record.tid) == (one["rnd"], one["token_identifier"]), one
        assert upper & 0xFFFF == one["field_16bit"], one
        assert record.tid == tid_of(
            utc_min(one["issued"]), BaseDate(one["key"]["base_year"]), offset_min=0
        )
        if isinstance(record, StsCredit) or record.amount is not None:
            assert record.amount == one["value"], one
            assert code_of(one["value"]) == one["field_16bit"], one
        else:
            assert isinstance(record, StsSetting)


def test_every_decoder_key_is_derived_from_the_vending_key_of_its_vector():
    keys = {one["key"]["decoder_key"]: one["key"] for one in vectors() if "key_type" in one["key"]}
    assert len(keys) == 15
    for decoder, of in keys.items():
        vending = {one.algorithm: one for one in (VENDING_64, VENDING_160)}[of["key_algorithm"]]
        assert vending.raw.hex().upper() == of["vending_key"]
        assert derive_decoder_key(vending, parameters(of)).raw.hex().upper() == decoder


# Test specification STS 531-1 as NectarAPI has it, steps CTSA05, 19 and 26: the tokens of a change,
# the key they are encrypted under, the key they bring, and what the meter shall know of it.
CHANGES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("51638423060042734509 15361891762113502242", "E653341F9D5BF36F",
     "060B8643C59A27F1", {"revision": 1, "tariff_index": 2}),
    ("26553210520543055412 00943705441908264439", "060B8643C59A27F1",
     "E653341F9D5BF36F", {"revision": 1, "tariff_index": 1}),
    ("36495265416911568628 35908059266238070883", "E94023262E9993C2",
     "6221992F403A5877", {"revision": 1, "tariff_index": 2}),
    ("44163577485799480640 26556810679164981397", "9DC0722C29A6CC0C",
     "B08205E074AFC5D6", {"revision": 5, "tariff_index": 1, "rollover": True}),
    ("09658886361133612086 22434017728466234784", "15869166A863D810",
     "B033C38B16DCB7FC", {"revision": 5, "tariff_index": 1, "rollover": True}),
    ("65626097193581652906 45273086784967754458 60343449063848563711 62570694794795906368",
     "9CA924E05D4D647026B55A4BBBA54BDF", "14BD465DFA42BCCF419B85F111D142F9",
     {"revision": 7, "tariff_index": 1, "ken": 0xAA, "supply_group": "123457"}),
]  # fmt: skip


def test_a_published_key_change_brings_the_key_that_is_derived_and_is_made_again():
    for tokens, under, brought, said in CHANGES:
        sections = [decode_sts(token, key_of(under)) for token in tokens.split()]
        assert all(isinstance(one, StsKeySection) for one in sections)
        change = join_sections([one for one in sections if isinstance(one, StsKeySection)])
        assert change.key.raw.hex().upper() == brought
        wanted = {"ken": 255, "rollover": False, "third": False, "supply_group": None} | said
        assert {name: getattr(change, name) for name in wanted} == wanted
        assert change.key_type == 2
        assert key_change_tokens(change, key_of(under)) == tuple(tokens.split())


def test_the_published_check_value_of_the_crc():
    assert crc_of(0, 0x0B19EB230100) == 0xC207


def test_misty1_gives_the_test_data_of_rfc_2994():
    cipher = Misty1(0x00112233445566778899AABBCCDDEEFF)
    for clear, hidden in (
        (0x0123456789ABCDEF, 0x8B1DA5F56AB3D07C),
        (0xFEDCBA9876543210, 0x04B68240B13BE95D),
    ):
        assert cipher.encrypt(clear) == hidden
        assert cipher.decrypt(hidden) == clear


@pytest.mark.parametrize("cipher", [Ea07, Misty1])
def test_what_is_encrypted_is_decrypted_and_a_bit_of_the_key_matters(cipher):
    rng = Random(1)
    for _ in range(200):
        key, block = rng.getrandbits(64), rng.getrandbits(64)
        hidden = cipher(key).encrypt(block)
        assert cipher(key).decrypt(hidden) == block
        assert cipher(key).encrypt(cipher(key).decrypt(block)) == block
        assert cipher(key ^ 1 << rng.randrange(64)).encrypt(block) != hidden


def test_ea07_with_tables_does_what_its_description_says_bit_by_bit():
    """The description again, without tables: nibble by nibble, bit by bit."""
    rng = Random(2)
    for _ in range(50):
        key, block = rng.getrandbits(64), rng.getrandbits(64)
        turned = ~key & (1 << 64) - 1
        turned = int(f"{turned:064b}"[-12:] + f"{turned:064b}"[:-12], 2)
        state = block
        for _ in range(16):
            after = 0
            for nibble in range(16):
                box = _S2 if turned >> 4 * nibble + 3 & 1 else _S1
                after |= box[state >> 4 * nibble & 15] << 4 * nibble
            state = sum(1 << _P[bit] for bit in range(64) if after >> bit & 1)
            turned = int(f"{turned:064b}"[1:] + f"{turned:064b}"[0], 2)
        assert Ea07(key).encrypt(block) == state


def test_an_amount_is_rounded_up_to_the_next_that_has_a_code():
    codes = [amount_of(code) for code in range(1 << 16)]
    assert codes == sorted(set(codes)), "every code is an amount of its own, in order"
    assert codes[-1] == AMOUNT_MAX
    assert [code_of(amount) for amount in codes] == list(range(1 << 16))
    at = 0
    for amount in (*range(200_000), *range(1_800_000, 1_840_000), *range(18_190_000, AMOUNT_MAX)):
        while codes[at] < amount:
            at += 1
        assert code_of(amount) == at, amount
