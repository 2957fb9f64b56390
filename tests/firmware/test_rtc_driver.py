"""The clock driver against a table written by hand from the data sheet, byte by byte.

NXP PCF8563, tables 8 to 17: seconds 0-59 and VL in bit 7, minutes 0-59, hours 0-23, days 1-31,
months 1-12 and the century in bit 7, years 0-99; bits without a name read as anything.
"""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

from card_protocol.timestamp import Civil
from meter_emu.firmware.rtc.driver import FieldCodec, RtcReading
from meter_emu.firmware.rtc.pcf8563 import Pcf8563Driver
from meter_emu.world.meter.times import to_us
from tests.cells import each_cell
from tests.firmware.meters import Rig

DRIVER = Pcf8563Driver(FieldCodec())
SECONDS, MINUTES, HOURS, DAYS, WEEKDAYS, MONTHS, YEARS = range(7)
GOOD = bytes.fromhex("56 34 12 03 05 07 20")
WANT = RtcReading(2020, 7, 3, 12, 34, 56, low_voltage=False, valid=True)

# field of the reading, its register, the bits that count, first and last value, what is added
FIELDS = [
    ("second", SECONDS, 0x7F, 0, 59, 0),
    ("minute", MINUTES, 0x7F, 0, 59, 0),
    ("hour", HOURS, 0x3F, 0, 23, 0),
    ("day", DAYS, 0x3F, 1, 31, 0),
    ("month", MONTHS, 0x1F, 1, 12, 0),
    ("year", YEARS, 0xFF, 0, 99, 2000),
]
BY_FIELD = each_cell(
    ("name", "register", "bits", "first", "last", "base"), FIELDS, ids=[row[0] for row in FIELDS]
)


def with_byte(register: int, byte: int) -> bytes:
    raw = bytearray(GOOD)
    raw[register] = byte
    return bytes(raw)


def test_a_good_reading_is_read_whole():
    assert DRIVER.decode(GOOD) == WANT


@BY_FIELD
def test_each_byte_gives_the_value_of_its_two_digits_or_is_refused(
    name, register, bits, first, last, base
):
    table = {int(f"{value:02}", 16): value for value in range(first, last + 1)}  # BCD by text
    for byte in range(256):
        reading = DRIVER.decode(with_byte(register, byte))
        code = byte & bits
        assert reading.valid == (code in table), f"{byte:02x}"
        if code in table:
            assert getattr(reading, name) == base + table[code]


@BY_FIELD
def test_no_byte_disturbs_another_field(name, register, bits, first, last, base):
    touched = {name, "valid"}
    touched |= {"low_voltage"} if register == SECONDS else set()
    touched |= {"year"} if register == MONTHS else set()
    for byte in range(256):
        reading = DRIVER.decode(with_byte(register, byte))
        for other in set(RtcReading._fields) - touched:
            assert getattr(reading, other) == getattr(WANT, other)


def test_the_weekday_is_not_looked_at():
    """It runs free in this chip (Table 14 note 1): nothing may depend on it."""
    assert {DRIVER.decode(with_byte(WEEKDAYS, byte)) for byte in range(256)} == {WANT}


def test_vl_is_bit_7_of_the_seconds_and_nothing_else():
    for byte in range(256):
        assert DRIVER.decode(with_byte(SECONDS, byte)).low_voltage == (byte >= 0x80)
    for register, byte in product(range(1, 7), range(256)):
        assert not DRIVER.decode(with_byte(register, byte)).low_voltage


def test_the_century_bit_means_past_2099():
    for yy in range(100):
        raw = bytearray(with_byte(MONTHS, 0x87))
        raw[YEARS] = int(f"{yy:02}", 16)
        assert DRIVER.decode(bytes(raw)) == WANT._replace(year=2100 + yy)


@each_cell(
    ("register", "byte"),
    [
        (HOURS, 0x24),  # 24:00
        (MINUTES, 0x60),
        (SECONDS, 0x60),
        (MONTHS, 0x13),
        (MONTHS, 0x00),
        (DAYS, 0x00),
        (DAYS, 0x32),
        (HOURS, 0x1A),
        (YEARS, 0xA0),
        (YEARS, 0x0A),
    ],
)
def test_what_no_clock_shows_is_not_valid(register, byte):
    assert not DRIVER.decode(with_byte(register, byte)).valid


def test_whether_the_day_exists_in_its_month_is_left_to_the_calendar():
    raw = bytearray(with_byte(MONTHS, 0x02))
    raw[DAYS] = 0x31
    reading = DRIVER.decode(bytes(raw))
    assert (reading.month, reading.day, reading.valid) == (2, 31, True)


class Written:
    """The clock's port, which notes what is written where."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, str]] = []

    def rtc_write(self, at: int, data: bytes) -> None:
        self.sent.append((at, data.hex()))


@each_cell("day", range(40, 36_525, 1_217))
def test_a_time_is_set_in_one_access_as_the_tables_say_and_the_clock_let_run(day):
    """The digits of `strftime` are the BCD; its %w has Sunday as 0, as Table 14 does.

    Then Control_status_1 with STOP clear (Table 5): the counters are whole before they run.
    """
    when = datetime(2000, 1, 1, 23, 59, 7, tzinfo=UTC) + timedelta(days=day, minutes=-7 * day)
    port: Any = Written()
    civil = Civil(when.year, when.month, when.day, when.hour, when.minute)
    DRIVER.set_time(port, civil, when.second, when.weekday())
    assert port.sent == [(0x02, when.strftime("%S%M%H%d0%w%m%y")), (0x00, "00")]


@each_cell("hour", range(24))
def test_the_hour_is_stepped_by_one_byte(hour):
    port: Any = Written()
    DRIVER.set_hour(port, hour)
    assert port.sent == [(0x04, f"{hour:02}")]


def test_a_reading_is_never_torn_over_midnight():
    """All seven registers in one access: whatever instant the access falls on."""
    before = RtcReading(2020, 2, 29, 23, 59, 59, low_voltage=False, valid=True)
    after = RtcReading(2020, 3, 1, 0, 0, 0, low_voltage=False, valid=True)
    midnight_us = to_us(datetime(2020, 3, 1, tzinfo=UTC))
    seen = [
        DRIVER.read(Rig(start_us=midnight_us + offset_us).board)
        for offset_us in range(-2_000, 200, 45)
    ]
    assert set(seen) == {before, after}
    assert seen == sorted(seen)
