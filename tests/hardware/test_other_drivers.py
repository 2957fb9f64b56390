"""Drivers that nobody here wrote judge the clock chips: Adafruit's CircuitPython ones (MIT).

They come without Adafruit's Blinka, which brings a dozen packages for USB and serial adapters: they
use names of its types in annotations, for which the bench has stand-ins.

What they show: 2000 to 2099 is set and read alike, no reading is torn, and one driver's *setting*
can be: the PCF8563's clears VL by reading the seconds and writing them back, and a second that ends
in between is lost, at 59 with the minute already counted.
"""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from random import Random
from time import struct_time
from typing import Any, NamedTuple

import pytest

from card_protocol.timestamp import Civil
from meter_emu.driver_bench.buses import CircuitPythonI2C
from meter_emu.driver_bench.chips import BYTE_US
from meter_emu.driver_bench.clock_bench import ClockBench
from meter_emu.driver_bench.load import stand_in
from meter_emu.firmware.rtc.driver import FieldCodec
from meter_emu.hardware.oscillator import SECOND
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS, ClippedChip
from tests.cells import each_cell

S = 1_000_000
READ_US = 10 * BYTE_US  # no driver here reads for longer
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
END = datetime(2100, 1, 1, tzinfo=UTC)


class Foreign(NamedTuple):
    module: str
    name: str


DRIVERS = {
    "pcf8563": Foreign("adafruit_pcf8563.pcf8563", "PCF8563"),
    "ds3231": Foreign("adafruit_ds3231", "DS3231"),
    "ds1307": Foreign("adafruit_ds1307", "DS1307"),
}
EVERY = each_cell("chip", DRIVERS)


def driven(chip: str) -> tuple[Any, ClockBench]:
    """Return a foreign driver on a chip of ours, and its bench."""
    stand_in()
    foreign = DRIVERS[chip]
    pytest.importorskip(foreign.module.split(".")[0], reason="`make test` installs Adafruit's")
    bench = ClockBench(chip)
    made = getattr(import_module(foreign.module), foreign.name)
    return made(CircuitPythonI2C(bench)), bench


def as_struct(when: datetime) -> struct_time:
    return struct_time((*when.timetuple()[:6], when.weekday(), -1, -1))


def shown(driver: Any) -> datetime:
    return moment(driver.datetime)


def moment(fields: Any) -> datetime:
    year, month, day, hour, minute, second = fields[:6]
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def moments(count: int) -> list[datetime]:
    """Return moments over the century, the ends of days, months and years among them."""
    draw = Random(1307)
    seconds = int((END - FIRST).total_seconds())
    anywhere = [FIRST + timedelta(seconds=draw.randrange(seconds)) for _ in range(count)]
    edges = [
        FIRST.replace(year=2000 + year, month=month) - timedelta(seconds=1)
        for year in range(100)
        for month in range(1, 13)
        if (year, month) != (0, 1)
    ]
    return anywhere + edges


def ours(chip: str) -> Any:
    return CLOCK_CHIPS[chip].driver(FieldCodec())


def test_every_chip_of_ours_has_a_judge():
    """No registry has a driver of an MCP7940N: hardware.md says which one was run on it once."""
    assert set(DRIVERS) | {"mcp7940n"} == set(CLOCK_CHIPS)


@pytest.mark.slow("drivers of others")
@EVERY
def test_what_a_foreign_driver_sets_it_reads_and_our_driver_reads_alike(chip):
    driver, bus = driven(chip)
    our = ours(chip)
    for when in moments(2_000):
        bus.chip.oscillator.phase = 0
        driver.datetime = as_struct(when)
        assert shown(driver) == when
        reading = our.read(ClippedChip(bus.chip))
        assert reading.valid
        assert not reading.low_voltage
        assert moment(reading) == when
        assert driver.datetime.tm_wday == when.weekday()


@EVERY
def test_what_our_driver_sets_a_foreign_one_reads(chip):
    driver, bus = driven(chip)
    our = ours(chip)
    for when in moments(2_000):
        civil = Civil(when.year, when.month, when.day, when.hour, when.minute)
        our.set_time(ClippedChip(bus.chip), civil, when.second, when.weekday())
        assert shown(driver) == when
        if chip != "pcf8563":  # whose Sunday is 0 in its data sheet, and Monday in that driver
            assert driver.datetime.tm_wday == when.weekday()


@EVERY
def test_the_chip_counts_on_as_datetime_does(chip):
    driver, bus = driven(chip)
    for when in moments(300):
        bus.chip.oscillator.phase = 0
        driver.datetime = as_struct(when)
        start_us = bus.now_us
        bus.now_us += 40 * 86_400 * S
        late = timedelta(seconds=(bus.now_us - start_us) // S)
        if when + late + timedelta(seconds=1) < END:
            assert when + late <= shown(driver) <= when + late + timedelta(seconds=1)


@EVERY
def test_no_reading_at_midnight_is_torn_at_whatever_moment_it_begins(chip):
    eve = datetime(2020, 7, 2, 23, 59, 59, tzinfo=UTC)
    driver, bus = driven(chip)
    seen = []
    for wait_us in range(0, 2 * READ_US, 7):
        bus.chip.oscillator.phase = 0
        driver.datetime = as_struct(eve)
        bus.chip.oscillator.phase = SECOND - READ_US * (SECOND // S)
        bus.now_us += wait_us
        seen.append(shown(driver))
    assert seen == sorted(seen)
    assert set(seen) == {eve, eve + timedelta(seconds=1)}


@EVERY
def test_who_reads_time_and_date_apart_is_torn_at_midnight(chip):
    """The check above can fail: the same bus, two accesses."""
    driver, bus = driven(chip)
    driver.datetime = as_struct(datetime(2020, 7, 2, 23, 59, 59, tzinfo=UTC))
    at = bus.chip.SECONDS
    bus.chip.oscillator.phase = SECOND - 500 * (SECOND // S)
    late = bus.transfer(bus.address, bytes((at,)), 3)
    late += bus.transfer(bus.address, b"", 4)
    day = late[bus.chip.DAY - at]
    assert (late[2] & 0x3F, day & 0x3F) == (0x23, 0x03), "23:59:59 of the next day, 24 hours ahead"


def settings_near_a_minute(chip: str) -> set[timedelta]:
    """Return by how much a foreign setting of 23:00:59 is off, whenever its second ends."""
    when = datetime(2020, 7, 3, 23, 0, 59, tzinfo=UTC)
    off = set()
    driver, bus = driven(chip)
    for before_us in range(0, 10_000, 45):
        bus.chip.oscillator.phase = SECOND - before_us * (SECOND // S) - 1
        driver.datetime = as_struct(when)
        off.add(shown(driver) - when)
    return off


@pytest.mark.parametrize("chip", ["ds3231", "ds1307"])
def test_a_setting_is_never_torn_where_the_seconds_restart_the_second(chip):
    assert settings_near_a_minute(chip) == {timedelta(0)}


def test_the_foreign_setting_of_a_pcf8563_can_come_out_a_minute_fast():
    """It writes 59 again after the minute was counted: a known risk of clearing VL by itself."""
    second, minute = timedelta(seconds=1), timedelta(minutes=1)
    assert settings_near_a_minute("pcf8563") == {timedelta(0), second, minute}


@EVERY
def test_the_chips_own_doubt_is_what_the_foreign_driver_reports(chip):
    driver, bus = driven(chip)
    doubted = "disable_oscillator" if chip == "ds1307" else "lost_power"
    assert getattr(driver, doubted), "as it comes out of its box"
    driver.datetime = as_struct(FIRST)
    assert not getattr(driver, doubted)
    bus.chip.power_on_reset(bytes(bus.chip.GARBAGE_BYTES), bus.now_us)
    assert getattr(driver, doubted)


def test_in_twelve_hour_mode_the_foreign_drivers_read_another_hour_and_ours_does_not():
    """They take the hours for 24-hour ones, so 11 PM reads as 31; not the chip's mistake."""
    for chip in ("ds3231", "ds1307"):
        driver, bus = driven(chip)
        driver.datetime = as_struct(datetime(2020, 7, 3, 23, 1, tzinfo=UTC))
        bus.transfer(0x68, b"\x02\x71", 0)
        assert driver.datetime.tm_hour == 31
        assert ours(chip).read(ClippedChip(bus.chip)).hour == 23
