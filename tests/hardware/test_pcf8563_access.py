"""The PCF8563 over its bus: access (8.5), STOP (8.10), VL (8.4.1), reset (8.11), the image."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.errors import LayoutError
from meter_emu.hardware.oscillator import SECOND, Oscillator
from meter_emu.hardware.rtc.calendar_chip import ChipCalendar
from meter_emu.hardware.rtc.pcf8563 import (
    FIRST_TICK_AFTER_STOP_US,
    IMPLEMENTED,
    RESET,
    TIME,
    UNUSED,
    Pcf8563,
)
from tests.cells import each_cell

S = 1_000_000
NOON = bytes.fromhex("00001203050720")  # Friday 2020-07-03 12:00:00
EVE = bytes.fromhex("59592302040720")  # Thursday 2020-07-02 23:59:59
MIDNIGHT = bytes.fromhex("00000003050720")


def chip_at(time: bytes, drift_ppb: int = 0, phase: int = 0) -> Pcf8563:
    chip = Pcf8563(ChipCalendar(), Oscillator(drift_ppb, phase=phase))
    chip.registers[TIME] = time
    return chip


def time_in(read: bytes) -> bytes:
    """What a driver with correct masks sees of a read of 02h to 08h."""
    return bytes(byte & mask for byte, mask in zip(read, IMPLEMENTED[TIME], strict=True))


def test_every_value_of_every_register_reads_back_but_for_unused_bits():
    """Not said what unused bits read; we read 1 and drop what is written.

    AF and TF cannot be set by writing (Table 6: writing 1 leaves the flag unchanged).
    """
    for register in range(16):
        for value in range(256):
            chip = chip_at(NOON)
            chip.write(register, bytes((value,)), 0, 0)
            kept = value & ~0x0C if register == 1 else value
            want = kept & ~UNUSED[register] & 0xFF | UNUSED[register]
            assert chip.read(register, 1, 0, 0) == bytes((want,))


@pytest.mark.parametrize("flag", [0x08, 0x04])
def test_alarm_and_timer_flags_are_cleared_one_by_one(flag):
    """Table 6: writing 0 clears a flag, writing 1 leaves it."""
    chip = chip_at(NOON)
    chip.registers[1] = 0x0C
    chip.write(1, bytes((0x0C ^ flag,)), 0, 0)
    assert chip.registers[1] == 0x0C ^ flag


@given(st.integers(0, 15), st.integers(0, 40))
def test_the_address_wraps_from_0f_to_00_when_reading(at, count):
    chip = chip_at(NOON)
    chip.registers[15] = 0xA5
    every = chip.read(0, 16, 0, 0)
    assert chip.read(at, count, 0, 0) == bytes(every[n % 16] for n in range(at, at + count))


def test_the_address_wraps_from_0f_to_00_when_writing():
    chip = chip_at(NOON)
    chip.write(0x0F, bytes((0x77, 0x08, 0x10, 0x30)), 0, 0)
    assert bytes(chip.registers[0x0F:] + chip.registers[:3]) == bytes((0x77, 0x08, 0x10, 0x30))


@given(st.integers(0, SECOND - 1), st.integers(0, 5 * S))
def test_counters_stand_still_inside_one_access(phase, length_us):
    """8.5: a read gives one moment, however long it takes; here over midnight."""
    chip = chip_at(EVE, phase=phase)
    assert time_in(chip.read(2, 7, 0, length_us)) == EVE


@each_cell(("length_us", "shown"), [(999_999, "00"), (S, "01"), (2 * S, "01"), (9 * S, "01")])
@each_cell("writing", [False, True])
def test_one_tick_is_kept_and_further_ones_are_lost(length_us, shown, writing):
    """8.5: "a maximum of 1 request can be stored"."""
    chip = chip_at(NOON)
    if writing:
        chip.write(2, NOON, 0, length_us)
    else:
        chip.read(2, 7, 0, length_us)
    assert chip.registers[2:3].hex() == shown


def test_two_accesses_across_midnight_are_torn():
    """8.5: only one access is one moment, so time and date read apart may not belong together."""
    chip = chip_at(EVE)
    time = chip.read(2, 3, 0, 200)
    date = chip.read(5, 4, S, S + 200)
    assert time_in(time + date) == EVE[:3] + MIDNIGHT[3:]


@given(st.integers(0, 7))
def test_a_torn_write_leaves_the_first_bytes_new_and_the_rest_counting(landed):
    chip = chip_at(EVE)
    chip.write(2, bytes.fromhex("30150901050121")[:landed], 0, 100)
    want = bytes.fromhex("30150901050121")[:landed] + EVE[landed:]
    assert chip.registers[TIME] == want
    chip.advance(S)
    assert chip.registers[TIME] != want


@given(st.integers(0, SECOND - 1))
def test_writing_the_seconds_does_not_move_the_divider(phase):
    """8.10: only STOP resets the divider, so the first second after a setting is a short one."""
    set_, left = chip_at(EVE, phase=phase), chip_at(EVE, phase=phase)
    set_.write(2, NOON, 0, 0)
    left.advance(0)
    assert set_.oscillator.phase == left.oscillator.phase


def test_stop_freezes_the_time_and_its_release_starts_it_within_the_stated_window():
    """8.10, Table 26: the first tick comes 0.507813 s to 0.507935 s after the release."""
    assert 507_813 <= FIRST_TICK_AFTER_STOP_US <= 507_935
    chip = chip_at(EVE, phase=SECOND - 1)
    chip.write(0, b"\x20", 0, 0)
    assert chip.us_until_second_of_day(86_400, 86_399) is None
    assert time_in(chip.read(2, 7, 50 * S, 50 * S)) == EVE
    chip.write(0, b"\x00", 60 * S, 60 * S)
    first = 60 * S + FIRST_TICK_AFTER_STOP_US
    assert time_in(chip.read(2, 7, first - 1, first - 1)) == EVE
    assert time_in(chip.read(2, 7, first, first)) == MIDNIGHT
    assert chip.read(2, 1, first + S - 1, first + S - 1) == b"\x00"
    assert chip.read(2, 1, first + S, first + S) == b"\x01"


def test_a_dead_crystal_is_not_revived_by_stop():
    chip = chip_at(NOON)
    chip.oscillator.running = False
    chip.write(0, b"\x20", 0, 0)
    chip.write(0, b"\x00", 0, 0)
    chip.advance(9 * S)
    assert chip.registers[TIME] == NOON


def test_vl_stays_until_it_is_written_0_over_the_bus():
    """8.4.1.1, Table 8: counting and reading keep it, and so does writing 1 (ours)."""
    chip = chip_at(EVE)
    chip.voltage_low()
    assert time_in(chip.read(2, 7, 90 * S, 90 * S))[0] == 0x80 | 0x29
    chip.write(2, b"\xb0", 90 * S, 90 * S)
    assert chip.registers[2] == 0xB0
    chip.write(2, b"\x30", 90 * S, 90 * S)
    assert chip.registers[2] == 0x30


@given(st.binary(min_size=7, max_size=7), st.integers(0, 10 * S))
def test_power_on_reset_gives_table_27_and_garbage_in_the_time(garbage, now_us):
    chip = chip_at(EVE, phase=5)
    chip.write(0, b"\x20\x1f", 0, 0)
    chip.oscillator.running = False
    chip.power_on_reset(garbage, now_us)
    assert chip.registers[0:2] == b"\x08\x00"
    assert chip.registers[2] == garbage[0] | 0x80
    want = [byte & ~mask for byte, mask in zip(garbage, UNUSED[TIME], strict=True)]
    assert list(chip.registers[3:9]) == want[1:]
    assert all(alarm & 0x80 for alarm in chip.registers[9:13])
    assert chip.registers[13:15] == b"\x80\x03"
    assert chip.oscillator.us_until(1) == S


def test_a_fresh_chip_warns_of_itself():
    assert Pcf8563(ChipCalendar(), Oscillator()).registers == RESET
    assert RESET[2] & 0x80


@given(
    st.integers(0, 86_399),
    st.integers(1, 86_400),
    st.integers(-200_000, 200_000),
    st.integers(0, SECOND - 1),
    st.integers(0, 100 * S),
)
def test_a_second_of_the_day_shows_exactly_when_it_was_foretold(shown, wanted, drift, phase, now):
    """Never earlier than the registers show it, and not a microsecond later."""
    hms = f"{shown % 60:02}{shown // 60 % 60:02}{shown // 3600:02}"
    chip = chip_at(bytes.fromhex(hms) + EVE[3:], drift, phase)
    chip.oscillator.at_us = now
    assert chip.second_of_day(now) == shown
    us = chip.us_until_second_of_day(wanted, shown)
    assert us is not None
    if wanted <= shown:
        assert us == 0
        return
    before = chip.second_of_day(now + us - 1)
    assert before == wanted - 1
    assert chip.second_of_day(now + us) == wanted % 86_400
    assert chip.registers[5] == (0x03 if wanted == 86_400 else 0x02)


@each_cell("time", ["60000003050720", "00600003050720", "00002403050720", "0a000003050720"])
def test_garbage_is_no_second_of_the_day(time):
    chip = chip_at(bytes.fromhex(time))
    assert chip.second_of_day(0) is None


@given(st.integers(0, 100 * S), st.integers(0, 100 * S), st.booleans(), st.integers(-9999, 9999))
def test_a_chip_from_its_image_goes_on_as_if_nothing_happened(saved, later, stopped, drift):
    chip = chip_at(EVE, drift)
    if stopped:
        chip.write(0, b"\x20", 0, 0)
    raw = chip.to_bytes(saved)
    again = Pcf8563.from_bytes(raw, ChipCalendar(), Oscillator(drift, at_us=saved))
    assert again.to_bytes(saved) == raw
    assert len(raw) == Pcf8563.IMAGE_BYTES
    assert again.to_bytes(saved + later) == chip.to_bytes(saved + later)


def test_a_dead_crystal_is_dead_in_the_image():
    chip = chip_at(NOON)
    chip.oscillator.running = False
    again = Pcf8563.from_bytes(chip.to_bytes(0), ChipCalendar(), Oscillator())
    assert not again.oscillator.running


GOOD = RESET + bytes(8) + b"\x01"


@each_cell(
    ("raw", "offset"),
    [
        (GOOD[:-1], 0),
        (GOOD + b"\0", 0),
        (b"\x48" + GOOD[1:], 0),
        (GOOD[:6] + b"\x08" + GOOD[7:], 6),
        (RESET + SECOND.to_bytes(8, "big") + b"\x01", 16),
        (GOOD[:-1] + b"\x02", 24),
    ],
)
def test_an_image_that_no_chip_could_have_made_is_refused(raw, offset):
    with pytest.raises(LayoutError) as refused:
        Pcf8563.from_bytes(raw, ChipCalendar(), Oscillator())
    assert refused.value.offset == offset
