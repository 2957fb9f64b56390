"""Contents of a clock chip's registers: impossible times, and possible ones other than now.

The seconds are always ten, so that no field overflows before somebody looks.
"""

from calendar import isleap
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from meter_emu.hardware.rtc.calendar_chip import CalendarChip, Registers, counters
from meter_emu.stories.boundaries import wrong_registers
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.times import legal
from meter_emu.world.meter.clock_chips import clock_chip
from meter_emu.world.meter.model import MeterModel

_TEN: Final = 0x10
# Values out of a field's range, next to those in it: a digit too far, a forgotten carry.
_EDGES: Final = (("hour", 0x24), ("day", 0x32), ("month", 0x13), ("minute", 0x60), ("day", 0x00),
                 ("month", 0x00), ("minute", 0x5A), ("hour", 0x1A), ("day", 0x3A), ("month", 0x1A),
                 ("year", 0xA0), ("year", 0x9A))  # fmt: skip
# Days that their month has in no year, and one that only a leap year has.
_NO_DAYS: Final = ((0x31, 0x04), (0x30, 0x02), (0x31, 0x11), (0x31, 0x06), (0x31, 0x09),
                   (0x29, 0x02), (0x29, 0x02))  # fmt: skip


def upset(chooser: Chooser, model: MeterModel, at_s: int) -> Registers:
    """Draw register contents that are not the time."""
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
    return _in_order(found, chip, doubted=doubted)


def without_seconds(model: MeterModel, found: Registers) -> Registers:
    """Return registers that leave the seconds as they are, but for a sign of doubt or standstill.

    A clock that is off by no more than some seconds is not seen to be.
    """
    chip = clock_chip(model).chip
    seconds = dict(found).get(chip.SECONDS)
    doubted = chip.DOUBT.register == chip.SECONDS and seconds is not None
    if found in chip.STOPPED or (doubted and chip.DOUBT.given(seconds or 0)):
        return found
    return tuple((at, byte) for at, byte in found if at != chip.SECONDS) or found


def wrong_fields(model: MeterModel, found: Registers) -> bool:
    """Whether one of these registers alone holds an impossible value."""
    chip, held = clock_chip(model).chip, dict(found)
    if held.get(chip.MONTH, 0) & chip.CENTURY or held.get(chip.HOURS) in _no_twelve(chip):
        return True
    return any(
        held[at] & mask in _wrong(counter.unit, mask)
        for at, (mask, counter) in counters(chip).items()
        if at in held
    )


def _no_twelve(chip: type[CalendarChip]) -> tuple[int, ...]:
    """Return invalid hours in 12-hour mode: 0, 13 and no number; none on a chip without it."""
    hours = (0x00, 0x13, chip.PM | 0x13, 0x0A)
    return tuple(chip.TWELVE_HOUR | hour for hour in hours) if chip.TWELVE_HOUR else ()


def _places(chip: type[CalendarChip]) -> dict[str, tuple[int, int]]:
    """Return the address and bits of each field that is drawn wrong here."""
    at = (chip.MINUTES, chip.HOURS, chip.DAY, chip.MONTH, chip.YEAR)
    found = counters(chip)
    return {found[register][1].unit: (register, found[register][0]) for register in at}


def _field(chooser: Chooser, model: MeterModel, _at_s: int, *, doubted: bool = False) -> Registers:
    """Draw one field with an impossible value; all others are right."""
    chip = clock_chip(model).chip
    places = _places(chip)
    how = chooser.below(6)
    if how == 5 and chip.TWELVE_HOUR:
        register, byte = chip.HOURS, chooser.of(_no_twelve(chip))
    elif how:
        field, byte = chooser.of(_EDGES)
        register, _ = places[field]
    else:
        field, (register, mask) = chooser.of(tuple(places.items()))
        byte = chooser.of(_wrong(field, mask))
    return _in_order({chip.SECONDS: _TEN, register: byte}, chip, doubted=doubted)


def _day(chooser: Chooser, model: MeterModel, at_s: int) -> Registers:
    """Draw a day that its month does not have, in this year or a common one after it."""
    chip = clock_chip(model).chip
    day, month = chooser.of(_NO_DAYS)
    year = legal(at_s, model.zone).year
    year += isleap(year)
    found = {chip.SECONDS: _TEN, chip.DAY: day, chip.MONTH: month, chip.YEAR: _bcd(year % 100)}
    return _in_order(found, chip, doubted=False)


def _past_2099(chooser: Chooser, model: MeterModel, at_s: int) -> Registers:
    """Draw the bit of the next century, on a chip that has it."""
    chip = clock_chip(model).chip
    if not chip.CENTURY:
        return _field(chooser, model, at_s)
    found = {chip.SECONDS: _TEN, chip.MONTH: chip.CENTURY | _bcd(legal(at_s, model.zone).month)}
    return _in_order(found, chip, doubted=False)


def _doubted(chooser: Chooser, model: MeterModel, at_s: int) -> Registers:
    """Draw the chip's own doubt, with or without an otherwise right time."""
    if chooser.below(2):
        return _field(chooser, model, at_s, doubted=True)
    chip = clock_chip(model).chip
    return _in_order({chip.SECONDS: _TEN}, chip, doubted=True)


def _elsewhen(chooser: Chooser, model: MeterModel, at_s: int) -> Registers:
    """Draw a time some months behind or ahead, further than any outage lasts."""
    days = 100 + chooser.below(100)
    now = legal(at_s, model.zone).replace(tzinfo=None)
    behind, ahead = now - timedelta(days), now + timedelta(days)
    when = (behind, ahead)[chooser.below(2)]
    if when.year not in range(2000, 2100):
        when = ahead if when is behind else behind
    return other_time(model, when, doubted=False)


def stopped(chooser: Chooser, model: MeterModel, at_s: int) -> Registers:
    """Draw a clock that was stopped, on mains or battery: its seconds do not change."""
    chip = clock_chip(model).chip
    if not chip.STOPPED:
        return _doubted(chooser, model, at_s)
    return chip.STOPPED[chooser.below(len(chip.STOPPED)) if len(chip.STOPPED) > 1 else 0]


_KINDS: Final[tuple[Callable[[Chooser, MeterModel, int], Registers], ...]] = (
    *(_field,) * 8,
    *(_day,) * 3,
    *(_doubted, stopped) * 2,
    _past_2099,
    _elsewhen,
)


@cache
def _wrong(field: str, mask: int) -> tuple[int, ...]:
    """Return the impossible bytes of a field, on a chip with these bits of it."""
    wrong = {register.value for register in wrong_registers() if register.field == field}
    return tuple(value for value in sorted(wrong) if value <= mask)


def _in_order(found: dict[int, int], chip: type[CalendarChip], *, doubted: bool) -> Registers:
    """Return registers in their order, with the chip's own doubt or without.

    The bits next to the doubt are as after a reset.
    """
    at = chip.DOUBT.register
    if doubted or at in found:
        found[at] = chip.DOUBT.put(found.get(at, chip.RESET[at]), given=doubted)
    return tuple(sorted(found.items()))


def _bcd(number: int) -> int:
    return number // 10 << 4 | number % 10
