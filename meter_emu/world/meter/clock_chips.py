"""The clock chips a model file may name: a file in `hardware/rtc/` and one in `firmware/rtc/` each.

The chip's file has its row, with everything about it; the driver has masks of its own. Nobody else
knows a chip by its name.

Registers are decoded here by the row and `datetime`, for observers outside the meter; the program
has its driver. `ClippedChip` is a chip in the clip of a tool: its bus, and no meter around it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, final

from meter_emu.domain import ZoneRule
from meter_emu.errors import ConfigError
from meter_emu.firmware.rtc.driver import RtcDriver
from meter_emu.firmware.rtc.ds1307 import Ds1307Driver
from meter_emu.firmware.rtc.ds3231 import Ds3231Driver
from meter_emu.firmware.rtc.mcp7940n import Mcp7940nDriver
from meter_emu.firmware.rtc.pcf8563 import Pcf8563Driver
from meter_emu.hardware.rtc.calendar_chip import OF_HOURS, CalendarChip, Counter, counters
from meter_emu.hardware.rtc.ds1307 import Ds1307
from meter_emu.hardware.rtc.ds3231 import Ds3231
from meter_emu.hardware.rtc.mcp7940n import Mcp7940n
from meter_emu.hardware.rtc.pcf8563 import Pcf8563
from meter_emu.units import MINUTE_US
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.model import MeterModel

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)


@final
@dataclass(frozen=True, slots=True)
class ClockChip:
    """The chip on the board, and its driver in the program."""

    chip: type[CalendarChip]
    driver: type[RtcDriver]


CLOCK_CHIPS: Final[Mapping[str, ClockChip]] = {
    "ds1307": ClockChip(Ds1307, Ds1307Driver),
    "ds3231": ClockChip(Ds3231, Ds3231Driver),
    "mcp7940n": ClockChip(Mcp7940n, Mcp7940nDriver),
    "pcf8563": ClockChip(Pcf8563, Pcf8563Driver),
}


def clock_chip(model: MeterModel) -> ClockChip:
    """Return the row of a model's chip; raise `ConfigError` for an unknown one."""
    if model.rtc not in CLOCK_CHIPS:
        known = ", ".join(CLOCK_CHIPS)
        raise ConfigError(model.name, "rtc", f"expected one of {known}, got {model.rtc}")
    return CLOCK_CHIPS[model.rtc]


OF_HOURS_12: Final = Counter(1, 12, "hour")


def clock_of(board: Board) -> Callable[[], str | None]:
    """Return a reader of a running meter's clock: what its registers show, as they count."""
    return lambda: reading(type(board.rtc), board.rtc.to_bytes(board.now_us))


def shows(board: Board, us: int, rule: ZoneRule) -> bool:
    """Whether a running meter's clock shows an instant, to about a minute, in any time base."""
    try:
        shown = shown_time(type(board.rtc), board.rtc.to_bytes(board.now_us))
    except ValueError:
        return False
    off_us = (shown - _EPOCH) // _US - us
    bases = (0, rule.standard_min, rule.summer_min)
    return any(abs(off_us - ahead_min * MINUTE_US) < 2 * MINUTE_US for ahead_min in bases)


def reading(chip: type[CalendarChip], registers: Sequence[int]) -> str | None:
    """Return the date and time in registers from 00h on; `None` if they hold none."""
    try:
        return f"{shown_time(chip, registers):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return None


def shown_time(chip: type[CalendarChip], registers: Sequence[int]) -> datetime:
    """Return the time in the registers, as if it were UTC.

    Raise `ValueError` for an impossible date or time.
    """
    found = counters(chip)
    year, month, day, minute, second = (
        within(found[at][1], registers[at] & found[at][0])
        for at in (chip.YEAR, chip.MONTH, chip.DAY, chip.MINUTES, chip.SECONDS)
    )
    hour = _hour(chip, registers[chip.HOURS])
    if year is None or month is None or day is None:
        raise ValueError("a counter is out of range")
    if hour is None or minute is None or second is None:
        raise ValueError("a counter is out of range")
    century = 2100 if registers[chip.MONTH] & chip.CENTURY else 2000
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
    """Return the value of two BCD digits; `None` if out of the counter's range."""
    tens, units = divmod(bcd, 16)
    value = tens * 10 + units
    return value if max(tens, units) <= 9 and counter.first <= value <= counter.last else None


ADDRESS_BYTES: Final = 2  # slave address, register address
TURN_BYTES: Final = 1  # a read repeats the slave address after its repeated START


@final
class ClippedChip:
    """A driver's two calls on a chip (`meter_emu.firmware.rtc.driver.RtcPorts`).

    `now_us` is true time. It advances by the time of an access, `byte_us` a byte, and the caller
    may advance it.
    """

    def __init__(self, chip: CalendarChip, *, byte_us: int = 0) -> None:
        self.chip: Final = chip
        self.now_us = chip.oscillator.at_us
        self._byte_us: Final = byte_us

    def rtc_read(self, at: int, count: int) -> bytes:
        """Read registers in one access."""
        start_us = self._spend(ADDRESS_BYTES + TURN_BYTES + count)
        return self.chip.read(at, count, start_us, self.now_us)

    def rtc_write(self, at: int, data: bytes) -> None:
        """Write registers in one access."""
        start_us = self._spend(ADDRESS_BYTES + len(data))
        self.chip.write(at, data, start_us, self.now_us)

    def _spend(self, count: int) -> int:
        start_us = self.now_us
        self.now_us += count * self._byte_us
        return start_us
