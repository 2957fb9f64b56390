"""The container: its bytes, what is refused, and which of two copies is in force."""

import struct
from contextlib import suppress
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.errors import LayoutError
from card_protocol.formats.container import (
    FILE_SIZE_BYTES,
    SEQUENCE_MAX,
    SLOT_BYTES,
    Container,
    claimed_places,
    claimed_records,
    in_force,
    parse_container,
    parse_head,
    plain_file,
)
from tests.cells import each_cell

RECORDS = {1: b"identity", 2: b"wallet!", 5: b""}
CONTAINER = Container(7, RECORDS)
RAW = CONTAINER.to_bytes()
HEAD_BYTES = 10
some_records = st.dictionaries(st.integers(1, 30), st.binary(max_size=80), max_size=5)


def sealed(body: bytes) -> bytes:
    """The oracle: a body and its CRC, past our own writer."""
    return body + struct.pack(">I", crc32(body))


def file_of(*slots: bytes) -> bytes:
    return b"".join(slot.ljust(SLOT_BYTES, b"\xff") for slot in slots)


def found(file: bytes) -> tuple[int, Container]:
    return in_force(lambda offset, size: file[offset : offset + size])


def test_the_bytes_are_those_of_the_page():
    rows = b"\x01\x00\x08" + b"\x02\x00\x07" + b"\x05\x00\x00"
    body = b"PE\x01\x03" + b"\x00\x00\x00\x07" + b"\x00\x26" + rows + b"identitywallet!"
    assert sealed(body) == RAW
    assert len(RAW) == 0x26


@given(st.integers(0, SEQUENCE_MAX), some_records)
def test_what_is_written_is_read(sequence, records):
    assert parse_container(Container(sequence, records).to_bytes()) == Container(sequence, records)


def test_a_wrong_crc_says_where_it_lies():
    with pytest.raises(LayoutError, match=f"at offset {len(RAW) - 4} expected .*, the CRC-32"):
        parse_container(RAW[:-1] + bytes((RAW[-1] ^ 1,)))


def test_of_a_copy_that_ends_early_the_records_are_shown_that_are_whole():
    ends = {1: (13, 27), 2: (16, 34), 5: (19, 34)}  # of the record's row, and of the record
    for cut in range(len(RAW) + 1):
        whole = {sfi: RECORDS[sfi] for sfi, places in ends.items() if max(places) <= cut}
        assert claimed_records(RAW[:cut]) == whole, cut
        rows = [(1, 19, 8), (2, 27, 7), (5, 34, 0)][: max(0, (cut - HEAD_BYTES) // 3)]
        assert list(claimed_places(RAW[:cut])) == rows, cut
    assert claimed_records(b"XX" + RAW[2:]) == {}


def test_no_byte_can_change_and_no_byte_be_missing():
    for at in range(len(RAW)):
        for bit in range(8):
            changed = bytearray(RAW)
            changed[at] ^= 1 << bit
            with pytest.raises(LayoutError):
                parse_container(bytes(changed))
        with pytest.raises(LayoutError):
            parse_container(RAW[:at])
    with pytest.raises(LayoutError):
        parse_container(RAW + b"\x00")


@each_cell(
    ("body", "why"),
    [
        (b"PE\x02\x00\x00\x00\x00\x01\x00\x0e", "at offset 2 expected version 1, got 2"),
        (b"PE\x01\x1f\x00\x00\x00\x01\x00\x0e", "at offset 3 expected at most 30 records"),
        (b"PE\x01\x00\x00\x00\x00\x01\x02\x01", "at offset 8 expected 14 to 512 bytes, got 513"),
        (b"PE\x01\x00\x00\x00\x00\x01\x00\x0d", "at offset 8 expected 14 to 512 bytes, got 13"),
        (b"PE\x01\x01\x00\x00\x00\x01\x00\x0e", "at offset 3 expected room for the rows"),
        (
            b"PE\x01\x01\x00\x00\x00\x01\x00\x11\x01\x00\x02",
            "at offset 8 expected 19 bytes, got 17",
        ),
        (
            b"PE\x01\x02\x00\x00\x00\x01\x00\x14\x01\x00\x00\x01\x00\x00",
            "at offset 3 expected each record once",
        ),
        (b"PE\x01\x00\x00\x00\x00\x01\x00\x0f", "at offset 8 expected 14 bytes, got 15"),
        (b"XX\x01\x00\x00\x00\x00\x01\x00\x0e", "at offset 0 expected magic 5045"),
    ],
)
def test_a_body_that_is_none_is_refused_though_its_crc_is_right(body, why):
    with pytest.raises(LayoutError, match=why):
        parse_container(sealed(body))


@given(st.binary(min_size=HEAD_BYTES, max_size=SLOT_BYTES), st.booleans())
def test_any_bytes_are_a_copy_that_survives_rebuilding_or_an_error(raw, seal):
    """With a right CRC the parser has only the layout to refuse them by."""
    with suppress(LayoutError):
        parse_head(raw[:HEAD_BYTES])
    with suppress(LayoutError):
        copy = parse_container(sealed(raw) if seal else raw)
        assert parse_container(copy.to_bytes()) == copy


def test_a_slot_is_the_limit():
    room = SLOT_BYTES - HEAD_BYTES - 3 - 4
    assert len(Container(1, {1: bytes(room)}).to_bytes()) == SLOT_BYTES
    with pytest.raises(LayoutError, match="at offset 8 expected 14 to 512 bytes, got 513"):
        Container(1, {1: bytes(room + 1)}).to_bytes()


def test_thirty_records_are_the_limit():
    thirty = Container(1, dict.fromkeys(range(1, 31), b""))
    assert parse_container(thirty.to_bytes()) == thirty
    with pytest.raises(LayoutError, match="at offset 3 expected at most 30 records, got 31"):
        Container(1, dict.fromkeys(range(1, 32), b"")).to_bytes()


def test_the_last_number_is_the_last_write():
    last = Container(SEQUENCE_MAX, RECORDS)
    assert parse_container(last.to_bytes()) == last
    with pytest.raises(LayoutError, match="at offset 4 expected a number that is not used up"):
        last.after({1: b"x"}).to_bytes()


def test_a_change_goes_to_the_start_of_its_record_and_counts_one_up():
    after = CONTAINER.after({2: b"WAL", 1: b"IDENTITY"})
    assert after == Container(8, {1: b"IDENTITY", 2: b"WALlet!", 5: b""})
    assert list(after.records) == list(RECORDS)


@each_cell("change", [{3: b"x"}, {2: bytes(8)}, {5: b"x"}])
def test_a_change_that_does_not_fit_is_refused(change):
    with pytest.raises(LayoutError, match="of record"):
        CONTAINER.after(change)


@each_cell(
    ("slots", "slot"),
    [
        ((RAW, b""), 0),
        ((b"", RAW), 1),
        ((RAW, CONTAINER.after({}).to_bytes()), 1),
        ((CONTAINER.after({}).to_bytes(), RAW), 0),
        ((RAW, CONTAINER.after({}).to_bytes()[:-1] + b"\x00"), 0),
        ((RAW[:-1] + b"\x00", CONTAINER.after({}).to_bytes()), 1),
        ((Container(SEQUENCE_MAX, {}).to_bytes()[:-1], RAW), 1),
    ],
)
def test_the_whole_copy_with_the_higher_number_is_in_force(slots, slot):
    file = file_of(*slots)
    size = parse_head(slots[slot][:HEAD_BYTES]).size_bytes
    assert len(file) == FILE_SIZE_BYTES
    assert found(file) == (slot, parse_container(slots[slot][:size]))


def test_without_a_whole_copy_there_is_nothing():
    for file in (file_of(b"", b""), file_of(RAW[:-1], RAW[:-2])):
        with pytest.raises(
            LayoutError, match="at offset 0 expected a copy that is whole, got none"
        ):
            found(file)


def test_finding_takes_four_reads_at_most():
    reads: list[tuple[int, int]] = []
    torn = file_of(CONTAINER.after({}).to_bytes()[:-1], RAW)

    def read(offset: int, size: int) -> bytes:
        reads.append((offset, size))
        return torn[offset : offset + size]

    assert in_force(read)[0] == 1
    assert reads == [(0, 10), (512, 10), (0, len(RAW)), (512, len(RAW))]


def test_file_and_dedicated_file_end_in_the_same_byte():
    assert [plain_file(df) for df in (0xDF01, 0xDF02)] == [0xBE01, 0xBE02]
