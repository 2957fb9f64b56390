"""`meter-emu openpaygo`: the published walk as a device answers it, tokens made, bad input."""

import pytest

WALK = ("662486790", "662486790", "927706818", "942433796", "650975787", "592185789", "223456780")


def test_the_published_walk_is_told_line_by_line(emu):
    done = emu("openpaygo", "decode", *WALK)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "5 of 7 tokens taken; the device is at count 9",
        "662486790: add-time 1 day, count 2",
        "662486790: refused: add-time 1 day, count 2 was used before, or is too old at count 2",
        "927706818: add-time 29 days, count 4",
        "942433796: set-time 7 days, count 5",
        "650975787: disable, count 7",
        "592185789: set-time 0 days, count 9",
        "223456780: refused: no count from 0 to 73 gives it under the published sample key",
        "used counts: 0,1,2,3,4,5,6,7,8,9",
    ]


def test_json_has_the_answers_and_the_counter_after_them(emu):
    said = emu("openpaygo", "decode", "662 486-790", "--divider", 4, "--json", "-").json()
    assert said == {
        "key": "the published sample key",
        "tokens": [
            {"token": "662486790", "outcome": "taken", "kind": "add-time", "value": 1,
             "seconds": 21_600, "count": 2},
        ],
        "after": {"count": 2, "used": [0, 2]},
    }  # fmt: skip


def test_restricted_digits_and_parts_of_a_day(emu):
    done = emu("openpaygo", "decode", "324244134441123", "--restricted", "--divider", 4)
    assert "\n324244134441123: add-time 0 days 06:00, count 2\n" in done.out


def test_used_counts_are_what_was_said(emu):
    assert "refused" in emu("openpaygo", "decode", WALK[0], "--count", 4, "--used", "2,4").out
    assert "refused" not in emu("openpaygo", "decode", WALK[0], "--count", 4, "--used", "4").out
    assert "refused" in emu("openpaygo", "decode", WALK[0], "--count", 18).out


def test_a_reserved_value_is_refused_by_its_number(emu):
    from card_protocol.tokens.openpaygo.chain import STANDARD, PaygoKey, PaygoSeed
    from tests.card_protocol.test_openpaygo_oracle import Case, crafted

    key = bytes.fromhex("A29AB82EDC5FBBC41EC9530F6DAC86B1")
    digits = crafted(Case(PaygoSeed(PaygoKey(key), 123_456_789), STANDARD, False), 997, 3)
    assert "refused: value 997 is reserved (count 3)" in emu("openpaygo", "decode", digits).out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("add-time", "--value", 1), "662 486 790  add-time 1 day, count 2"),
        (("add-time", "--value", 29, "--count", 2), "927 706 818  add-time 29 days, count 4"),
        (("set-time", "--value", 7, "--count", 4), "942 433 796  set-time 7 days, count 5"),
        (("disable", "--count", 5), "650 975 787  disable, count 7"),
        (("add-time", "--value", 1, "--restricted"), "324 244 134 441 123  add-time 1 day"),
        (("set-time", "--value", 999_999, "--extended"), "999999 days, count 1"),
    ],
)
def test_a_token_is_made(emu, args, said):
    done = emu("openpaygo", "encode", *args)
    assert (done.code, done.err) == (0, "")
    assert said in done.out


def test_a_key_of_ones_own_is_used_and_not_shown(emu, tmp_path):
    key = tmp_path / "device.key"
    key.write_text("BC41EC9530F6DAC86B1A29AB82EDC5FB\n")
    one = ("--key", key, "--starting-code", 516959010)
    done = emu("openpaygo", "encode", "add-time", "--value", 1, *one, "--count", 1, "--json", "-")
    assert done.json() == {"token": "588224011", "count": 2, "key": f"the key in {key}"}
    assert "516959010" not in emu("openpaygo", "decode", "588224011", *one).out
    hashed = emu("openpaygo", "encode", "add-time", "--value", 1, "--key", key).out
    assert "588 224 011" not in hashed, "without a starting code it is a hash of the key"


WRONG: tuple[tuple[tuple[object, ...], str], ...] = (
    (("decode",), "Missing argument"),
    (("decode", "12345678"), "expected 9 (standard) or 12 (extended), got 8"),
    (("decode", "1234567890123"), "got 13"),
    (("decode", "12345678x"), "character 9 is 'x'"),
    (("decode", "662486790", "--restricted"), "expected 15 (standard) or 20 (extended), got 9"),
    (("decode", "444444444444444", "--restricted"), "stands for 1073741823, above 999999999"),
    (("decode", "662486790", "--count", 65_536), "65536 is not in the range"),
    (("decode", "662486790", "--used", "2;4"), "expected counts such as 4,6,10, got '2;4'"),
    (("decode", "662486790", "--divider", 256), "256 is not in the range"),
    (("decode", "662486790", "--starting-code", 10**9), "1000000000 is not in the range"),
    (("decode", "662486790", "--key", "short.key"), "expected a key of 32 hex digits, got 6"),
    (("decode", "662486790", "--key", "none.key"), "no such file"),
    (("encode", "add-time"), "value: expected 0 to 995, got None"),
    (("encode", "add-time", "--value", 996), "value: expected 0 to 995, got 996"),
    (("encode", "disable", "--value", 1), "disable has none, got 1"),
    (("encode", "counter-sync", "--extended"), "the extended form has no counter-sync"),
    (("encode", "ad-time", "--value", 1), "add-time"),
    (("encode", "add-time", "--value", 1, "--count", 65_534), "65536 after 65534 is outside"),
)


@pytest.mark.parametrize(("args", "text"), WRONG)
def test_bad_input_is_one_line_that_says_what_and_where(emu, tmp_path, monkeypatch, args, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.key").write_text("abcdef")
    said = emu("openpaygo", *args).complains()
    assert text in said
    assert "abcdef" not in said
