"""The DS1307's driver against a table by hand, on the chip, and the doubts this chip cannot have.

Table 2: seconds 00-59 with CH in bit 7; minutes 00-59; hours 00-23, or 1-12 with PM in bit 5 when
bit 6 is 1; date 1-31; month 1-12; year 00-99. Other bits read 0: a 1 there is refused.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
from typing_extensions import override

from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.errors import PowerLost
from meter_emu.firmware.layouts import Health
from meter_emu.firmware.rtc.driver import FieldCodec, RtcReading
from meter_emu.firmware.rtc.ds1307 import Ds1307Driver
from meter_emu.hardware.oscillator import Oscillator
from meter_emu.hardware.rtc.calendar_chip import CalendarChip, ChipCalendar
from meter_emu.hardware.rtc.ds1307 import Ds1307
from meter_emu.resources import find
from meter_emu.units import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from meter_emu.world.meter.clock_chips import ClippedChip
from meter_emu.world.meter.model import load_model
from meter_emu.world.meter.times import to_us
from tests.cells import each_cell
from tests.firmware.meters import START_US, Rig
from tests.firmware.test_rtc_ds3231 import FIELDS as THE_OTHERS
from tests.firmware.test_rtc_ds3231 import HOURS_12, HOURS_24, by_text

DRIVER = Ds1307Driver(FieldCodec())
GOOD = bytes.fromhex("56 34 12 05 03 07 20")
WANT = RtcReading(2020, 7, 3, 12, 34, 56, low_voltage=False, valid=True)
FIELDS: list[tuple[str, int, dict[int, int]]] = [
    ("second", 0, by_text(0, 59) | {0x80 | byte: value for byte, value in by_text(0, 59).items()}),
    ("minute", 1, by_text(0, 59)),
    ("hour", 2, HOURS_24 | HOURS_12),
    ("day", 4, by_text(1, 31)),
    ("month", 5, by_text(1, 12)),
    ("year", 6, by_text(0, 99, 2000)),
]


def with_byte(register: int, byte: int) -> bytes:
    return GOOD[:register] + bytes((byte,)) + GOOD[register + 1 :]


def test_the_table_has_the_fields_of_the_others():
    assert [row[0] for row in FIELDS] == [row[0] for row in THE_OTHERS]


@each_cell(("name", "register", "table"), FIELDS, ids=[row[0] for row in FIELDS])
def test_each_byte_gives_the_value_in_the_table_or_is_refused(name, register, table):
    for byte in range(256):
        reading = DRIVER.decode(with_byte(register, byte))
        assert reading.valid == (byte in table), f"{byte:02x}"
        assert reading.low_voltage == (register == 0 and byte >= 0x80)
        others = {field: getattr(reading, field) for field in RtcReading._fields}
        if byte in table:
            assert others.pop(name) == table[byte], f"{byte:02x}"
        for other in set(others) - {name, "valid", "low_voltage"}:
            assert others[other] == getattr(WANT, other)


def test_the_day_of_the_week_is_not_looked_at():
    assert {DRIVER.decode(with_byte(3, byte)) for byte in range(256)} == {WANT}


@pytest.mark.parametrize("hours", ["00", "52"], ids=["24-hour", "12-hour"])
def test_every_minute_of_a_day_is_read_as_it_is(hours):
    chip = Ds1307(ChipCalendar(), Oscillator())
    chip.registers[:7] = bytes.fromhex(f"0000{hours}04020720")
    chip.obey_registers()
    bus = ClippedChip(chip)
    midnight = datetime(2020, 7, 2, tzinfo=UTC)
    for minute in range(1441):
        bus.now_us = minute * 60 * SECOND_US
        assert DRIVER.read(bus)[:6] == (midnight + timedelta(minutes=minute)).timetuple()[:6]


@pytest.mark.slow("every day or second of a chip")
def test_every_day_of_the_century_is_set_as_it_is_read():
    bus = ClippedChip(Ds1307(ChipCalendar(), Oscillator()))
    for ordinal in range(date(2000, 1, 1).toordinal(), date(2100, 1, 1).toordinal()):
        day = date.fromordinal(ordinal)
        second = ordinal * 7919 % 86_400
        h, m, s = second // 3600, second // 60 % 60, second % 60
        DRIVER.set_time(bus, Civil(day.year, day.month, day.day, h, m), s, day.weekday())
        assert bus.chip.registers[:7].hex() == (
            f"{s:02}{m:02}{h:02}0{day.isoweekday()}{day:%d%m%y}"
        )
        assert DRIVER.read(bus) == RtcReading(day.year, day.month, day.day, h, m, s, False, True)


class CutShort:
    """A bus that loses its power after some bytes."""

    def __init__(self, chip: CalendarChip, left: int) -> None:
        self.chip = chip
        self.left = left

    def rtc_read(self, at: int, count: int) -> bytes:
        return self.chip.read(at, count, 0, 0)

    def rtc_write(self, at: int, data: bytes) -> None:
        landed = min(self.left, len(data))
        self.left -= landed
        self.chip.write(at, data[:landed], 0, 0)
        if landed < len(data):
            raise PowerLost


@each_cell("landed", range(8))
def test_a_setting_cut_short_leaves_the_time_before_or_a_clock_that_is_halted(landed):
    chip = Ds1307(ChipCalendar(), Oscillator())
    chip.registers[:7] = GOOD
    chip.obey_registers()
    bus = CutShort(chip, landed)
    with pytest.raises(PowerLost):
        DRIVER.set_time(bus, Civil(2020, 12, 24, 9, 8), 7, 3)
    reading = DRIVER.read(bus)
    assert reading.low_voltage == bool(landed)
    assert landed or reading == WANT


def test_the_hour_is_stepped_by_one_byte():
    chip = Ds1307(ChipCalendar(), Oscillator())
    for hour in range(24):
        chip.registers[:7] = with_byte(2, 0x71)
        DRIVER.set_hour(ClippedChip(chip), hour)
        assert DRIVER.read(ClippedChip(chip)) == WANT._replace(hour=hour)


# On a meter ---------------------------------------------------------------------------------------

MODEL = load_model(find("meters", "electricity-ds1307-cet"))
T = Civil(2020, 7, 3, 23, 1)
T_US = to_us(datetime(2020, 7, 3, 21, 1, tzinfo=UTC))
LONGER_US = (MODEL.clock.backup_days + 1) * DAY_US


class NothingDefined(Ds1307):
    """The older sheet: "the initial power-on state of all registers is not defined"."""

    __slots__ = ()

    @override
    def power_on_reset(self, garbage: bytes, now_us: int) -> None:
        super().power_on_reset(garbage, now_us)
        self.write(0, b"\x00", now_us, now_us)


def test_a_new_meter_shows_standard_time_and_is_believed():
    rig = Rig(model=MODEL)
    assert rig.board.rtc.registers[:7].hex() == "00001103010720", "11 o'clock CET, a Wednesday"
    rig.run(2 * 86_400)
    assert rig.state.health == Health.TRUSTED


def test_an_outage_longer_than_the_reserve_is_seen_by_ch():
    lost_us = START_US + HOUR_US
    rig = Rig(model=MODEL, outages=[(lost_us, lost_us + LONGER_US)])
    rig.bench.run_until(lost_us + LONGER_US + HOUR_US)
    assert rig.state.lost_by == Health.LOW_VOLTAGE


def test_a_first_power_without_ch_is_seen_by_the_journal():
    lost_us = START_US + HOUR_US
    rig = Rig(model=MODEL, outages=[(lost_us, lost_us + LONGER_US)])
    rtc = rig.board.rtc
    rig.board.rtc = NothingDefined.from_bytes(rtc.to_bytes(START_US), rtc.calendar, rtc.oscillator)
    rig.bench.run_until(lost_us + LONGER_US + HOUR_US)
    assert rig.state.lost_by == Health.BACKWARDS


def test_a_crystal_that_stands_still_under_power_is_seen_by_the_ticks():
    rig = Rig(model=MODEL)
    rig.run(3600)
    rig.board.rtc.oscillator.running = False
    rig.run(86_400)  # at the latest when its day is over
    assert rig.state.lost_by == Health.TICKS_DISAGREE


def test_a_crystal_that_stood_still_in_an_outage_is_not_seen_and_the_cut_is_late_never_early():
    """The stated limit: no part of this board shows it, so the cut is late by what it lost."""
    lost_us = START_US + HOUR_US
    rig = Rig(model=MODEL, outages=[(lost_us, lost_us + 6 * HOUR_US)])
    rig.write(Work(defer_until=T, cut_at=T))
    rig.insert()
    rig.bench.run_until(lost_us + HOUR_US)
    rig.board.rtc.advance(lost_us + HOUR_US)
    rig.board.rtc.oscillator.running = False
    rig.board.rtc.advance(lost_us + 4 * HOUR_US)
    rig.board.rtc.oscillator.running = True
    rig.bench.run_until(T_US + DAY_US)
    assert rig.state.health == Health.TRUSTED
    (opened_us,) = [at_us for at_us, on in rig.board.moves if not on]
    assert 3 * HOUR_US <= opened_us - T_US < 3 * HOUR_US + 5 * MINUTE_US
