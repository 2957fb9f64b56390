"""The row of each clock chip: its table is the documented one, and its signs are what it does.

A new chip is in here as soon as it is in `CLOCK_CHIPS`.
"""

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from card_protocol.timestamp import Civil
from meter_emu.firmware.rtc.driver import FieldCodec, RtcDriver
from meter_emu.hardware.oscillator import Oscillator
from meter_emu.hardware.rtc.calendar_chip import (
    Bits,
    BitsKind,
    CalendarChip,
    ChipCalendar,
    counters,
)
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS, ClippedChip, ClockChip
from tests.cells import each_cell

S = 1_000_000
ROOT = Path(__file__).parents[2]
PAGE = ROOT.joinpath("docs", "hardware.md").read_text("utf-8")
EACH = each_cell("row", CLOCK_CHIPS.values(), ids=CLOCK_CHIPS)


def driven(row: ClockChip) -> tuple[CalendarChip, RtcDriver, ClippedChip]:
    """Return a chip that its own driver has set to noon of 3 July 2020, and its bus."""
    chip, driver = row.chip(ChipCalendar(), Oscillator()), row.driver(FieldCodec())
    bus = ClippedChip(chip)
    driver.set_time(bus, Civil(2020, 7, 3, 12, 0), 0, 4)
    return chip, driver, bus


# The table ----------------------------------------------------------------------------------------


@EACH
def test_every_bit_of_every_register_is_accounted_for_exactly_once(row: ClockChip) -> None:
    table, count = row.chip.TABLE, len(row.chip.RESET)
    seen = [(bits.register, bit) for bits in table for bit in range(bits.low, bits.high + 1)]
    assert sorted(seen) == [(register, bit) for register in range(count) for bit in range(8)]
    assert all(bits.note for bits in table)
    assert len(row.chip.REGISTER_NAMES) == count
    for bits in table:
        assert (bits.kind is BitsKind.FLAG) == bool(bits.says), bits
        assert bits.kind is not BitsKind.FLAG or bits.high == bits.low, bits
    fields = {bits.register for bits in table if bits.kind is BitsKind.FIELD}
    assert fields >= counters(row.chip).keys()


def documented(table: tuple[Bits, ...]) -> Iterator[str]:
    """Yield the lines of a documented table; registers that are alike throughout are one line."""
    yield "| register | bits | symbol | here | what it does |"
    yield "| --- | --- | --- | --- | --- |"
    for bits, alike in groupby(table, key=lambda bits: bits._replace(register=0)):
        found = [one.register for one in alike]
        place = f"{bits.high}:{bits.low}" if bits.high != bits.low else str(bits.high)
        register = " to ".join(f"{at:02X}h" for at in dict.fromkeys((found[0], found[-1])))
        yield f"| {register} | {place} | {bits.symbol} | {bits.kind.value} | {bits.note} |"


@EACH
def test_the_documented_register_table_is_the_row(row: ClockChip) -> None:
    mark = f"registers of the {row.chip.NAME} -->\n"
    _, table = PAGE.split(f"<!-- {mark}")
    table, _ = table.split(f"<!-- /{mark}")
    assert table.splitlines() == list(documented(row.chip.TABLE))
    after = PAGE.split(f"<!-- /{mark}")[1].split("\n## ")[0]
    count, size = len(row.chip.RESET), row.chip.IMAGE_BYTES
    said = re.search(r"\*\*Image\*\*, (\d+) bytes: registers 00h to (\w+)h [^(]*\((\d+)\)", after)
    assert said is not None
    assert said.groups() == (str(size), f"{count - 1:02X}", str(count))


# What it says of itself ---------------------------------------------------------------------------


@EACH
def test_its_driver_doubts_exactly_what_the_row_says_is_doubtful(row: ClockChip) -> None:
    """The driver has masks of its own: a mistake in either shows here."""
    chip, driver, bus = driven(row)
    sign = chip.DOUBT
    for given in (False, True, False):
        chip.upset([(sign.register, sign.put(chip.registers[sign.register], given=given))])
        assert sign.given(chip.registers[sign.register]) is given
        assert driver.read(bus).low_voltage is given
    chip.power_on_reset(bytes(chip.GARBAGE_BYTES), bus.now_us)
    assert sign.given(chip.registers[sign.register])
    assert driver.read(bus).low_voltage


@EACH
def test_it_stands_still_when_a_sign_of_that_is_given_and_not_otherwise(row: ClockChip) -> None:
    chip, driver, bus = driven(row)
    before = driver.read(bus)
    bus.now_us += 100 * S
    assert driver.read(bus)[:6] == (*before[:4], before.minute + 1, before.second + 40)
    for sign in chip.STILL:
        chip, driver, bus = driven(row)
        chip.upset([(sign.register, sign.put(chip.registers[sign.register], given=True))])
        before = driver.read(bus)
        bus.now_us += 100 * S
        assert driver.read(bus) == before, sign


@EACH
def test_what_is_found_in_one_that_was_stopped_stops_it_at_least_on_its_battery(
    row: ClockChip,
) -> None:
    assert row.chip.STOPPED or row.chip.DOUBT in row.chip.STILL, "else nothing stops it"
    for found in row.chip.STOPPED:
        chip, _, bus = driven(row)
        chip.upset(found)
        chip.lose_power(bus.now_us)
        before = bytes(chip.registers)
        chip.regain_power(bus.now_us + 100 * S)
        assert bytes(chip.registers) == before, found
        assert all(chip.registers[at] == byte for at, byte in found), "the chip has these bits"
