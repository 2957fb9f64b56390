"""The date and time that the registers of a clock chip make, by its row and `datetime`.

The world's own reading, for who looks at a meter from outside: the program has its driver.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from meter_emu.hardware.rtc.calendar_chip import OF_HOURS, CalendarChip, counters
from meter_emu.hardware.rtc.registers import Counter
from meter_emu.world.meter.board import Board

OF_HOURS_12: Final = Counter(1, 12, "hour")


def clock_of(board: Board) -> Callable[[], str | None]:
    """Return a look at a running meter's clock: what its registers show, as they count."""
    return lambda: reading(type(board.rtc), board.rtc.to_bytes(board.now_us))


def reading(chip: type[CalendarChip], raw: Sequence[int]) -> str | None:
    """Return the date and time that registers from 00h on show, `None` when they show none."""
    try:
        return f"{shown_time(chip, raw):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return None


def shown_time(chip: type[CalendarChip], raw: Sequence[int]) -> datetime:
    """Return the time that registers show, as if it were UTC.

    Raise `ValueError` for one that no calendar has.
    """
    found = counters(chip)
    year, month, day, minute, second = (
        within(found[at][1], raw[at] & found[at][0])
        for at in (chip.YEAR, chip.MONTH, chip.DAY, chip.MINUTES, chip.SECONDS)
    )
    hour = _hour(chip, raw[chip.HOURS])
    if year is None or month is None or day is None:
        raise ValueError("a counter is out of range")
    if hour is None or minute is None or second is None:
        raise ValueError("a counter is out of range")
    century = 2100 if raw[chip.MONTH] & chip.CENTURY else 2000
    return datetime(century + year, month, day, hour, minute, second, tzinfo=UTC)


def hour_of(chip: type[CalendarChip], byte: int) -> tuple[Counter, int, bool]:
    """Return range and BCD of an hours register in its mode, and whether PM is added."""
    bcd = byte & counters(chip)[chip.HOURS][0]
    if not byte & chip.TWELVE_HOUR:
        return OF_HOURS, bcd, False
    return OF_HOURS_12, bcd & ~chip.PM, bool(bcd & chip.PM)


def _hour(chip: type[CalendarChip], byte: int) -> int | None:
    counter, bcd, pm = hour_of(chip, byte)
    hour = within(counter, bcd)
    if hour is None or counter is OF_HOURS:
        return hour
    return hour % 12 + (12 if pm else 0)


def within(counter: Counter, bcd: int) -> int | None:
    """Return the value of two BCD digits, `None` when it is out of the counter's range."""
    tens, units = divmod(bcd, 16)
    value = tens * 10 + units
    return value if max(tens, units) <= 9 and counter.first <= value <= counter.last else None
