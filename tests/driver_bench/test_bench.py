"""The bench, its buses and the registers' own view: against what was placed, never a driver."""

from datetime import datetime, timedelta
from random import Random

import pytest

from meter_emu.driver_bench.buses import CircuitPythonI2C, MicroPythonI2C, Smbus
from meter_emu.driver_bench.chips import BENCH_CHIPS, BYTE_US, WordClock
from meter_emu.driver_bench.clock_bench import ClockBench
from meter_emu.driver_bench.declared import declared
from meter_emu.driver_bench.draws import every_day, roll_over, zone_changes
from meter_emu.driver_bench.face import Face, shown_as
from meter_emu.hardware.rtc.calendar_chip import BitsKind, counters

ONE_SECOND = timedelta(seconds=1)


def placed(chip: str, when: datetime, **said: object) -> tuple[ClockBench, Face]:
    bench = ClockBench(chip)
    face = Face(bench, declared("test", {"chip": chip, **said}))
    face.place(when, face.first_weekday + when.weekday())
    return bench, face


@pytest.mark.parametrize("chip", BENCH_CHIPS)
def test_what_is_placed_is_shown_and_goes_on_at_each_roll_over(chip: str) -> None:
    random, known = Random(25), declared("test", {"chip": chip})
    for number in range(200):
        when = roll_over(("minute", "hour", "day", "month", "year")[number % 5], random, known)
        for twelve in {False, bool(BENCH_CHIPS[chip].chip.TWELVE_HOUR)}:
            bench, face = placed(chip, when)
            face.place(when, face.first_weekday, twelve=twelve)
            assert face.shown() == shown_as(when)
            assert face.twelve() is twelve
            bench.tick()
            assert face.shown() == shown_as(when + ONE_SECOND), when
            assert not face.doubted()
            face.doubt(given=True)
            assert face.doubted()


@pytest.mark.parametrize("chip", BENCH_CHIPS)
def test_the_row_of_a_chip_accounts_for_every_bit(chip: str) -> None:
    row = BENCH_CHIPS[chip].chip
    seen = [(one.register, bit) for one in row.TABLE for bit in range(one.low, one.high + 1)]
    assert sorted(seen) == [(at, bit) for at in range(len(row.RESET)) for bit in range(8)]
    assert len(row.REGISTER_NAMES) == len(row.NEVER_SET) == len(row.RESET)
    fields = {one.register for one in row.TABLE if one.kind is BitsKind.FIELD}
    assert fields >= counters(row).keys()


def test_the_century_bit_is_read_as_declared() -> None:
    when = datetime(2101, 3, 4, 5, 6, 7)
    bench, face = placed("ds3231", when, years=(2000, 2199), century=2000)
    assert bench.chip.registers[bench.chip.MONTH] == 0x83
    assert face.shown() == shown_as(when)
    _, face = placed("pcf8563", datetime(1999, 3, 4), years=(1990, 2030), century=2000,
                     century_set=1900)  # fmt: skip
    assert face.shown().year == 1999


def test_each_byte_takes_its_time_and_a_hook_comes_before_each_access() -> None:
    bench, face = placed("ds1307", datetime(2020, 7, 3, 23, 59, 59))
    bench.hook = bench.tick
    began_us, part_us = bench.now_us, bench.phase_us
    assert bench.transfer(0x68, b"\0", 7).hex() == "00000006040720", "it is Saturday the 4th"
    late_us, took_us = bench.phase_us, (1 + 1 + 1 + 7) * BYTE_US
    assert 0 < late_us < part_us
    assert bench.now_us - began_us == 1_000_000 - part_us + late_us + took_us
    bench.quiet()
    bench.transfer(0x68, b"\x3e\xaa\xbb", 0)
    assert bench.transfer(0x68, b"", 2) == bytes((face.registers[0], face.registers[1]))
    with pytest.raises(OSError, match="no chip answers at address 51h"):
        bench.transfer(0x51, b"\0", 1)
    bench.silent = True
    with pytest.raises(OSError, match="no chip answers at address 68h"):
        bench.transfer(0x68, b"\0", 1)


def test_the_buses_of_python_say_the_same_and_refuse_a_short_answer() -> None:
    bench, _ = placed("ds3231", datetime(2020, 7, 3, 23, 1))
    circuit, micro, smbus = CircuitPythonI2C(bench), MicroPythonI2C(bench), Smbus(bench)
    held = bytearray(7)
    circuit.writeto_then_readfrom(0x68, b"\0", held)
    assert bytes(held) == micro.readfrom_mem(0x68, 0, 7)
    assert list(held) == smbus.read_i2c_block_data(0x68, 0, 7)
    assert smbus.read_word_data(0x68, 1) == held[2] << 8 | held[1]
    micro.writeto(0x68, b"\x07")
    smbus.write_byte(0x68, 0x02)
    assert micro.readfrom(0x68, 1)[0] == smbus.read_byte_data(0x68, 2) == 0x23
    micro.writevto(0x68, [b"\x07", b"\x12\x34"])
    assert smbus.read_i2c_block_data(0x68, 7, 2) == [0x12, 0x34]
    bench.short = True
    with pytest.raises(OSError, match="3 of 7 bytes"):
        micro.readfrom_mem(0x68, 0, 7)


def test_a_clock_of_words_has_no_shadow() -> None:
    bench, _ = placed("words-bcd", datetime(2020, 12, 31, 23, 59, 59))
    assert isinstance(bench.chip, WordClock)
    date, part = bench.peek(1), bench.peek(2)
    bench.tick()
    assert (date, bench.peek(1)) == (
        0x20 << 16 | 4 << 13 | 0x12 << 8 | 0x31,
        0x21 << 16 | 5 << 13 | 0x101,
    )
    assert bench.peek(0) == 0
    assert 0 < bench.peek(2) < part, "a second ended, and not a whole one passed"
    binary, _ = placed("words-binary", datetime(2020, 12, 31, 23, 59, 59))
    assert binary.peek(0) == 23 << 16 | 59 << 8 | 59
    binary.poke(0, 12 << 16 | 34 << 8 | 56)
    assert bytes(binary.chip.registers[:3]).hex() == "563412"
    with pytest.raises(OSError, match="it has no words"):
        ClockBench("ds1307").peek(0)


def test_the_changes_of_a_zone_are_those_of_its_rule() -> None:
    found = zone_changes("Europe/Brussels", 2000, 2030)
    assert len(found) == 2 * 31
    for change in found:
        assert (change.weekday(), change.hour, change.minute) == (6, 1, 0)
        assert change.month in {3, 10}
        assert change.day > 24


def test_every_day_is_each_day_once() -> None:
    days = list(every_day(declared("test", {"years": "2000..2099"})))
    assert len(days) == len(set(days)) == 36_525
    assert list(every_day(declared("test", {"years": "9999..9999"})))[-1] == datetime(9999, 12, 31)
