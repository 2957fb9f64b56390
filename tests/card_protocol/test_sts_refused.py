"""What an STS codec refuses, each by the name of the check that failed; and keys stay hidden."""

import pickle
from random import Random
from typing import Any

import pytest

from card_protocol.errors import TokenError
from card_protocol.tokens.sts.codec import decode_sts, encode_sts
from card_protocol.tokens.sts.crc import crc_of
from card_protocol.tokens.sts.digits import TOKEN_MAX, extract_class, insert_class
from card_protocol.tokens.sts.fields import (
    CreditKind,
    KeyPart,
    SettingKind,
    StsCredit,
    StsKeySection,
    StsMeterTest,
    StsSetting,
)
from card_protocol.tokens.sts.key_change import StsKeyChange, join_sections, key_change_tokens
from card_protocol.tokens.sts.keys import (
    DecoderKey,
    KeyParameters,
    KeyType,
    TokenCipher,
    VendingKey,
    derive_decoder_key,
)
from card_protocol.tokens.sts.meter_pan import luhn, parse_pan
from card_protocol.tokens.sts.tid import BaseDate
from tests.card_protocol.sts_vectors import PAN_A, PAN_B, VENDING_64, VENDING_160, vectors

KEY = DecoderKey(bytes.fromhex("0ABC12DEF3456789"))
LONG_KEY = DecoderKey(bytes.fromhex("F94B6ED353C3BFDB113E2D3A7EA3C41D"))
TOKEN = "29054347139309851356"


def refused(check: str, text: str = "") -> Any:
    return pytest.raises(TokenError, match=f"^{check}: .*{text}")


def made(token_class: int, upper: int) -> str:
    """Return a token with any bits and a CRC that holds."""
    block = upper << 16 | crc_of(token_class, upper)
    return insert_class(token_class, block if token_class == 1 else KEY.block_cipher.encrypt(block))


def test_digits_are_counted_and_looked_at():
    for digits, text in (
        (TOKEN[:19], "expected 20, got 19"),
        (TOKEN + "0", "expected 20, got 21"),
        ("", "expected 20, got 0"),
        ("2905434713930985135X", "character 20 is 'X'"),
        ("2905 347139309851356", "character 5 is ' '"),
        ("+9054347139309851356", "character 1 is"),
        ("٢9054347139309851356", "character 1 is"),  # an Arabic digit is a digit to int()
    ):
        with refused("digits", text):
            decode_sts(digits, KEY)


def test_a_number_of_67_bits_is_refused_and_the_largest_of_66_is_not():
    assert extract_class(str(TOKEN_MAX)) == (3, (1 << 64) - 1)
    for digits in (str(TOKEN_MAX + 1), "73943333457189043313", "9" * 20):  # the second a UTRN
        with refused("range", "2\\^66-1"):
            decode_sts(digits, KEY)


def test_class_insertion_loses_no_bit():
    rng = Random(4)
    for _ in range(2_000):
        token_class, block = rng.randrange(4), rng.getrandbits(64)
        assert extract_class(insert_class(token_class, block)) == (token_class, block)


def test_another_key_another_class_and_any_changed_digit_fail_the_crc_and_say_under_what():
    with refused("CRC", "class 0, decrypted by EA11 under this decoder key: it has .*, expected"):
        decode_sts(TOKEN, LONG_KEY)
    with refused("CRC", "class 1, not encrypted"):
        decode_sts(f"{int(TOKEN) ^ 1 << 27:020}", None)
    for at in range(66):
        with pytest.raises(TokenError, match=r"^(CRC|class|range): "):
            decode_sts(f"{int(TOKEN) ^ 1 << at:020}", KEY)


def test_class_3_is_refused_whatever_its_bits_and_no_key_decodes_class_1_only():
    with refused("class", "3 is reserved"):
        decode_sts(insert_class(3, 0), KEY)
    with refused("key", "class 0 is encrypted"):
        decode_sts(TOKEN, None)
    with refused("key", "class 0 is encrypted"):
        encode_sts(StsCredit(CreditKind.GAS, 1, 2, 3), None)
    assert decode_sts("00000000000150997584", None) == StsMeterTest(0, 1, 0)


def test_what_public_sources_leave_open_is_refused_by_its_name():
    for token_class, subclass, text in (
        *((0, at, "currency credit, whose layout is not public") for at in range(4, 8)),
        *((0, at, "reserved") for at in range(8, 16)),
        *((1, at, "reserved or a maker's own") for at in range(2, 16)),
        *((2, at, "extended or a maker's own") for at in range(10, 16)),
    ):
        with refused("subclass", f"{subclass} of class {token_class} is .*{text}"):
            decode_sts(made(token_class, subclass << 44), KEY)


def test_a_register_and_a_padding_that_the_standard_does_not_have_are_refused_both_ways():
    for value in (8, 0xFFFE):
        setting = StsSetting(SettingKind.CLEAR_CREDIT, 5, 9, value)
        with refused("register", f"{value} is not 0 to 7"):
            encode_sts(setting, KEY)
        with refused("register"):
            decode_sts(made(2, 1 << 44 | 5 << 40 | 9 << 16 | value), KEY)
    with refused("padding", "0001"):
        decode_sts(made(2, 5 << 44 | 1), KEY)
    for value in (0, 7, 0xFFFF):
        setting = StsSetting(SettingKind.CLEAR_CREDIT, 5, 9, value)
        assert decode_sts(encode_sts(setting, KEY), KEY) == setting


def test_a_field_that_does_not_fit_its_bits_is_refused():
    for record, check in (
        (StsCredit(CreditKind.GAS, 16, 0, 0), "random number"),
        (StsCredit(CreditKind.GAS, 0, 1 << 24, 0), "TID"),
        (StsCredit(CreditKind.GAS, 0, -1, 0), "TID"),
        (StsSetting(SettingKind.POWER_LIMIT, 0, 0, 1 << 16), "value"),
        (StsMeterTest(0, 1 << 36, 0), "control"),
        (StsMeterTest(0, 0, 256), "manufacturer"),
        (StsMeterTest(1, 1 << 28, 0), "control"),
        (StsMeterTest(1, 0, 1 << 16), "manufacturer"),
        (StsMeterTest(2, 0, 0), "subclass"),
    ):
        with refused(check):
            encode_sts(record, KEY)


def test_a_key_of_the_wrong_length_is_refused_by_its_length_alone():
    for make, sizes in ((DecoderKey, "8 or 16"), (VendingKey, "8 or 20")):
        for size in (0, 7, 9, 15, 17, 21):
            with pytest.raises(ValueError, match=f"^expected a key of {sizes} bytes, got {size}$"):
                make(b"\x5a" * size)


def test_no_key_shows_in_a_repr_and_none_is_pickled():
    section = StsKeySection(1, 0, KeyPart(bytes.fromhex("0ABC12DE")))
    change = StsKeyChange(key=KEY, key_type=KeyType.DUTK, revision=1, tariff_index=1)
    for one in (KEY, LONG_KEY, VENDING_64, VENDING_160, section, change):
        shown = f"{one!r} {one}".lower()
        for hidden in ("0abc12", "abab", "f94b", repr(b"\x0a\xbc\x12")[2:-1], str(0x0ABC12DE)):
            assert hidden not in shown
        assert "***" in shown
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(one)


def test_a_meter_pan_is_refused_by_its_length_and_by_either_check_digit():
    assert parse_pan(PAN_A)[:2] == ("600727", "00000000000")
    assert parse_pan(PAN_B)[:2] == ("0000", "0100000000008")
    assert str(parse_pan(PAN_B)) == PAN_B
    assert luhn("7992739871") == "3", "the example of ISO/IEC 7812-1 that everybody prints"
    for digits, text in (
        (PAN_A[:-1], "expected 18 digits, got 17"),
        (PAN_A[:-1] + "X", "expected 18 digits"),
        ("600727000000000008", "check digit of the MeterPAN is 8, expected 9"),
        ("600727000000000017", "check digit of the meter's number is 1, expected 0"),
    ):
        with refused("MeterPAN", text):
            parse_pan(digits)


def of(**other: Any) -> KeyParameters:
    usual = {
        "pan": parse_pan(PAN_A), "supply_group": "123456", "tariff_index": 1, "revision": 1,
        "key_type": KeyType.DUTK, "base": BaseDate.Y1993, "cipher": TokenCipher.EA07,
    }  # fmt: skip
    return KeyParameters(**{**usual, **other})


def test_a_derivation_refuses_what_it_is_not_made_for():
    for check, other in (
        ("supply group", {"supply_group": "12345"}),
        ("supply group", {"supply_group": "12345A"}),
        ("tariff index", {"tariff_index": 100}),
        ("key revision", {"revision": 0}),
        ("key revision", {"revision": 10}),
    ):
        with refused(check):
            of(**other)
    with refused("cipher", "EA11 wants DKGA04"):
        derive_decoder_key(VENDING_64, of(cipher=TokenCipher.EA11))


def test_every_parameter_of_a_derivation_makes_another_key():
    other: tuple[dict[str, Any], ...] = (
        {"pan": parse_pan(PAN_B)}, {"supply_group": "123457"}, {"tariff_index": 2},
        {"revision": 2}, {"key_type": KeyType.DDTK},
    )  # fmt: skip
    for vending, more in (
        (VENDING_64, ()),
        (VENDING_160, ({"base": BaseDate.Y2014}, {"cipher": TokenCipher.EA11})),
    ):
        keys = {derive_decoder_key(vending, of(**one)).raw for one in ({}, *other, *more)}
        assert len(keys) == 1 + len(other) + len(more)


def test_a_common_key_is_that_of_every_meter_of_its_issuer():
    number = "1234567890" + luhn("1234567890")
    pan = "600727" + number
    common = [
        derive_decoder_key(VENDING_64, of(pan=parse_pan(one), key_type=KeyType.DCTK)).raw
        for one in (PAN_A, pan + luhn(pan))
    ]
    assert common[0] == common[1]


def test_a_key_change_that_is_not_whole_is_refused():
    change = StsKeyChange(key=LONG_KEY, key_type=KeyType.DUTK, revision=2, tariff_index=7,
                          ken=0x5A, rollover=True, third=True, supply_group="987654")  # fmt: skip
    sections: list[Any] = [
        decode_sts(token, LONG_KEY) for token in key_change_tokens(change, LONG_KEY)
    ]
    again = join_sections(sections[::-1])
    assert again.key.raw == LONG_KEY.raw
    assert repr(again) == repr(change), "every field is back"
    for some in ([], sections[:1], sections[:3], sections[2:], [*sections, sections[0]]):
        with refused("sections", "expected 1 and 2, or 1 to 4"):
            join_sections(some)
    with refused("key type", "a factory's"):
        join_sections([sections[0]._replace(head=0), sections[1]])
    with refused("tariff index", "100 is outside"):
        join_sections([sections[0], sections[1]._replace(head=100)])
    with refused("key", "the new key is for EA11, the meter's is for EA07"):
        key_change_tokens(change, KEY)
    for key, group in ((LONG_KEY, None), (KEY, "123456"), (LONG_KEY, "12345")):
        with refused("supply group"):
            StsKeyChange(key=key, key_type=KeyType.DUTK, revision=1, tariff_index=1,
                         supply_group=group)  # fmt: skip
    with refused("key expiry number", "256"):
        StsKeyChange(key=KEY, key_type=KeyType.DUTK, revision=1, tariff_index=1, ken=256)


def test_every_vector_fails_under_the_key_of_every_other_vector():
    """A wrong base year or tariff index is a wrong key: 1 in 65,536 would pass by chance."""
    keys = {one["key"].get("decoder_key") for one in vectors()} - {None}
    tried = failed = 0
    for one in vectors()[::4]:
        for raw in keys - {one["key"].get("decoder_key")}:
            if one["class"] == 1:
                continue
            tried += 1
            try:
                decode_sts(one["token"], DecoderKey(bytes.fromhex(raw)))
            except TokenError as error:
                failed += error.check == "CRC"
    assert tried > 500
    assert failed == tried
