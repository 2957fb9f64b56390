"""YYMMDDhhmm in BCD: every value of every field against a table, and everything else refused."""

import pytest

from card_protocol.errors import TimestampError
from card_protocol.timestamp import (
    BCD_NONE,
    Civil,
    decode_bcd_minute,
    encode_bcd_minute,
)
from tests.cells import each_cell

# Written out, not computed: an encoder and a decoder that share a wrong rule agree.
DIGITS = """
00 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19
20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39
40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59
60 61 62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79
80 81 82 83 84 85 86 87 88 89 90 91 92 93 94 95 96 97 98 99
"""
BCD = [bytes.fromhex(pair) for pair in DIGITS.split()]

BASE = Civil(2020, 7, 3, 23, 1)
BASE_RAW = bytes.fromhex("2007032301")
FIELDS = {
    "year": (0, 0, 99),
    "month": (1, 1, 12),
    "day": (2, 1, 31),
    "hour": (3, 0, 23),
    "minute": (4, 0, 59),
}


def swap(at: int, byte: int) -> bytes:
    return BASE_RAW[:at] + bytes([byte]) + BASE_RAW[at + 1 :]


def with_field(name: str, value: int) -> Civil:
    return BASE._replace(**{name: value})


def test_the_announced_minute_is_the_vector():
    assert encode_bcd_minute(BASE) == BASE_RAW
    assert decode_bcd_minute(BASE_RAW) == BASE
    assert str(BASE) == "2020-07-03 23:01"


@each_cell("name", FIELDS)
def test_every_value_of_each_field_matches_the_table(name):
    at, low, high = FIELDS[name]
    for value in range(low, high + 1):
        raw = swap(at, BCD[value][0])
        when = with_field(name, 2000 + value if name == "year" else value)
        assert encode_bcd_minute(when) == raw
        assert decode_bcd_minute(raw) == when


@each_cell("name", FIELDS)
def test_every_other_byte_of_each_field_is_refused(name):
    at, low, high = FIELDS[name]
    allowed = {BCD[value][0] for value in range(low, high + 1)}
    refused = set(range(256)) - allowed
    assert len(refused) == 256 - (high - low + 1)
    for byte in refused:
        with pytest.raises(TimestampError, match=name):
            decode_bcd_minute(swap(at, byte))


@pytest.mark.slow("tries every value")
@each_cell("name", ["year", "month", "hour"])
def test_every_pair_of_neighbouring_bytes_is_read_or_refused_as_its_fields_are(name):
    """All 65,536 pairs: no value of one byte makes a bad neighbour pass, or a good one fail."""
    at, low, high = FIELDS[name]
    next_name = list(FIELDS)[at + 1]
    _, next_low, next_high = FIELDS[next_name]
    table = {BCD[value][0]: value for value in range(100)}
    passed = 0
    for first in range(256):
        for second in range(256):
            raw = BASE_RAW[:at] + bytes([first, second]) + BASE_RAW[at + 2 :]
            good = low <= table.get(first, -1) <= high
            good = good and next_low <= table.get(second, -1) <= next_high
            try:
                when = decode_bcd_minute(raw)
            except TimestampError:
                assert not good, raw.hex()
            else:
                assert good, raw.hex()
                assert when is not None
                assert when[at] == table[first] + (2000 if at == 0 else 0)
                assert when[at + 1] == table[second]
                passed += 1
    assert passed == (high - low + 1) * (next_high - next_low + 1)


@each_cell(
    "when",
    [
        Civil(1999, 12, 31, 23, 59),
        Civil(2100, 1, 1, 0, 0),
        Civil(2020, 0, 1, 0, 0),
        Civil(2020, 13, 1, 0, 0),
        Civil(2020, 1, 0, 0, 0),
        Civil(2020, 1, 32, 0, 0),
        Civil(2020, 1, 1, 24, 0),
        Civil(2020, 1, 1, 0, 60),
        Civil(2020, 1, 1, -1, 0),
    ],
)
def test_a_field_out_of_range_is_not_written(when):
    with pytest.raises(TimestampError):
        encode_bcd_minute(when)


def test_none_is_one_value_and_no_date():
    assert encode_bcd_minute(None) == BCD_NONE == b"\xff" * 5
    assert decode_bcd_minute(BCD_NONE) is None
    for at in range(5):  # one digit less than none is no date either
        broken = BCD_NONE[:at] + b"\xfe" + BCD_NONE[at + 1 :]
        with pytest.raises(TimestampError):
            decode_bcd_minute(broken)


@each_cell("size", [0, 1, 4, 6, 10])
def test_another_size_is_refused(size):
    with pytest.raises(TimestampError, match="5 bytes"):
        decode_bcd_minute(b"\x20" * size)


def test_a_calendar_is_not_looked_at():
    """31 February is the reader's business, and stays what it was."""
    raw = bytes.fromhex("2002310000")
    assert decode_bcd_minute(raw) == Civil(2020, 2, 31, 0, 0)
    assert encode_bcd_minute(Civil(2020, 2, 31, 0, 0)) == raw


def test_the_table_catches_a_binary_encoder():
    """The check can fail: the classic mistake agrees below ten and nowhere else."""
    binary = bytes([20, 7, 3, 23, 1])
    assert binary != BASE_RAW
    assert decode_bcd_minute(bytes([0x20, 7, 3, 9, 1])) == BASE._replace(hour=9)
    with pytest.raises(TimestampError):
        decode_bcd_minute(bytes([0x20, 7, 3, 0x1A, 1]))
