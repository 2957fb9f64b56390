"""What is found in the registers of a clock chip: times that no calendar has, and others than now.

Whatever is written with it, the seconds are ten: so no field runs over before somebody looks.
"""

from calendar import isleap
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from meter_emu.hardware.rtc.calendar_chip import CalendarChip
from meter_emu.hardware.rtc.maxim import MaximChip
from meter_emu.stories.boundaries import wrong_registers
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.times import legal
from meter_emu.world.meter.clock_chips import clock_chip
from meter_emu.world.meter.model import MeterModel
from meter_emu.world.rehearsal.household import Registers

# The bit by which each chip says that it doubts its time, or has stopped: VL, OSF, CH.
DOUBT: Final = {"pcf8563": (0x02, 0x80), "ds3231": (0x0F, 0x80), "ds1307": (0x00, 0x80)}
_TEN: Final = 0x10
# What a field cannot hold, next to what it can: a digit too far, a carry that was forgotten.
_EDGES: Final = (("hour", 0x24), ("day", 0x32), ("month", 0x13), ("minute", 0x60), ("day", 0x00),
                 ("month", 0x00), ("minute", 0x5A), ("hour", 0x1A), ("day", 0x3A), ("month", 0x1A),
                 ("year", 0xA0), ("year", 0x9A))  # fmt: skip
_NO_TWELVE: Final = (0x40, 0x53, 0x73, 0x4A)  # in 12-hour mode: 0, 13 and no number
# Days that their month does not have in any year, and one that only a leap year has.
_NO_DAYS: Final = ((0x31, 0x04), (0x30, 0x02), (0x31, 0x11), (0x31, 0x06), (0x31, 0x09),
                   (0x29, 0x02), (0x29, 0x02))  # fmt: skip
_CLEAR: Final = 0x08  # of DS3231's status: its output is on, nothing else


def upset(chooser: Chooser, model: MeterModel, at_s: int) -> Registers:
    """Draw what the registers hold that is not the time."""
    return chooser.of(_KINDS)(chooser, model, at_s)


def other_time(model: MeterModel, when: datetime, *, doubted: bool) -> Registers:
    """Return the registers of a date and time, with the chip's own doubt or without."""
    chip = clock_chip(model).chip
    found = {
        chip.SECONDS: _TEN,
        chip.MINUTES: _bcd(when.minute),
        chip.HOURS: _bcd(when.hour),
        chip.DAY: _bcd(when.day),
        chip.MONTH: _bcd(when.month),
        chip.YEAR: _bcd(when.year % 100),
    }
    return _in_order(found, model, doubted=doubted)


def wrong_fields(model: MeterModel, found: Registers) -> bool:
    """Whether one of these registers holds, by itself, what is no time of any day."""
    chip, held = clock_chip(model).chip, dict(found)
    if held.get(chip.MONTH, 0) & chip.CENTURY or held.get(chip.HOURS) in _NO_TWELVE:
        return True
    fields = {"second": (chip.SECONDS, 0x7F), **_places(chip)}
    return any(
        held[at] & mask in _wrong(field, mask) for field, (at, mask) in fields.items() if at in held
    )


def _places(chip: type[CalendarChip]) -> dict[str, tuple[int, int]]:
    """Return where each field is that stands wrong here, and the bits of it."""
    return {
        "minute": (chip.MINUTES, 0x7F),
        "hour": (chip.HOURS, 0x3F),
        "day": (chip.DAY, 0x3F),
        "month": (chip.MONTH, 0x1F),
        "year": (chip.YEAR, 0xFF),
    }


def _field(chooser: Chooser, model: MeterModel, _at_s: int, *, doubted: bool = False) -> Registers:
    """Draw one field that holds what no calendar has: all the rest is right."""
    chip = clock_chip(model).chip
    places = _places(chip)
    how = chooser.below(6)
    if how == 5 and issubclass(chip, MaximChip):
        register, byte = chip.HOURS, chooser.of(_NO_TWELVE)
    elif how:
        field, byte = chooser.of(_EDGES)
        register, _ = places[field]
    else:
        field, (register, mask) = chooser.of(tuple(places.items()))
        byte = chooser.of(_wrong(field, mask))
    return _in_order({chip.SECONDS: _TEN, register: byte}, model, doubted=doubted)


def _day(chooser: Chooser, model: MeterModel, at_s: int) -> Registers:
    """Draw a day that its month does not have, in the year that it is or a common one after it."""
    chip = clock_chip(model).chip
    day, month = chooser.of(_NO_DAYS)
    year = legal(at_s).year
    year += isleap(year)
    found = {chip.SECONDS: _TEN, chip.DAY: day, chip.MONTH: month, chip.YEAR: _bcd(year % 100)}
    return _in_order(found, model, doubted=False)


def _past_2099(chooser: Chooser, model: MeterModel, at_s: int) -> Registers:
    """Draw the bit of the next century, on a chip that has it."""
    chip = clock_chip(model).chip
    if not chip.CENTURY:
        return _field(chooser, model, at_s)
    found = {chip.SECONDS: _TEN, chip.MONTH: chip.CENTURY | _bcd(legal(at_s).month)}
    return _in_order(found, model, doubted=False)


def _doubted(chooser: Chooser, model: MeterModel, at_s: int) -> Registers:
    """Draw the chip's own doubt, with a time that is right otherwise or none."""
    if chooser.below(2):
        return _field(chooser, model, at_s, doubted=True)
    return _in_order({clock_chip(model).chip.SECONDS: _TEN}, model, doubted=True)


def _elsewhen(chooser: Chooser, model: MeterModel, at_s: int) -> Registers:
    """Draw a time some months behind or ahead, further than any outage lasts."""
    days = 100 + chooser.below(100)
    now = legal(at_s).replace(tzinfo=None)
    behind, ahead = now - timedelta(days), now + timedelta(days)
    when = (behind, ahead)[chooser.below(2)]
    if when.year not in range(2000, 2100):
        when = ahead if when is behind else behind
    return other_time(model, when, doubted=False)


def _stopped(chooser: Chooser, model: MeterModel, at_s: int) -> Registers:
    """Draw a clock that somebody stopped, on the mains or on its battery, and seconds that stay."""
    if model.rtc == "ds3231":
        return ((0x0E, 0x80), (0x0F, 0x80 | _CLEAR))  # EOSC, and what follows from it
    if model.rtc == "ds1307":
        return _doubted(chooser, model, at_s)
    return (((0x00, 0x20),), ((0x00, 0x20), (0x02, 0x60)), ((0x00, 0x20), (0x02, 0x5A)))[
        chooser.below(3)
    ]


_KINDS: Final[tuple[Callable[[Chooser, MeterModel, int], Registers], ...]] = (
    *(_field,) * 8,
    *(_day,) * 3,
    *(_doubted, _stopped) * 2,
    _past_2099,
    _elsewhen,
)


@cache
def _wrong(field: str, mask: int) -> tuple[int, ...]:
    """Return the bytes that no calendar has of a field, on a chip that has these bits of it."""
    wrong = {register.value for register in wrong_registers() if register.field == field}
    return tuple(value for value in sorted(wrong) if value <= mask)


def _in_order(found: dict[int, int], model: MeterModel, *, doubted: bool) -> Registers:
    register, bit = DOUBT[model.rtc]
    if doubted:
        found[register] = found.get(register, _CLEAR) | bit
    return tuple(sorted(found.items()))


def _bcd(number: int) -> int:
    return number // 10 << 4 | number % 10
