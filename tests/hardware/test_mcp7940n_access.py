"""The MCP7940N over its bus (Microchip DS20005010F): its registers, supplies, SRAM, and the image.

What it does like the DS1307, as counting, is tried with that chip; here is what it has alone.
"""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.errors import LayoutError
from meter_emu.hardware.oscillator import SECOND, Oscillator
from meter_emu.hardware.rtc.calendar_chip import ChipCalendar
from meter_emu.hardware.rtc.mcp7940n import (
    GARBAGE_BYTES,
    NEVER_SET,
    RESET,
    SRAM,
    UNUSED,
    Mcp7940n,
)
from tests.cells import each_cell

S = 1_000_000
DAY_US = 86_400 * S
EVE = bytes.fromhex("d9592304020720")  # ST, Thursday 2020-07-02 23:59:59, VBATEN clear
LOST_US, BACK_US = 90 * S, 4_000 * S


def chip_at(time: bytes, phase: int = 0) -> Mcp7940n:
    chip = Mcp7940n(ChipCalendar(), Oscillator(phase=phase))
    chip.registers[:7] = time
    chip.obey_registers()
    return chip


def backed(time: bytes = EVE) -> Mcp7940n:
    chip = chip_at(time)
    chip.registers[3] |= 0x08
    return chip


def shown(chip: Mcp7940n, at: int, count: int, now_us: int = 0) -> str:
    return chip.read(at, count, now_us, now_us).hex()


# Registers ----------------------------------------------------------------------------------------


def test_unused_bits_are_those_table_5_1_leaves_out():
    time = {0x01: 0x80, 0x02: 0x80, 0x03: 0xC0, 0x04: 0xC0, 0x05: 0xC0}
    alarm = {0: 0x80, 1: 0x80, 2: 0x80, 4: 0xC0, 5: 0xE0}
    stamp = {0: 0x80, 1: 0x80, 2: 0xC0}
    alarms = {base + at: mask for base in (0x0A, 0x11) for at, mask in alarm.items()}
    stamps = {base + at: mask for base in (0x18, 0x1C) for at, mask in stamp.items()}
    none = time | alarms | stamps
    assert bytes(none.get(at, 0) for at in range(0x60)) == UNUSED
    read_only = {0x03: 0x20, 0x05: 0x20, 0x0C: 0x40, 0x13: 0x40, 0x14: 0x80}
    held = bytes(mask | read_only.get(at, 0) for at, mask in enumerate(UNUSED))
    assert held == NEVER_SET


def test_a_first_power_leaves_what_the_sheet_states():
    """Value at POR: all 0, but weekdays, dates, months and the year 01, and OUT of CONTROL."""
    chip = chip_at(EVE)
    chip.power_on_reset(bytes(range(64)), 0)
    ones = {0x03, 0x04, 0x05, 0x06, 0x0D, 0x0E, 0x0F, 0x14, 0x15, 0x16}
    want = bytes(0x80 if at == 0x07 else at in ones for at in range(SRAM))
    assert chip.read(0, SRAM, 0, 0) == want == RESET[:SRAM]
    assert chip.read(SRAM, GARBAGE_BYTES, 0, 0) == bytes(range(64))
    assert shown(chip, 0, 7, 100 * S) == want[:7].hex(), "it stands until ST is set"


@pytest.mark.slow("every value of every register")
def test_every_value_of_every_register_reads_back_but_for_its_own_bits_and_disturbs_no_other():
    """No 1 can be written to PWRFAIL and ALMxIF; ST, 12/24, ALMPOL and the year show elsewhere."""
    flags = {0x03: 0x10, 0x0D: 0x08, 0x14: 0x08}
    elsewhere = {0x00: {3}, 0x02: {0x0C, 0x13}, 0x06: {5}, 0x0D: {0x14}}
    for at, value in product(range(0x60), range(256)):
        chip = chip_at(EVE)
        before = chip.read(0, SRAM, 0, 0) + chip.read(SRAM, 0x60 - SRAM, 0, 0)
        chip.write(at, bytes((value,)), 0, 0)
        after = chip.read(0, SRAM, 0, 0) + chip.read(SRAM, 0x60 - SRAM, 0, 0)
        kept = ~NEVER_SET[at] & ~flags.get(at, 0)
        assert after[at] & kept == value & kept, f"{at:02x} {value:02x}"
        assert not after[at] & flags.get(at, 0)
        changed = {n for n in range(0x60) if after[n] != before[n]} - {at}
        assert changed <= elsewhere.get(at, set()), f"{at:02x} {value:02x}"


def test_the_leap_year_bit_is_the_years():
    for year in range(100):
        chip = chip_at(EVE[:6] + bytes((int(f"{year:02}", 16),)))
        assert bool(chip.read(5, 1, 0, 0)[0] & 0x20) == (year % 4 == 0), year


def test_oscrun_says_whether_the_crystal_is_on_and_runs():
    chip = chip_at(EVE)
    assert chip.read(3, 1, 0, 0)[0] & 0x20
    chip.oscillator.running = False
    assert not chip.read(3, 1, 0, 0)[0] & 0x20
    chip.oscillator.running = True
    chip.write(0, b"\x59", 0, 0)
    assert not chip.read(3, 1, 0, 0)[0] & 0x20
    assert shown(chip, 0, 7, 100 * S)[:2] == "59", "without ST it stands"
    chip.write(0, b"\xd9", 100 * S, 100 * S)
    assert shown(chip, 0, 1, 101 * S) == "80"


def test_a_read_that_comes_to_00h_shows_the_time_of_that_moment():
    """The bytes are spread evenly: half of four seconds are over after two of four bytes."""
    assert shown(chip_at(b"\x80" + EVE[1:]), 0x1E, 4, 10 * S)[4:6] == "90"
    assert chip_at(b"\x80" + EVE[1:]).read(0x1E, 4, 10 * S, 14 * S)[2] == 0x92


def test_writing_the_seconds_resets_the_divider_chain():
    for phase in (0, 1, SECOND // 2, SECOND - 1):
        chip = chip_at(EVE, phase=phase)
        chip.write(0, b"\x80", 0, 0)
        assert shown(chip, 0, 1, S - 1) == "80", phase
        assert shown(chip, 0, 1, S) == "81", phase


def test_st_takes_effect_with_its_byte():
    """Written slowly, a byte in two seconds."""
    chip = chip_at(b"\x00" + EVE[1:])
    chip.write(0, b"\x80\x10\x11\x14", 0, 8 * S)
    assert shown(chip, 0, 3, 8 * S) == "861011"
    chip.write(0, b"\x00\x10\x11\x14", 10 * S, 18 * S)
    assert shown(chip, 0, 3, 18 * S) == "001011"


@pytest.mark.parametrize("mode", [0x00, 0x40])
def test_alarms_show_the_mode_of_the_clock_and_the_polarity_of_the_first(mode):
    chip = chip_at(EVE[:2] + bytes((mode | 0x11,)) + EVE[3:])
    chip.write(0x0D, b"\x80", 0, 0)
    chip.write(0x14, b"\x00", 0, 0)
    assert chip.read(0x0C, 1, 0, 0)[0] & 0x40 == mode
    assert chip.read(0x13, 1, 0, 0)[0] & 0x40 == mode
    assert chip.read(0x14, 1, 0, 0)[0] & 0x80


# Access -------------------------------------------------------------------------------------------


def test_addresses_go_round_in_the_registers_and_in_the_sram_and_nobody_is_past_them():
    """5.3: from 1Fh to 00h; 6.1: the SRAM is a block of its own, and past 5Fh is no answer."""
    chip = chip_at(EVE)
    chip.write(0x1F, bytes((0x81, 0xC5, 0x30)), 0, 0)
    assert shown(chip, 0x1F, 4) == "81c53023"
    chip.write(0x5F, b"\xaa\xbb", 0, 0)
    assert shown(chip, 0x5F, 2) == "aabb"
    assert shown(chip, SRAM, 1) == "bb"
    before = bytes(chip.registers)
    chip.write(0x60, b"\x11\x22", 0, 0)
    assert bytes(chip.registers) == before
    assert shown(chip, 0x60, 3) == "ffffff"


@given(st.integers(0, SECOND - 1), st.integers(0, 5 * S))
def test_a_read_shows_the_moment_of_its_start_and_the_clock_loses_nothing(phase, length_us):
    read, left = chip_at(EVE, phase), chip_at(EVE, phase)
    assert read.read(0, 3, 0, length_us) == EVE[:3]
    assert shown(read, 0, 7, length_us) == shown(left, 0, 7, length_us)
    assert read.oscillator.phase == left.oscillator.phase


@given(st.integers(0, 7))
def test_a_torn_write_leaves_the_first_bytes_new(landed):
    chip = chip_at(EVE)
    new = bytes.fromhex("30150905010121")
    chip.write(0, new[:landed], 0, 100)
    assert chip.registers[:7] == new[:landed] + EVE[landed:]


def test_the_weekday_counts_from_7_to_1_and_what_lies_next_to_it_stays():
    chip = chip_at(EVE[:3] + b"\x1f" + EVE[4:])
    assert shown(chip, 0, 7, S) == "80000039032720"


# Supplies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hours", "down", "up"), [
    ("23", "010003a7", "060103a7"),
    ("71", "015203a7", "064103a7"),
])  # fmt: skip
def test_the_first_outage_is_stamped_and_the_next_when_the_flag_is_cleared(hours, down, up):
    """5.7.1: minutes, hours in their mode, date, and month with the weekday, of both its ends.

    It is lost on Friday 3 July (day 5) at 00:01:29 and back at 01:06:39.
    """
    chip = backed(EVE[:2] + bytes.fromhex(hours) + EVE[3:])
    chip.lose_power(LOST_US)
    chip.regain_power(BACK_US)
    stamps = down + up
    assert shown(chip, 0x18, 8, BACK_US) == stamps
    assert chip.read(3, 1, BACK_US, BACK_US)[0] & 0x18 == 0x18
    chip.lose_power(BACK_US + DAY_US)
    chip.regain_power(BACK_US + 2 * DAY_US)
    later_us = BACK_US + 2 * DAY_US
    assert shown(chip, 0x18, 8, later_us) == stamps, "an older stamp is not lost"
    chip.write(3, b"\x1f", later_us, later_us)
    assert shown(chip, 0x18, 8, later_us) == stamps, "a 1 leaves it"
    chip.write(3, b"\x0f", later_us, later_us)
    assert shown(chip, 0x18, 8, later_us) == "00" * 8
    chip.lose_power(later_us)
    assert shown(chip, 0x18, 8, later_us) == up[:4] + "05e7" + "00" * 4, "Sunday the 5th"


def test_without_vbaten_an_outage_loses_all_but_the_sram():
    chip = chip_at(EVE)
    chip.write(SRAM, b"\x5a", 0, 0)
    chip.lose_power(LOST_US)
    chip.regain_power(BACK_US)
    assert chip.read(0, SRAM, BACK_US, BACK_US) == RESET[:SRAM]
    assert shown(chip, SRAM, 1, BACK_US) == "5a"
    assert shown(chip, 0, 7, BACK_US + 100 * S) == RESET[:7].hex()


def test_with_vbaten_the_clock_runs_on():
    chip = backed()
    chip.lose_power(LOST_US)
    chip.regain_power(BACK_US)
    assert shown(chip, 0, 3, BACK_US) == "b90601"


def test_low_voltage_leaves_no_mark():
    chip = backed()
    before = bytes(chip.registers)
    chip.voltage_low()
    assert bytes(chip.registers) == before


# Image --------------------------------------------------------------------------------------------


@given(st.binary(min_size=0x60, max_size=0x60), st.integers(0, SECOND - 1), st.booleans())
def test_an_image_keeps_everything(registers, phase, running):
    chip = chip_at(EVE)
    chip.upset(enumerate(registers))
    chip.oscillator.phase, chip.oscillator.running = phase, running
    again = Mcp7940n.from_bytes(chip.to_bytes(0), ChipCalendar(), Oscillator())
    assert again.to_bytes(0) == chip.to_bytes(0)
    assert again.read(0, SRAM, 0, 0) == chip.read(0, SRAM, 0, 0)
    assert shown(again, 0, 7, 100 * S) == shown(chip, 0, 7, 100 * S)


@each_cell(("register", "byte"), [(0x01, 0x80), (0x03, 0x20), (0x05, 0x20), (0x14, 0x80)])
def test_an_image_with_bits_that_the_chip_does_not_hold_is_refused(register, byte):
    raw = bytearray(chip_at(EVE).to_bytes(0))
    raw[register] = byte
    said = f"expected bits {NEVER_SET[register]:02x} clear, got {byte:02x}$"
    with pytest.raises(LayoutError, match=said) as refused:
        Mcp7940n.from_bytes(bytes(raw), ChipCalendar(), Oscillator())
    assert refused.value.offset == register


@each_cell(
    ("change", "offset", "said"),
    [
        (lambda raw: raw[:-1], 0, "expected 105 bytes, got 104 bytes$"),
        (lambda raw: raw + b"\0", 0, "expected 105 bytes, got 106 bytes$"),
        (lambda raw: raw[:96] + SECOND.to_bytes(8, "big") + raw[104:], 96, "got 00038d7ea4c68000$"),
        (lambda raw: raw[:104] + b"\2", 104, "expected flags 00 or 01, got 02$"),
    ],
)
def test_an_image_that_no_chip_could_have_made_is_refused(change, offset, said):
    with pytest.raises(LayoutError, match=said) as refused:
        Mcp7940n.from_bytes(change(chip_at(EVE).to_bytes(0)), ChipCalendar(), Oscillator())
    assert refused.value.offset == offset
