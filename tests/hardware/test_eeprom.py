"""The EEPROM against the AT24C256C data sheet's words, and against every cut of a page write."""

from itertools import cycle, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.errors import LayoutError
from meter_emu.hardware.eeprom import (
    BLANK,
    EEPROM_PAGE_BYTES,
    ERASED,
    FATE_COUNT,
    MIXED,
    NEW,
    OLD,
    SIZE_BYTES,
    WEAK,
    WRITE_CYCLE_US,
    Eeprom,
)
from tests.cells import each_cell
from tests.wide import up_to

SMALL = 512
FLICKER = 0x5A
MIX = 0xC3
OLD_PAGE = bytes(range(64))
NEW_PAGE = bytes(0x80 | n for n in range(64))


def no_fate() -> int:
    raise AssertionError("no cycle was in progress")


def part() -> Eeprom:
    return Eeprom(lambda: FLICKER, size_bytes=SMALL)


def part_with_old_page() -> Eeprom:
    eeprom = part()
    assert eeprom.write(0, OLD_PAGE, 0)
    return eeprom


def test_a_new_part_is_erased_and_unworn():
    eeprom = Eeprom(no_fate)
    assert eeprom.read(0, SIZE_BYTES, 0) == bytes((ERASED,)) * 32_768
    assert eeprom.wear == [0] * 512


@given(st.integers(0, SMALL - 1), st.integers(1, 200), st.integers(0, 255))
def test_a_write_wraps_inside_its_page(at, count, seed):
    """ "Page Write": from the last byte of the page to the first byte of the same page."""
    data = bytes((seed + n) & 0xFF for n in range(count))
    want = bytearray((ERASED,)) * SMALL
    page = at // EEPROM_PAGE_BYTES * EEPROM_PAGE_BYTES
    for n, byte in enumerate(data):
        want[page + (at + n) % EEPROM_PAGE_BYTES] = byte
    eeprom = part()
    assert eeprom.write(at, data, 0)
    assert eeprom.read(0, SMALL, WRITE_CYCLE_US) == bytes(want)
    assert eeprom.wear == [
        int(n == at // EEPROM_PAGE_BYTES) for n in range(SMALL // EEPROM_PAGE_BYTES)
    ]


@given(st.integers(0, SMALL - 1), st.integers(0, 3 * SMALL), st.booleans())
def test_a_read_rolls_over_from_the_last_cell_to_the_first(at, count, weak):
    """ "Read Operations", sequential read."""
    eeprom = part_with_old_page()
    if weak:
        eeprom.weak = {3}
    every = eeprom.read(0, SMALL, WRITE_CYCLE_US)
    assert every is not None
    want = bytes(every[n % SMALL] for n in range(at, at + count))
    assert eeprom.read(at, count, WRITE_CYCLE_US) == bytes(want)


def test_a_page_past_its_endurance_reads_weak_and_then_keeps_nothing_and_no_other_does():
    eeprom = Eeprom(lambda: FLICKER, size_bytes=SMALL, endurance_cycles=1_000)
    now_us, read = 0, b""
    for count in range(1, 1_120):
        page = bytes((count & 0x3F,)) * 64  # never what a weak cell gives
        assert eeprom.write(0, page, now_us)
        now_us += WRITE_CYCLE_US
        before, read = read, eeprom.read(0, 64, now_us) or b""
        odd = sum(one != count & 0x3F for one in read)
        if count <= 1_000:
            assert odd == 0
        elif count <= 1_100:
            assert odd == 1, "one of those sent"
        else:
            assert read == before, "the cells stay as they were"
    assert eeprom.wear[:2] == [1_119, 0]
    assert eeprom.write(64, OLD_PAGE, now_us)
    assert eeprom.read(64, 64, now_us + WRITE_CYCLE_US) == OLD_PAGE
    again = Eeprom.from_bytes(
        eeprom.to_bytes(), lambda: FLICKER, size_bytes=SMALL, endurance_cycles=1_000
    )
    assert again.write(0, OLD_PAGE, 0)
    assert again.read(0, 64, WRITE_CYCLE_US) == read, "an image has what was worn"


def test_a_busy_part_answers_nothing_and_takes_nothing():
    """ "Acknowledge Polling": no acknowledge until the cycle is over."""
    eeprom = part_with_old_page()
    assert eeprom.busy_until_us == WRITE_CYCLE_US
    for now_us in (0, 1, WRITE_CYCLE_US - 1):
        assert eeprom.read(0, 1, now_us) is None
        assert not eeprom.write(64, b"\0", now_us)
    assert eeprom.read(0, 65, WRITE_CYCLE_US) == OLD_PAGE + b"\xff"
    assert eeprom.wear[:2] == [1, 0]


def test_an_access_without_data_starts_no_cycle():
    eeprom = part_with_old_page()
    assert eeprom.write(0, b"", WRITE_CYCLE_US)
    assert eeprom.read(0, 64, WRITE_CYCLE_US) == OLD_PAGE
    assert eeprom.wear[0] == 1
    eeprom.lose_power(WRITE_CYCLE_US, no_fate)


def outcomes(old: int, new: int) -> dict[int, int]:
    return {OLD: old, BLANK: ERASED, NEW: new, MIXED: MIX, WEAK: FLICKER}


@each_cell("after_us", [0, 1, 2_500, WRITE_CYCLE_US - 1])
def test_each_byte_sent_is_old_blank_new_mixed_or_weak_whatever_the_others_are(after_us):
    """Every byte of the page by every outcome; cells that were not sent stay."""
    for offset, outcome in product(range(64), range(FATE_COUNT)):
        eeprom = part_with_old_page()
        assert eeprom.write(0, NEW_PAGE, WRITE_CYCLE_US)
        fates = [NEW] * offset + [outcome] + [MIX] * (outcome == MIXED) + [NEW] * 63
        eeprom.lose_power(WRITE_CYCLE_US + after_us, iter(fates).__next__)
        want = bytearray(NEW_PAGE)
        want[offset] = outcomes(OLD_PAGE[offset], NEW_PAGE[offset])[outcome]
        now_us = WRITE_CYCLE_US + after_us
        assert eeprom.read(0, SMALL, now_us) == bytes(want) + b"\xff" * (SMALL - 64)


def test_a_cut_at_every_microsecond_of_a_page_write():
    """From STOP to the end of the cycle each byte has its fate; from then on the page is new."""
    for after_us in range(WRITE_CYCLE_US + 2):
        eeprom = part_with_old_page()
        assert eeprom.write(60, NEW_PAGE[:8], WRITE_CYCLE_US)  # wraps: cells 60 to 63 and 0 to 3
        fates = cycle((OLD, BLANK, NEW, MIXED, MIX, WEAK))
        eeprom.lose_power(WRITE_CYCLE_US + after_us, fates.__next__)
        want = bytearray(OLD_PAGE)
        for n in range(8):
            cell = (60 + n) % 64
            fate = (OLD, BLANK, NEW, MIXED, WEAK)[n % 5]
            done = after_us >= WRITE_CYCLE_US
            want[cell] = NEW_PAGE[n] if done else outcomes(OLD_PAGE[cell], NEW_PAGE[n])[fate]
        assert eeprom.read(0, 64, WRITE_CYCLE_US + after_us + 5_000) == bytes(want)


def test_of_more_bytes_than_a_page_each_cell_has_one_fate():
    eeprom = part()
    assert eeprom.write(0, OLD_PAGE + NEW_PAGE[:10], 0)
    fates = iter([OLD] * 64)
    eeprom.lose_power(1, fates.__next__)
    assert next(fates, None) is None
    assert eeprom.read(0, 64, 2) == b"\xff" * 64


def test_after_a_cut_the_part_answers_at_once():
    eeprom = part()
    eeprom.write(0, b"a", 0)
    eeprom.lose_power(1, lambda: NEW)
    assert eeprom.read(0, 1, 1) == b"a"
    eeprom.lose_power(2, no_fate)


def test_a_weak_cell_reads_differently_until_it_is_written():
    noise = iter((0x00, 0xFF, 0x00, 0xFF))
    eeprom = Eeprom(noise.__next__, size_bytes=SMALL)
    eeprom.write(5, b"x", 0)
    eeprom.lose_power(1, lambda: WEAK)
    assert eeprom.read(4, 3, 2) == b"\xff\x00\xff"
    assert eeprom.read(4, 3, 2) == b"\xff\xff\xff"
    eeprom.write(5, b"y", 2)
    assert eeprom.read(4, 3, 2 + WRITE_CYCLE_US) == b"\xffy\xff"
    assert not eeprom.weak


def test_a_weak_cell_whose_rewrite_left_it_old_is_still_weak():
    eeprom = part()
    eeprom.write(5, b"x", 0)
    eeprom.lose_power(1, lambda: WEAK)
    eeprom.write(4, b"abc", 2)
    eeprom.lose_power(3, lambda: OLD)
    assert eeprom.weak == {5}


@given(
    st.binary(min_size=SMALL, max_size=SMALL),
    st.sets(st.integers(0, SMALL - 1)),
    st.lists(up_to(2**32 - 1), min_size=8, max_size=8),
)
def test_an_image_holds_cells_weak_cells_and_wear(cells, weak, wear):
    eeprom = part()
    eeprom.cells[:], eeprom.weak, eeprom.wear = cells, weak, wear
    raw = eeprom.to_bytes()
    assert len(raw) == SMALL + SMALL // 8 + 8 * 4
    again = Eeprom.from_bytes(raw, lambda: FLICKER, size_bytes=SMALL)
    assert (again.cells, again.weak, again.wear) == (eeprom.cells, weak, wear)
    assert again.to_bytes() == raw


def test_the_first_weak_bit_is_cell_0():
    raw = bytearray(part().to_bytes())
    raw[SMALL] = 0x80
    assert Eeprom.from_bytes(bytes(raw), no_fate, size_bytes=SMALL).weak == {0}


@each_cell("size", [0, SMALL + 64 + 31, SMALL + 64 + 33])
def test_an_image_of_another_size_is_refused(size):
    with pytest.raises(LayoutError, match="608 bytes") as refused:
        Eeprom.from_bytes(bytes(size), no_fate, size_bytes=SMALL)
    assert refused.value.offset == 0
