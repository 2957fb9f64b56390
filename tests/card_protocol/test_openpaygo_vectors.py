"""The published OpenPAYGO numbers: the walk, 80 tokens, restricted digits, SipHash; refusals."""

import json
import pickle
from pathlib import Path
from random import Random
from typing import Any

import pytest

from card_protocol.errors import TokenError
from card_protocol.tokens.openpaygo.chain import EXTENDED, STANDARD, PaygoKey, PaygoSeed
from card_protocol.tokens.openpaygo.counter import COUNT_MAX, PaygoCounter, PaygoKind, next_count
from card_protocol.tokens.openpaygo.decode import PaygoOutcome, decode_openpaygo
from card_protocol.tokens.openpaygo.encode import encode_openpaygo, seconds_of
from card_protocol.tokens.openpaygo.keypad import keyed, read_digits
from card_protocol.tokens.openpaygo.siphash import siphash_24

FILE = Path(__file__).parents[2] / "fixtures/vectors/openpaygo-tokens.json"
DATA: dict[str, Any] = json.loads(FILE.read_text())
WALK = DATA["walk"]

# SipHash-2-4 of 00, 00 01, … under 00 01 … 0f, as the authors' reference code lists them for
# messages of 0 to 15 bytes: a whole block, and every length of the last one.
SIPHASH = """
726fdb47dd0e0e31 74f839c593dc67fd 0d6c8009d9a94f5a 85676696d7fb7e2d cf2794e0277187b7
18765564cd99a68d cbc9466e58fee3ce ab0200f58b01d137 93f5f5799a932462 9e0082df0ba9e4b0
7a5dbbc594ddb9f3 f4b32f46226bada7 751e8fbc860ee5fb 14ea5627c0843d90 f723ca908e7af2ee
a129ca6149be45e5
"""


def seed_of(one: dict[str, Any]) -> PaygoSeed:
    return PaygoSeed(PaygoKey(bytes.fromhex(one["key"])), one["starting_code"])


SEED = seed_of(WALK)


def refused(check: str, text: str) -> Any:
    return pytest.raises(TokenError, match=f"^{check}: .*{text}")


def test_siphash_gives_the_published_values():
    key = bytes(range(16))
    for size, wanted in enumerate(SIPHASH.split()):
        assert f"{siphash_24(key, bytes(range(size))):016x}" == wanted, size


def test_siphash_agrees_with_a_library_on_any_length():
    import siphash

    rng = Random(5)
    for size in range(200):
        key, data = rng.randbytes(16), rng.randbytes(size)
        assert siphash_24(key, data) == siphash.SipHash_2_4(key, data).hash()


def test_the_walk_through_a_device_of_the_documentation():
    counter = PaygoCounter(WALK["count"])
    for digits, word, value in WALK["tokens"]:
        answer = decode_openpaygo(digits, SEED, counter)
        if word == "refused":  # its first digits are the starting code itself: count 0, used
            assert answer.outcome is PaygoOutcome.USED
        else:
            assert answer.outcome is PaygoOutcome.TAKEN
            assert answer.kind is PaygoKind(word)
            assert value in {None, answer.value}
        counter = answer.after
    assert counter.count == 9


def test_every_published_token_is_made_again_and_taken_once():
    assert len(DATA["tokens"]) == 80
    for one in DATA["tokens"]:
        form = EXTENDED if one["extended"] else STANDARD
        kind, value = PaygoKind(one["kind"]), one["value"]
        if form is EXTENDED and value is None:  # 998 and 999 are values like others there
            kind, value = PaygoKind.SET_TIME, {"disable": 998, "counter-sync": 999}[one["kind"]]
        seed, last = seed_of(one), one["count_before"]
        made = encode_openpaygo(seed, last, kind, value, form=form, restricted=one["restricted"])
        assert made == (one["count"], one["token"])
        answer = decode_openpaygo(
            one["token"], seed, PaygoCounter(last), restricted=one["restricted"]
        )
        assert (answer.outcome, answer.kind, answer.count) == (
            PaygoOutcome.TAKEN, kind, one["count"]
        )  # fmt: skip
        assert value in {None, answer.value}
        again = decode_openpaygo(one["token"], seed, answer.after, restricted=one["restricted"])
        if kind is not PaygoKind.COUNTER_SYNC:
            assert again.outcome is PaygoOutcome.USED


def test_the_published_example_of_restricted_digits():
    plain, restricted = DATA["restricted"]
    assert keyed(int(plain), STANDARD, restricted=True) == restricted
    assert read_digits(restricted, restricted=True) == (int(plain), STANDARD)


def test_restricted_digits_are_all_codes_and_no_others():
    rng = Random(6)
    for form in (STANDARD, EXTENDED):
        for code in (0, 1, form.code_max, *(rng.randrange(form.code_max) for _ in range(500))):
            for restricted in (False, True):
                text = keyed(code, form, restricted=restricted)
                assert read_digits(text, restricted=restricted) == (code, form)
        above = form.code_max + 1
        with refused("range", f"stands for {above}, above {form.code_max}"):
            read_digits(keyed(above, form, restricted=True), restricted=True)


def test_digits_are_counted_and_looked_at():
    for text, restricted, why in (
        ("12345678", False, "expected 9 .standard. or 12 .extended., got 8"),
        ("1234567890", False, "got 10"),
        ("1" * 13, False, "got 13"),
        ("", False, "got 0"),
        ("12345678x", False, "character 9 is 'x', expected 0 to 9"),
        ("+23456789", False, "character 1"),
        ("٢23456789", False, "character 1"),
        ("123456789", True, "expected 15 .standard. or 20 .extended., got 9"),
        ("1234" * 3 + "125", True, "character 15 is '5', expected 1 to 4"),
        ("0" * 20, True, "character 1 is '0', expected 1 to 4"),
    ):
        with refused("digits", why):
            decode_openpaygo(text, SEED, PaygoCounter(), restricted=restricted)


def test_a_value_that_the_form_has_not_is_refused():
    add, disable, sync = PaygoKind.ADD_TIME, PaygoKind.DISABLE, PaygoKind.COUNTER_SYNC
    for kind, value, form, why in (
        (add, 996, STANDARD, "expected 0 to 995, got 996"),
        (add, -1, STANDARD, "expected 0 to 995"),
        (add, None, STANDARD, "expected 0 to 995, got None"),
        (add, 1_000_000, EXTENDED, "expected 0 to 999999"),
        (disable, 5, STANDARD, "disable has none, got 5"),
        (disable, None, EXTENDED, "the extended form has no disable"),
        (sync, None, EXTENDED, "the extended form has no counter-sync"),
    ):
        with refused("value", why):
            encode_openpaygo(SEED, 1, kind, value, form=form)


def test_counts_end_where_the_firmware_keeps_them():
    assert next_count(COUNT_MAX - 2, PaygoKind.SET_TIME) == COUNT_MAX
    for last in (-1, COUNT_MAX, COUNT_MAX - 1):
        with refused("count", "outside 1 to 65535"):
            encode_openpaygo(SEED, last, PaygoKind.ADD_TIME, 1)
    for count in (-1, COUNT_MAX + 1):
        with refused("count", "outside 0 to 65535"):
            PaygoCounter(count)
    assert PaygoCounter(COUNT_MAX).tried(PaygoKind.COUNTER_SYNC) == COUNT_MAX


def test_a_value_is_parts_of_a_day():
    assert seconds_of(22, 4) == 5 * 86_400 + 12 * 3_600, "the example of the documentation"
    assert seconds_of(995, 4) == 248 * 86_400 + 18 * 3_600
    assert seconds_of(1, 255) == 338, "rounded down, as the firmware does"
    for divider in (0, 256):
        with refused("time divider", "outside 1 to 255"):
            seconds_of(1, divider)


def test_a_starting_code_that_is_not_given_is_a_hash_of_the_key():
    from openpaygo.token_shared import OpenPAYGOTokenShared

    rng = Random(7)
    for _ in range(200):
        raw = rng.randbytes(16)
        wanted = OpenPAYGOTokenShared.generate_starting_code(raw)
        assert PaygoSeed(PaygoKey(raw), None).starting_code == wanted
    with refused("starting code", "1000000000 is outside"):
        PaygoSeed(PaygoKey(bytes(16)), 1_000_000_000)


def test_no_key_shows_and_one_of_the_wrong_length_is_refused():
    for shown in (repr(SEED), str(SEED), repr(SEED.key), f"{SEED.key}"):
        assert "***" in shown
        assert "a29a" not in shown
        assert "123456789" not in shown
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(SEED.key)
    for size in (0, 15, 17):
        with pytest.raises(ValueError, match=f"^expected a key of 16 bytes, got {size}$"):
            PaygoKey(bytes(size))
