"""The DS1307 over its bus (Maxim Integrated): Table 2, Clock and Calendar, and the image.

What it does like the DS3231 is tried there too; here is what it has, and what it lacks.
"""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.errors import LayoutError
from meter_emu.hardware.oscillator import SECOND, Oscillator
from meter_emu.hardware.rtc.calendar_chip import ChipCalendar
from meter_emu.hardware.rtc.ds1307 import (
    GARBAGE_BYTES,
    RAM,
    RESET,
    TIME,
    UNUSED,
    Ds1307,
)
from tests.cells import each_cell

S = 1_000_000
EVE = bytes.fromhex("59592304020720")  # Thursday 2020-07-02 23:59:59
MIDNIGHT = bytes.fromhex("00000005030720")
NOON = bytes.fromhex("00001205030720")


def chip_at(time: bytes, drift_ppb: int = 0, phase: int = 0) -> Ds1307:
    chip = Ds1307(ChipCalendar(), Oscillator(drift_ppb, phase=phase))
    chip.registers[TIME] = time
    chip.obey_registers()
    return chip


def shown(chip: Ds1307, now_us: int) -> bytes:
    return chip.read(0, 7, now_us, now_us)


# The table ------------------------------------------------------------------------------------


def test_unused_bits_are_those_table_2_prints_as_0():
    zeros = {1: 0x80, 2: 0x80, 3: 0xF8, 4: 0xC0, 5: 0xE0, 7: 0x6C}
    assert bytes(zeros.get(register, 0) for register in range(64)) == UNUSED


def test_every_value_of_every_register_reads_back_but_for_unused_bits_and_disturbs_no_other():
    for register, value in product(range(64), range(256)):
        chip = chip_at(NOON)
        before = chip.read(0, 64, 0, 0)
        chip.write(register, bytes((value,)), 0, 0)
        after = chip.read(0, 64, 0, 0)
        assert after[register] == value & ~UNUSED[register]
        assert before[:register] + before[register + 1 :] == (
            after[:register] + after[register + 1 :]
        )


def test_the_address_wraps_from_3f_to_00():
    """Data sheet, RTC and RAM Address Map."""
    chip = chip_at(NOON)
    chip.write(0x3F, bytes((0xAA, 0x30, 0x15)), 0, 0)
    assert chip.read(0x3F, 4, 0, 0).hex() == "aa301512"
    assert chip.read(0x7F, 1, 0, 0).hex() == "aa"


# Reading and writing --------------------------------------------------------------------------


@given(st.integers(0, SECOND - 1), st.integers(0, 5 * S))
def test_a_read_shows_the_moment_of_its_start_and_the_clock_loses_nothing(phase, length_us):
    """Clock and Calendar: the user buffers are synchronised at START, the clock runs on."""
    read, left = chip_at(EVE, phase=phase), chip_at(EVE, phase=phase)
    assert read.read(0, 7, 0, length_us) == EVE
    assert shown(read, length_us) == shown(left, length_us)
    assert read.oscillator.phase == left.oscillator.phase


@given(st.integers(0, SECOND - 1))
def test_writing_the_seconds_resets_the_divider_chain(phase):
    chip = chip_at(EVE, phase=phase)
    chip.write(0, NOON, 0, 0)
    assert shown(chip, S - 1) == NOON
    assert shown(chip, S)[0] == 0x01


@given(st.integers(0, 7))
def test_a_torn_write_leaves_the_first_bytes_new(landed):
    chip = chip_at(EVE)
    chip.write(0, bytes.fromhex("30150905010121")[:landed], 0, 100)
    assert chip.registers[TIME] == bytes.fromhex("30150905010121")[:landed] + EVE[landed:]


# Halting --------------------------------------------------------------------------------------


def test_ch_halts_the_clock_until_it_is_cleared():
    chip = chip_at(EVE)
    chip.write(0, b"\xd9", 0, 0)
    assert shown(chip, 90 * S)[:1] == b"\xd9"
    assert chip.us_until_second_of_day(86_400, 86_399) is None
    assert chip.second_of_day(90 * S) == 86_399
    chip.write(0, b"\x59", 90 * S, 90 * S)
    assert shown(chip, 91 * S - 1) == EVE
    assert shown(chip, 91 * S) == MIDNIGHT


def test_ch_takes_effect_with_its_byte():
    """Clock and Calendar: a byte is taken at its acknowledge, here a second apart."""
    chip = chip_at(NOON)
    chip.write(0, b"\x80" + NOON[1:], 0, 7 * S)
    assert shown(chip, 8 * S)[0] == 0x80
    chip.write(0, NOON, 8 * S, 15 * S)
    assert shown(chip, 15 * S)[0] == 0x06


def test_it_counts_through_an_outage_and_says_nothing_of_it():
    lost, kept = chip_at(EVE, 20_000), chip_at(EVE, 20_000)
    lost.lose_power(S)
    lost.regain_power(400 * S)
    assert lost.to_bytes(500 * S) == kept.to_bytes(500 * S)


def test_a_crystal_that_stood_still_leaves_no_mark():
    """The stated lack: no OSF. What was lost shows only against another clock."""
    chip = chip_at(EVE)
    chip.voltage_low()
    chip.oscillator.running = False
    chip.advance(3600 * S)
    chip.oscillator.running = True
    assert shown(chip, 3601 * S) == MIDNIGHT
    assert chip.registers[7:] == RESET[7:]


@given(st.binary(min_size=56, max_size=56), st.integers(0, 10 * S))
def test_power_on_reset_gives_2000_halted_and_garbage_in_the_ram(garbage, now_us):
    """Clock and Calendar: typically 01/01/00 01 00:00:00, and CH will be 1."""
    chip = chip_at(EVE, phase=5)
    chip.write(7, b"\x93", 0, 0)
    chip.power_on_reset(garbage, now_us)
    assert chip.registers[TIME].hex() == "80000001010100"
    assert chip.registers[7] == 0x03
    assert chip.registers[RAM:] == garbage
    assert shown(chip, now_us + 90 * S).hex() == "80000001010100"
    with pytest.raises(AssertionError, match="08h to 3Fh"):
        chip.power_on_reset(bytes(GARBAGE_BYTES + 1), now_us + 90 * S)


def test_a_fresh_chip_is_halted():
    chip = Ds1307(ChipCalendar(), Oscillator())
    assert chip.registers == RESET
    assert chip.us_until_second_of_day(1, 0) is None


# The century ----------------------------------------------------------------------------------


def test_after_2099_it_shows_2000_again():
    chip = chip_at(bytes.fromhex("59592304311299"))
    assert shown(chip, S).hex() == "00000005010100"


def test_the_chip_has_a_29_february_in_its_year_00():
    chip = chip_at(bytes.fromhex("59592307280200"))
    assert shown(chip, S).hex() == "00000001290200"


# The image ------------------------------------------------------------------------------------


@given(
    st.integers(0, 100 * S),
    st.integers(0, 100 * S),
    st.sampled_from((EVE, NOON, bytes.fromhex("d9597104020720"))),
    st.integers(-9999, 9999),
    st.binary(min_size=56, max_size=56),
)
def test_a_chip_from_its_image_goes_on_as_if_nothing_happened(saved, later, time, drift, ram):
    chip = chip_at(time, drift)
    chip.registers[RAM:] = ram
    raw = chip.to_bytes(saved)
    again = Ds1307.from_bytes(raw, ChipCalendar(), Oscillator(drift, at_us=saved))
    assert len(raw) == Ds1307.IMAGE_BYTES
    assert again.to_bytes(saved) == raw
    assert again.to_bytes(saved + later) == chip.to_bytes(saved + later)


@each_cell(
    ("at", "byte"), [(1, 0x80), (2, 0x80), (3, 0x08), (4, 0x40), (5, 0x80), (7, 0x20), (72, 0x02)]
)
def test_an_image_that_no_chip_could_have_made_is_refused(at, byte):
    good = RESET + bytes(8) + b"\x01"
    assert Ds1307.from_bytes(good, ChipCalendar(), Oscillator()).to_bytes(0) == good
    with pytest.raises(LayoutError) as refused:
        Ds1307.from_bytes(good[:at] + bytes((byte,)) + good[at + 1 :], ChipCalendar(), Oscillator())
    assert refused.value.offset == at
