"""The DS3231's driver against a table written by hand from the data sheet, and on the chip itself.

19-5170 Rev. 10, Figure 1: seconds, minutes 00-59; hours 00-23, or 1-12 with AM/PM in bit 5 when
bit 6 is 1; date 1-31; month 1-12 and the century in bit 7; year 00-99; OSF in bit 7 of 0Fh. Other
bits of these read 0: a byte with a 1 there is no DS3231's answer and is refused.
"""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.timestamp import Civil
from meter_emu.firmware.rtc.driver import FieldCodec, RtcReading
from meter_emu.firmware.rtc.ds3231 import Ds3231Driver
from meter_emu.hardware.oscillator import SECOND, Oscillator
from meter_emu.hardware.rtc.calendar_chip import ChipCalendar
from meter_emu.hardware.rtc.ds3231 import Ds3231
from tests.cells import each_cell

DRIVER = Ds3231Driver(FieldCodec())
S = 1_000_000
BYTE_US = 90
SECONDS, MINUTES, HOURS, DAY, DATE, MONTH, YEAR = range(7)
CONTROL, STATUS = 0x0E, 0x0F
THURSDAY, FRIDAY = 3, 4
GOOD = bytes.fromhex("56 34 12 05 03 07 20 00 00 00 00 00 00 00 1c 08")
WANT = RtcReading(2020, 7, 3, 12, 34, 56, low_voltage=False, valid=True)
OTHERS = (DAY, *range(7, STATUS))

# The hours as Figure 1 prints them, by hand: byte, hour of the day.
HOURS_24 = {
    0x00: 0, 0x01: 1, 0x02: 2, 0x03: 3, 0x04: 4, 0x05: 5, 0x06: 6, 0x07: 7,
    0x08: 8, 0x09: 9, 0x10: 10, 0x11: 11, 0x12: 12, 0x13: 13, 0x14: 14, 0x15: 15,
    0x16: 16, 0x17: 17, 0x18: 18, 0x19: 19, 0x20: 20, 0x21: 21, 0x22: 22, 0x23: 23,
}  # fmt: skip
HOURS_12 = {
    0x52: 0, 0x41: 1, 0x42: 2, 0x43: 3, 0x44: 4, 0x45: 5, 0x46: 6, 0x47: 7,
    0x48: 8, 0x49: 9, 0x50: 10, 0x51: 11, 0x72: 12, 0x61: 13, 0x62: 14, 0x63: 15,
    0x64: 16, 0x65: 17, 0x66: 18, 0x67: 19, 0x68: 20, 0x69: 21, 0x70: 22, 0x71: 23,
}  # fmt: skip


def by_text(first: int, last: int, base: int = 0) -> dict[int, int]:
    """Return byte to value for a BCD range, by decimal digits as text."""
    return {int(f"{value:02}", 16): base + value for value in range(first, last + 1)}


MONTHS = by_text(1, 12)
# field of the reading, its register, the bytes that are a value of it
FIELDS = [
    ("second", SECONDS, by_text(0, 59)),
    ("minute", MINUTES, by_text(0, 59)),
    ("hour", HOURS, HOURS_24 | HOURS_12),
    ("day", DATE, by_text(1, 31)),
    ("month", MONTH, MONTHS | {0x80 | byte: value for byte, value in MONTHS.items()}),
    ("year", YEAR, by_text(0, 99, 2000)),
]
BY_FIELD = each_cell(("name", "register", "table"), FIELDS, ids=[row[0] for row in FIELDS])


def with_byte(register: int, byte: int) -> bytes:
    raw = bytearray(GOOD)
    raw[register] = byte
    return bytes(raw)


class Bus:
    """The two RTC ports on a chip, at 100 kHz; a write can lose its power after some bytes."""

    def __init__(self, chip: Ds3231, now_us: int = 0) -> None:
        self.chip = chip
        self.now_us = now_us
        self.bytes_left = 10**9
        self.log: list[tuple[str, int, int]] = []
        self.sent = b""

    def rtc_read(self, at: int, count: int) -> bytes:
        self.log.append(("read", at, count))
        start_us = self.now_us
        self.now_us += (4 + count) * BYTE_US
        return self.chip.read(at, count, start_us, self.now_us)

    def rtc_write(self, at: int, data: bytes) -> None:
        self.log.append(("write", at, len(data)))
        self.sent = data
        start_us = self.now_us
        landed = min(self.bytes_left, len(data))
        self.bytes_left -= landed
        self.now_us += (2 + landed) * BYTE_US
        self.chip.write(at, data[:landed], start_us, self.now_us)
        if landed < len(data):
            raise InterruptedError


def bus_with(time: str, *, status: int = 0x08, phase: int = 0) -> Any:
    chip = Ds3231(ChipCalendar(), Oscillator(phase=phase))
    chip.registers[:7] = bytes.fromhex(time)
    chip.registers[STATUS] = status
    return Bus(chip)


# Bytes ----------------------------------------------------------------------------------------


def test_a_good_reading_is_read_whole():
    assert DRIVER.decode(GOOD) == WANT


@BY_FIELD
def test_each_byte_gives_the_value_in_the_table_or_is_refused(name, register, table):
    for byte in range(256):
        reading = DRIVER.decode(with_byte(register, byte))
        assert reading.valid == (byte in table), f"{byte:02x}"
        if byte in table:
            assert getattr(reading, name) == table[byte], f"{byte:02x}"


@BY_FIELD
def test_no_byte_disturbs_another_field(name, register, table):
    touched = {name, "valid"}
    touched |= {"year"} if register == MONTH else set()
    for byte in range(256):
        reading = DRIVER.decode(with_byte(register, byte))
        for other in set(RtcReading._fields) - touched:
            assert getattr(reading, other) == getattr(WANT, other)


@each_cell("register", OTHERS, ids=[f"{at:02X}h" for at in OTHERS])
def test_what_is_neither_time_nor_status_is_not_looked_at(register):
    """The day is user-defined and runs free; alarms and control say nothing about the time."""
    assert {DRIVER.decode(with_byte(register, byte)) for byte in range(256)} == {WANT}


def test_osf_is_bit_7_of_the_status_and_nothing_else():
    for byte in range(256):
        want = WANT._replace(low_voltage=byte >= 0x80)
        assert DRIVER.decode(with_byte(STATUS, byte)) == want


def test_the_century_bit_means_past_2099():
    for yy, century in product(range(100), (0x00, 0x80)):
        raw = bytearray(with_byte(MONTH, 0x07 | century))
        raw[YEAR] = int(f"{yy:02}", 16)
        want = WANT._replace(year=(2100 if century else 2000) + yy)
        assert DRIVER.decode(bytes(raw)) == want


@each_cell(
    ("byte", "hour"),
    [
        (0x52, 0),  # 12 AM
        (0x72, 12),  # 12 PM
        (0x68, 20),  # 8 PM: +12 on the value, not on its BCD
        (0x71, 23),
        (0x23, 23),  # the 20-hour bit is not lost in a mask
    ],
)
def test_the_hours_that_drivers_got_wrong(byte, hour):
    assert DRIVER.decode(with_byte(HOURS, byte)).hour == hour


@each_cell(
    ("register", "byte"),
    [
        (HOURS, 0x24),  # 24:00
        (HOURS, 0x40),  # 0 AM
        (HOURS, 0x53),  # 13 AM
        (HOURS, 0x60),  # 0 PM
        (HOURS, 0x4A),
        (HOURS, 0x92),  # bit 7 reads 0
        (MINUTES, 0x60),
        (SECONDS, 0x80),  # OSF is not here, as the PCF8563's VL is
        (MONTH, 0x13),
        (MONTH, 0x00),
        (MONTH, 0x27),
        (DATE, 0x00),
        (DATE, 0x32),
        (DATE, 0x43),
        (YEAR, 0xA0),
        (YEAR, 0x0A),
    ],
)
def test_what_no_clock_shows_is_not_valid(register, byte):
    assert not DRIVER.decode(with_byte(register, byte)).valid


def _mostly_good(table: dict[int, int]) -> st.SearchStrategy[int]:
    return st.sampled_from(sorted(table)) | st.sampled_from(sorted(table)) | st.integers(0, 255)


@given(
    st.tuples(*(_mostly_good(table) for _, _, table in FIELDS)), st.binary(min_size=16, max_size=16)
)
def test_any_sixteen_bytes_are_a_time_of_the_tables_or_refused(time, rest):
    raw = bytearray(rest)
    for (_, register, _), byte in zip(FIELDS, time, strict=True):
        raw[register] = byte
    values = {name: table.get(raw[register]) for name, register, table in FIELDS}
    reading = DRIVER.decode(bytes(raw))
    assert reading.valid == (None not in values.values())
    if reading.valid:
        century = 100 if raw[MONTH] & 0x80 else 0
        shown = reading._replace(year=reading.year - century)
        assert {name: getattr(shown, name) for name in values} == values


def test_whether_the_day_exists_in_its_month_is_left_to_the_calendar():
    raw = bytearray(with_byte(MONTH, 0x02))
    raw[DATE] = 0x31
    reading = DRIVER.decode(bytes(raw))
    assert (reading.month, reading.day, reading.valid) == (2, 31, True)


# On the chip ----------------------------------------------------------------------------------


@pytest.mark.slow("every day or second of a chip")
@pytest.mark.parametrize("hours", ["00", "52"], ids=["24-hour", "12-hour"])
def test_every_second_of_a_day_is_read_as_it_is(hours):
    bus = bus_with(f"0000{hours}04020720")
    midnight = datetime(2020, 7, 2, tzinfo=UTC)
    for second in range(86_401):
        bus.now_us = second * S
        reading = DRIVER.read(bus)
        assert reading.valid
        assert not reading.low_voltage
        assert reading[:6] == (midnight + timedelta(seconds=second)).timetuple()[:6]


@pytest.mark.parametrize("hours", ["23", "71"], ids=["24-hour", "12-hour"])
def test_a_reading_is_one_access_and_never_torn_over_midnight(hours):
    before = RtcReading(2020, 2, 29, 23, 59, 59, low_voltage=False, valid=True)
    after = RtcReading(2020, 3, 1, 0, 0, 0, low_voltage=False, valid=True)
    seen = []
    for start_us in range(S - 3_000, S + 500, 45):
        bus = bus_with(f"5959{hours}06290220")
        bus.now_us = start_us
        seen.append(DRIVER.read(bus))
        assert bus.log == [("read", 0x00, 16)]
    assert set(seen) == {before, after}
    assert seen == sorted(seen)


def test_a_chip_out_of_its_box_is_seen_to_have_stopped():
    """OSF is in the status, not in the seconds; the date it shows is its first-power default."""
    fresh: Any = Bus(Ds3231(ChipCalendar(), Oscillator()))
    assert DRIVER.read(fresh) == RtcReading(2000, 1, 1, 0, 0, 0, low_voltage=True, valid=True)


def test_reading_leaves_osf_alone():
    bus = bus_with("56341205030720", status=0x88)
    assert [DRIVER.read(bus).low_voltage for _ in range(3)] == [True] * 3


# Setting --------------------------------------------------------------------------------------


@pytest.mark.slow("sets each of 36,525 days")
def test_every_day_of_the_century_is_set_as_it_is_read():
    """Against `datetime`; the program's Monday is 0, the chip's is 1 by our choice."""
    for ordinal in range(date(2000, 1, 1).toordinal(), date(2100, 1, 1).toordinal()):
        day = date.fromordinal(ordinal)
        second = ordinal * 7919 % 86_400
        h, m, s = second // 3600, second // 60 % 60, second % 60
        when = Civil(day.year, day.month, day.day, h, m)
        raw = DRIVER.encode(when, s, day.weekday())
        assert raw.hex() == f"{s:02}{m:02}{h:02}0{day.isoweekday()}{day:%d%m%y}"
        assert DRIVER.decode(raw + GOOD[7:])[:6] == (day.year, day.month, day.day, h, m, s)


@pytest.mark.parametrize("year", [1999, 2100])
def test_a_year_the_chip_does_not_count_rightly_is_a_mistake_of_ours(year):
    with pytest.raises(AssertionError):
        DRIVER.set_time(bus_with("00000001010100"), Civil(year, 1, 1, 0, 0), 0, 4)


@pytest.mark.parametrize("shown", ["22", "70"], ids=["24-hour", "12-hour"])
def test_the_hour_is_stepped_by_one_byte_that_holds_the_mode_too(shown):
    """The countdown chain goes on, and so do minutes and seconds."""
    for hour in range(24):
        bus = bus_with(f"5634{shown}05030720", phase=SECOND // 2)
        DRIVER.set_hour(bus, hour)
        assert bus.log == [("write", 0x02, 1)]
        assert DRIVER.read(bus) == WANT._replace(hour=hour)
        bus.now_us = S // 2
        assert DRIVER.read(bus) == WANT._replace(hour=hour, second=57)


@given(st.integers(0, SECOND - 1))
def test_a_clock_that_was_set_is_trusted_and_starts_a_whole_second(phase):
    bus = bus_with("30307104020780", status=0x8B, phase=phase)
    bus.chip.registers[CONTROL] = 0xBC  # EOSC, CONV
    DRIVER.set_time(bus, Civil(2020, 7, 3, 23, 1), 0, FRIDAY)
    assert bus.log == [("write", 0x00, 7), ("read", 0x0E, 2), ("write", 0x0E, 2)]
    assert bus.chip.registers[:7].hex() == "00012305030720"
    assert bus.sent.hex() == "1c0b"  # EOSC and OSF off, no conversion asked, the rest kept
    assert bus.chip.registers[STATUS] == 0x0B
    bus.now_us = S
    assert DRIVER.read(bus)[5] == 0
    bus.now_us = S + 10 * BYTE_US
    assert DRIVER.read(bus) == RtcReading(2020, 7, 3, 23, 1, 1, low_voltage=False, valid=True)


def test_a_clock_that_does_not_run_stays_distrusted():
    bus = bus_with("00000001010100", status=0x88)
    bus.chip.oscillator.running = False
    DRIVER.set_time(bus, Civil(2020, 7, 3, 23, 1), 0, FRIDAY)
    assert DRIVER.read(bus).low_voltage


@each_cell("landed", range(9))
def test_osf_is_cleared_only_after_the_whole_time_is_written(landed):
    """Power cut after any of the nine bytes: whatever the registers then say, OSF still warns."""
    bus = bus_with("56341205030720", status=0x88)
    bus.bytes_left = landed
    with pytest.raises(InterruptedError):
        DRIVER.set_time(bus, Civil(2020, 12, 24, 9, 8), 7, THURSDAY)
    assert DRIVER.read(bus).low_voltage


def test_a_set_cut_short_on_a_running_clock_cannot_be_seen_in_the_chip():
    """The stated limit: OSF cannot be written to 1, so only a journal knows of the mixed time."""
    bus = bus_with("56341205030720")
    bus.bytes_left = 5
    with pytest.raises(InterruptedError):
        DRIVER.set_time(bus, Civil(2020, 12, 24, 9, 8), 7, THURSDAY)
    assert DRIVER.read(bus) == RtcReading(2020, 7, 24, 9, 8, 7, low_voltage=False, valid=True)
