"""The DS3231 over its bus (19-5170 Rev. 10): Address Map, Clock and Calendar, Control Register,
Status Register, Power Control, and the image.
"""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.errors import LayoutError
from meter_emu.hardware.oscillator import SECOND, Oscillator
from meter_emu.hardware.rtc.calendar_chip import ChipCalendar
from meter_emu.hardware.rtc.ds3231 import (
    ALARMS,
    GARBAGE_BYTES,
    RESET,
    TIME,
    UNUSED,
    Ds3231,
)
from tests.cells import each_cell

S = 1_000_000
NOON = bytes.fromhex("00001205030720")  # Friday 2020-07-03 12:00:00
EVE = bytes.fromhex("59592304020720")  # Thursday 2020-07-02 23:59:59
MIDNIGHT = bytes.fromhex("00000005030720")
CONTROL, STATUS, AGING = 0x0E, 0x0F, 0x10


def chip_at(time: bytes, drift_ppb: int = 0, phase: int = 0) -> Ds3231:
    """Return a chip that shows a time it was set to, OSF clear."""
    chip = Ds3231(ChipCalendar(), Oscillator(drift_ppb, phase=phase))
    chip.registers[TIME] = time
    chip.registers[STATUS] = 0x08
    return chip


def shown(chip: Ds3231, now_us: int) -> bytes:
    return chip.read(0, 7, now_us, now_us)


# The table ------------------------------------------------------------------------------------


def test_unused_bits_are_those_figure_1_prints_as_0():
    zeros = {0: 0x80, 1: 0x80, 2: 0x80, 3: 0xF8, 4: 0xC0, 5: 0x60, 0x0F: 0x70, 0x12: 0x3F}
    assert bytes(zeros.get(register, 0) for register in range(19)) == UNUSED


# What of a written byte reads back from a chip with OSF, A2F and A1F clear; all of it where not
# listed. CONV and BSY read 0 (no conversion), 11h and 12h are read only.
READS_BACK = {
    0x00: 0x7F, 0x01: 0x7F, 0x02: 0x7F, 0x03: 0x07, 0x04: 0x3F, 0x05: 0x9F,
    0x0E: 0xDF, 0x0F: 0x08, 0x11: 0x00, 0x12: 0x00,
}  # fmt: skip


def test_every_value_of_every_register_reads_back_but_for_read_only_and_unused_bits():
    for register, value in product(range(19), range(256)):
        chip = chip_at(NOON)
        chip.write(register, bytes((value,)), 0, 0)
        want = value & READS_BACK.get(register, 0xFF)
        assert chip.read(register, 1, 0, 0) == bytes((want,)), (register, value)


def test_a_written_register_disturbs_no_other():
    for register, value in product(range(19), (0x00, 0xFF)):
        chip = chip_at(NOON)
        before = chip.read(0, 19, 0, 0)
        chip.write(register, bytes((value,)), 0, 0)
        after = chip.read(0, 19, 0, 0)
        assert before[:register] + before[register + 1 :] == (
            after[:register] + after[register + 1 :]
        )


# Reading --------------------------------------------------------------------------------------


@given(st.integers(0, 18), st.integers(0, 60))
def test_the_address_wraps_from_12_to_00_when_reading(at, count):
    """Address Map: after 12h the pointer wraps around to 00h."""
    chip = chip_at(NOON)
    chip.registers[AGING] = 0xA5
    every = chip.read(0, 19, 0, 0)
    assert chip.read(at, count, 0, 0) == bytes(every[n % 19] for n in range(at, at + count))


def test_the_address_wraps_from_12_to_00_when_writing():
    chip = chip_at(NOON)
    chip.write(0x12, bytes((0xFF, 0x30, 0x15)), 0, 0)
    assert bytes(chip.registers[0x12:] + chip.registers[:3]) == bytes((0x00, 0x30, 0x15, 0x12))


@each_cell("past", [0x13, 0x20, 0xFF])
def test_an_address_past_12_is_taken_modulo_13(past):
    """Not said what it does."""
    chip = chip_at(NOON)
    assert chip.read(past, 19, 0, 0) == chip.read(past % 0x13, 19, 0, 0)
    chip.write(past, b"\x01", 0, 0)
    assert chip.registers[past % 0x13] & 0x01 == READS_BACK.get(past % 0x13, 0xFF) & 0x01


@given(st.integers(0, SECOND - 1), st.integers(0, 5 * S))
def test_a_read_shows_the_moment_of_its_start_however_long_it_takes(phase, length_us):
    """Address Map: at START the time is copied to a second set of registers; here over midnight."""
    chip = chip_at(EVE, phase=phase)
    assert chip.read(0, 7, 0, length_us) == EVE


@given(st.integers(0, SECOND - 1), st.integers(0, 100 * S))
def test_the_clock_counts_on_during_a_read_and_loses_nothing(phase, length_us):
    """Address Map: "while the clock may continue to run"; the PCF8563 would lose seconds."""
    read, left = chip_at(EVE, phase=phase), chip_at(EVE, phase=phase)
    read.read(0, 19, 0, length_us)
    assert shown(read, length_us) == shown(left, length_us)
    assert read.oscillator.phase == left.oscillator.phase


def test_the_time_is_copied_again_when_the_pointer_comes_to_00():
    """Clock and Calendar: synchronised on START "and when the register pointer rolls over to zero".

    Not said when that is; we spread the bytes evenly: 7 of 14 are read when a second is over.
    """
    for length_us, after in ((2 * S - 2, EVE), (2 * S, MIDNIGHT)):
        chip = chip_at(EVE)
        raw = chip.read(0x0C, 14, 0, length_us)
        assert raw[7:] == after


def test_each_rollover_copies_anew():
    chip = chip_at(NOON)
    raw = chip.read(0, 19 * 4, 0, 4 * S)
    assert [raw[n * 19] for n in range(4)] == [0x00, 0x01, 0x02, 0x03]
    assert [raw[n * 19 : n * 19 + 7][1:] for n in range(4)] == [NOON[1:]] * 4


def test_two_accesses_across_midnight_are_torn():
    """Only one access is one moment: time and date read apart may not belong together."""
    chip = chip_at(EVE)
    time = chip.read(0, 3, 0, 200)
    date = chip.read(3, 4, S, S + 200)
    assert time + date == EVE[:3] + MIDNIGHT[3:]


# Writing --------------------------------------------------------------------------------------


@given(st.integers(0, 7))
def test_a_torn_write_leaves_the_first_bytes_new_and_the_rest_counting(landed):
    chip = chip_at(EVE)
    chip.write(0, bytes.fromhex("30150905010121")[:landed], 0, 100)
    want = bytes.fromhex("30150905010121")[:landed] + EVE[landed:]
    assert chip.registers[TIME] == want
    chip.advance(2 * S)
    assert chip.registers[TIME] != want


@given(st.integers(0, SECOND - 1))
def test_writing_the_seconds_resets_the_countdown_chain(phase):
    """Clock and Calendar: so a second written lasts exactly one second."""
    chip = chip_at(EVE, phase=phase)
    chip.write(0, NOON, 0, 0)
    assert shown(chip, S - 1) == NOON
    assert shown(chip, S)[0] == 0x01


@given(st.integers(0, SECOND - 1), st.integers(1, 18))
def test_writing_anything_else_leaves_the_countdown_chain(phase, register):
    written, left = chip_at(EVE, phase=phase), chip_at(EVE, phase=phase)
    written.write(register, b"\x01", 0, 0)
    left.advance(0)
    assert written.oscillator.phase == left.oscillator.phase


def test_the_chain_is_reset_where_the_seconds_are_acknowledged():
    """Not said when in the access; we spread the bytes: the first of seven after a seventh."""
    chip = chip_at(EVE)
    chip.write(0, NOON, 0, 700)
    assert shown(chip, S + 99)[0] == 0x00
    assert shown(chip, S + 100)[0] == 0x01


def test_what_follows_the_seconds_within_a_second_is_never_torn():
    """Clock and Calendar: "remaining ... registers must be written within 1 second"."""
    for phase in (0, SECOND // 2, SECOND - 1):
        chip = chip_at(EVE, phase=phase)
        chip.write(0, b"\x59\x59", 0, 200)
        chip.write(2, NOON[2:], 900_000, 999_000)
        assert shown(chip, 999_000) == b"\x59\x59" + NOON[2:]


def test_what_follows_the_seconds_after_a_second_is_torn():
    """The other side of that sentence: the carry of 59:59 went into the old hours."""
    chip = chip_at(EVE)
    chip.write(0, b"\x59\x59", 0, 200)
    chip.advance(S + 200)
    assert chip.registers[TIME] == MIDNIGHT
    chip.write(2, b"\x12\x05\x03\x07\x20", S + 200, S + 700)
    assert chip.registers[TIME] == NOON


def test_a_slow_write_is_counted_through():
    """Each byte takes effect at its acknowledge: the carry of 59 s went into the old minutes."""
    chip = chip_at(NOON)
    chip.write(0, b"\x59\x59\x08", 0, 6 * S)
    assert chip.registers[TIME] == b"\x03\x59\x08" + NOON[3:]


# Stopping -------------------------------------------------------------------------------------


def test_osf_stays_until_it_is_written_0():
    """Status Register: counting, reading and setting the time keep it."""
    chip = chip_at(EVE)
    chip.voltage_low()
    chip.write(0, NOON, 0, 0)
    assert chip.read(STATUS, 1, 90 * S, 90 * S) == b"\x88"
    chip.write(STATUS, b"\x88", 90 * S, 90 * S)
    assert chip.registers[STATUS] == 0x88
    chip.write(STATUS, b"\x08", 90 * S, 90 * S)
    assert chip.read(STATUS, 1, 99 * S, 99 * S) == b"\x08"


@each_cell("flag", [0x80, 0x02, 0x01])
def test_a_flag_cannot_be_set_by_writing_and_is_cleared_alone(flag):
    """Status Register: writing 1 leaves A1F and A2F; not said for OSF, we do the same."""
    chip = chip_at(NOON)
    chip.write(STATUS, bytes((flag,)), 0, 0)
    assert chip.registers[STATUS] == 0x00
    chip.registers[STATUS] = 0x83
    chip.write(STATUS, bytes((0x83 ^ flag,)), 0, 0)
    assert chip.registers[STATUS] == 0x83 ^ flag


def test_a_dead_crystal_shows_in_osf_and_cannot_be_cleared_away():
    """Status Register: set whenever the oscillator "either is stopped or was stopped"."""
    chip = chip_at(NOON)
    chip.oscillator.running = False
    assert chip.read(0, 16, S, S)[STATUS] == 0x88
    chip.write(STATUS, b"\x08", S, S)
    assert chip.registers[STATUS] == 0x88
    assert shown(chip, 9 * S) == NOON
    assert chip.us_until_second_of_day(86_400, 43_200) is None
    chip.oscillator.running = True
    chip.write(STATUS, b"\x08", 9 * S, 9 * S)
    assert chip.read(STATUS, 1, 10 * S, 10 * S) == b"\x08"


def test_eosc_does_nothing_on_vcc():
    """Control Register: powered by VCC the oscillator is always on, whatever EOSC says."""
    chip = chip_at(EVE)
    chip.write(CONTROL, b"\x9c", 0, 0)
    assert shown(chip, S) == MIDNIGHT
    assert chip.registers[STATUS] == 0x08


def test_eosc_stops_the_clock_on_battery_and_osf_tells():
    """Control Register: then all register data is static. Status Register: OSF, condition 3."""
    chip = chip_at(EVE)
    chip.write(CONTROL, b"\x9c", 0, 0)
    chip.lose_power(S // 2)
    assert chip.us_until_second_of_day(86_400, 86_399) is None
    assert shown(chip, 50 * S) == EVE
    chip.regain_power(60 * S)
    assert chip.registers[STATUS] == 0x88
    assert shown(chip, 60 * S + S // 2 - 1) == EVE
    assert shown(chip, 60 * S + S // 2) == MIDNIGHT


def test_without_eosc_an_outage_is_not_noticed():
    """Control Register: EOSC is clear when power is first applied, so the battery carries it."""
    lost, kept = chip_at(EVE, 20_000), chip_at(EVE, 20_000)
    lost.lose_power(S)
    lost.regain_power(400 * S)
    assert lost.to_bytes(500 * S) == kept.to_bytes(500 * S)


@given(st.binary(min_size=7, max_size=7), st.integers(0, 10 * S))
def test_power_on_reset_gives_2000_osf_and_garbage_in_the_alarms(garbage, now_us):
    """Power Control: time and date are reset to 01/01/00 01 00:00:00. Control 1Ch, Status 88h."""
    chip = chip_at(EVE, phase=5)
    chip.write(CONTROL, b"\xff\x00\x7f", 0, 0)
    chip.lose_power(0)
    chip.oscillator.running = False
    chip.power_on_reset(garbage, now_us)
    assert chip.registers[TIME].hex() == "00000001010100"
    assert chip.registers[ALARMS] == garbage
    assert chip.registers[CONTROL:].hex() == "1c88000000"
    assert chip.oscillator.us_until(1) == S
    assert not chip.on_battery
    chip.lose_power(now_us)
    assert shown(chip, now_us + S)[0] == 0x01


def test_a_fresh_chip_warns_of_itself():
    chip = Ds3231(ChipCalendar(), Oscillator())
    assert chip.registers == RESET
    assert chip.read(STATUS, 1, 0, 0) == b"\x88"


def test_garbage_is_one_byte_for_each_alarm_register():
    with pytest.raises(AssertionError, match="07h to 0Dh"):
        chip_at(NOON).power_on_reset(bytes(GARBAGE_BYTES + 1), 0)


# Seconds of the day ---------------------------------------------------------------------------


@given(
    st.integers(0, 86_399),
    st.integers(1, 86_400),
    st.integers(-200_000, 200_000),
    st.integers(0, SECOND - 1),
    st.integers(0, 100 * S),
    st.booleans(),
)
def test_a_second_of_the_day_shows_exactly_when_it_was_foretold(
    start, wanted, drift, phase, now, twelve
):
    """Never earlier than the registers show it, and not a microsecond later, in either mode."""
    hour = start // 3600
    hours = f"{hour:02}"
    if twelve:
        hours = f"{0x40 | 0x20 * (hour >= 12) | int(str((hour + 11) % 12 + 1), 16):02x}"
    chip = chip_at(
        bytes.fromhex(f"{start % 60:02}{start // 60 % 60:02}{hours}") + EVE[3:], drift, phase
    )
    chip.oscillator.at_us = now
    assert chip.second_of_day(now) == start
    us = chip.us_until_second_of_day(wanted, start)
    assert us is not None
    if wanted <= start:
        assert us == 0
        return
    before = chip.second_of_day(now + us - 1)
    assert before == wanted - 1
    assert chip.second_of_day(now + us) == wanted % 86_400
    assert chip.registers[4] == (0x03 if wanted == 86_400 else 0x02)


@each_cell(
    "time",
    [
        "60000005030720",
        "00600005030720",
        "00002405030720",
        "0a000005030720",
        "00004005030720",
        "00005305030720",
        "00006005030720",
        "00007305030720",
    ],
)
def test_garbage_is_no_second_of_the_day(time):
    chip = chip_at(bytes.fromhex(time))
    assert chip.second_of_day(0) is None


# The image ------------------------------------------------------------------------------------


@given(
    st.integers(0, 100 * S),
    st.integers(0, 100 * S),
    st.sampled_from((EVE, NOON, bytes.fromhex("59597104020720"))),
    st.integers(-9999, 9999),
)
def test_a_chip_from_its_image_goes_on_as_if_nothing_happened(saved, later, time, drift):
    chip = chip_at(time, drift)
    raw = chip.to_bytes(saved)
    again = Ds3231.from_bytes(raw, ChipCalendar(), Oscillator(drift, at_us=saved))
    assert again.to_bytes(saved) == raw
    assert len(raw) == Ds3231.IMAGE_BYTES
    assert again.to_bytes(saved + later) == chip.to_bytes(saved + later)


@given(st.integers(0, 100 * S))
def test_which_supply_it_runs_from_is_no_part_of_the_image(later):
    """Who loads an image says whether the mains are up; OSF of a stop is in it."""
    chip = chip_at(EVE)
    chip.write(CONTROL, b"\x80", 0, 0)
    chip.lose_power(0)
    again = Ds3231.from_bytes(chip.to_bytes(0), ChipCalendar(), Oscillator())
    assert not again.on_battery
    again.lose_power(0)
    assert again.to_bytes(later) == chip.to_bytes(later)
    again.regain_power(later)
    chip.regain_power(later)
    assert again.to_bytes(later + S) == chip.to_bytes(later + S)
    assert again.registers[STATUS] & 0x80


def test_a_dead_crystal_is_dead_in_the_image():
    chip = chip_at(NOON)
    chip.oscillator.running = False
    again = Ds3231.from_bytes(chip.to_bytes(0), ChipCalendar(), Oscillator())
    assert not again.oscillator.running
    assert again.registers[STATUS] & 0x80


GOOD = RESET + bytes(8) + b"\x01"


def test_a_good_image_is_taken():
    assert Ds3231.from_bytes(GOOD, ChipCalendar(), Oscillator()).to_bytes(0) == GOOD


def changed(at: int, byte: int) -> bytes:
    return GOOD[:at] + bytes((byte,)) + GOOD[at + 1 :]


@each_cell(
    ("raw", "offset"),
    [
        (GOOD[:-1], 0),
        (GOOD + b"\0", 0),
        (changed(0, 0x80), 0),
        (changed(3, 0x08), 3),
        (changed(0x0E, 0x3C), 0x0E),  # CONV
        (changed(0x0F, 0x8C), 0x0F),  # BSY
        (changed(0x0F, 0x98), 0x0F),
        (changed(0x12, 0x01), 0x12),
        (RESET + SECOND.to_bytes(8, "big") + b"\x01", 0x13),
        (changed(0x1B, 0x02), 0x1B),
    ],
)
def test_an_image_that_no_chip_could_have_made_is_refused(raw, offset):
    with pytest.raises(LayoutError) as refused:
        Ds3231.from_bytes(raw, ChipCalendar(), Oscillator())
    assert refused.value.offset == offset
