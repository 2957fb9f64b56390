"""What a chip lets a swap do: time between any two accesses, and a bit that is held."""

from typing import Any

from typing_extensions import override

from meter_emu.firmware.rtc.driver import FieldCodec
from meter_emu.hardware.oscillator import Oscillator
from meter_emu.hardware.rtc.calendar_chip import CalendarChip, ChipCalendar
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS, ClippedChip, ClockChip
from tests.cells import each_cell

EACH = each_cell("row", CLOCK_CHIPS.values(), ids=CLOCK_CHIPS)


class TickBetweenAccesses(CalendarChip):
    """Counts a second at each START."""

    __slots__ = ()

    @override
    def begin_access(self, start_us: int) -> None:
        super().begin_access(start_us)
        self.tick(1)


class HourBitHeld(CalendarChip):
    """Sends bit 0 of the hours as 0, whatever it counts."""

    __slots__ = ()

    @override
    def on_the_bus(self, at: int, raw: bytes) -> bytes:
        sent = bytearray(raw)
        if at <= self.HOURS < at + len(raw):
            sent[self.HOURS - at] &= ~1
        return super().on_the_bus(at, bytes(sent))


def swapped(row: ClockChip, swap: type) -> Any:
    chip = type("Swapped", (swap, row.chip), {"__slots__": ()})(ChipCalendar(), Oscillator())
    time = {
        chip.SECONDS: 0x58, chip.MINUTES: 0x59, chip.HOURS: 0x23, chip.DAY: 0x02,
        chip.MONTH: 0x07, chip.YEAR: 0x20,
    }  # fmt: skip
    for register, byte in time.items():
        chip.registers[register] = byte
    chip.obey_registers()
    return chip


@EACH
def test_a_tick_between_two_accesses_tears_who_reads_in_two_and_not_our_driver(row):
    chip = swapped(row, TickBetweenAccesses)
    bus = ClippedChip(chip)
    read = row.driver(FieldCodec()).read(bus)
    assert read[:6] == (2020, 7, 2, 23, 59, 59)
    apart = swapped(row, TickBetweenAccesses)
    bus = ClippedChip(apart)
    time = bus.rtc_read(apart.SECONDS, 3)
    (day,) = bus.rtc_read(apart.DAY, 1)
    assert (time[0] & 0x7F, time[2] & 0x3F, day & 0x3F) == (0x59, 0x23, 0x03), "24 hours ahead"


@EACH
def test_a_bit_that_is_held_is_read_wrong_and_counted_right(row):
    chip = swapped(row, HourBitHeld)
    assert row.driver(FieldCodec()).read(ClippedChip(chip)).hour == 22
    assert chip.registers[chip.HOURS] == 0x23
