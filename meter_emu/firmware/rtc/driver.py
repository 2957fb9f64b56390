"""The reading, setting and step that every clock driver offers the program; what drivers share.

Clock chips keep two BCD digits a byte, and hours from 1 to 12 with a bit for PM in 12-hour mode. A
driver masks its chip's own bits before it calls `FieldCodec`, so a mistake there is the same on
every chip.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from card_protocol.timestamp import Civil

_BASE_YEAR: Final = 2000
_TWELVE_HOUR: Final = 0x40  # in the hours: counts 1 to 12
_PM: Final = 0x20
_NO_HOUR: Final = 0x80  # in no hours register
_BYTES: Final = range(256)
_DIGITS: Final = range(10)
_NUMBERS: Final = {tens << 4 | units: tens * 10 + units for tens in _DIGITS for units in _DIGITS}


class RtcPorts(Protocol):
    """What a driver needs of `meter_emu.ports.Ports`."""

    def rtc_read(self, at: int, count: int) -> bytes | None:
        """Read registers in one access; `None` is a NACK."""
        ...

    def rtc_write(self, at: int, data: bytes) -> None:
        """Write registers in one access."""
        ...


def registers_read(ports: RtcPorts, at: int, count: int) -> bytes:
    """Return registers; zeros, which are no date, from a chip that does not answer.

    It is asked twice: a bus may be disturbed once.
    """
    raw = ports.rtc_read(at, count)
    if raw is None:
        raw = ports.rtc_read(at, count)
    return bytes(count) if raw is None else raw


class RtcReading(NamedTuple):
    """The chip's registers, decoded. `valid` is false if a field, 0 here, is no number in range.

    The year is in full, 2000-2199. Whether the *day* exists in its month is the calendar's
    business. `low_voltage` is the chip's own doubt: its supply or oscillator failed.
    """

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    low_voltage: bool
    valid: bool


class FieldCodec:
    """Register bytes to numbers and back; `None` for a byte that is no number in range. A part.

    `tables` has what the routines say of each byte in a reading, second to year.
    """

    __slots__ = ("tables",)

    def __init__(self) -> None:
        routines = (self.second, self.minute, self.hour, self.day, self.month, self.year)
        self.tables = [tuple(map(routine, _BYTES)) for routine in routines]

    def bcd(self, byte: int) -> int | None:
        """Return the number in two BCD digits."""
        return _NUMBERS.get(byte)

    def to_bcd(self, number: int) -> int:
        """Return two BCD digits of 0 to 99."""
        return number // 10 << 4 | number % 10

    def second(self, byte: int) -> int | None:
        """Return 0 to 59; minutes are written alike."""
        number = self.bcd(byte)
        return number if number is not None and number <= 59 else None

    def minute(self, byte: int) -> int | None:
        """Return 0 to 59."""
        number = self.bcd(byte)
        return number if number is not None and number <= 59 else None

    def hour(self, byte: int) -> int | None:
        """Return 0 to 23, in the mode of bit 6."""
        if byte & _TWELVE_HOUR:
            number = self.bcd(byte & ~(_TWELVE_HOUR | _PM))
            if number is None or not 1 <= number <= 12 or byte & _NO_HOUR:
                return None
            return number % 12 + (12 if byte & _PM else 0)
        number = self.bcd(byte)
        return number if number is not None and number <= 23 else None

    def to_hour(self, hour: int) -> int:
        """Return the byte of an hour, in 24-hour mode."""
        return self.to_bcd(hour)

    def day(self, byte: int) -> int | None:
        """Return 1 to 31; which months have so many is the calendar's business."""
        number = self.bcd(byte)
        return number if number is not None and 1 <= number <= 31 else None

    def month(self, byte: int) -> int | None:
        """Return 1 to 12."""
        number = self.bcd(byte)
        return number if number is not None and 1 <= number <= 12 else None

    def to_month(self, month: int) -> int:
        """Return the byte of a month."""
        return self.to_bcd(month)

    def year(self, byte: int) -> int | None:
        """Return 2000 to 2099."""
        number = self.bcd(byte)
        return None if number is None else _BASE_YEAR + number

    def to_year(self, year: int) -> int:
        """Return the byte of a year 2000 to 2099; beyond, chips count a 29 February too many."""
        assert 0 <= year - _BASE_YEAR <= 99, "beyond 2099 the chips' leap years are wrong"
        return self.to_bcd(year - _BASE_YEAR)


class RtcDriver(ABC):
    """A chip's driver. Each is a part, as are the shared routines."""

    __slots__ = ("fields",)

    def __init__(self, fields: FieldCodec) -> None:
        self.fields = fields

    def read(self, ports: RtcPorts) -> RtcReading:
        """Return the time that the chip shows."""
        return self.decode(self.registers(ports))

    @abstractmethod
    def registers(self, ports: RtcPorts) -> bytes:
        """Return the chip's time registers at one moment."""

    @abstractmethod
    def decode(self, raw: bytes) -> RtcReading:
        """Return the reading in the bytes from `registers`."""

    def reading(self, time: Sequence[int], *, past_2099: bool, low_voltage: bool) -> RtcReading:
        """Return the reading in seconds, minutes, hours, day, month and year.

        The bytes come without the chip's own bits.
        """
        seconds, minutes, hours, days, months, years = self.fields.tables
        s, m, h = seconds[time[0]], minutes[time[1]], hours[time[2]]
        day, month, year = days[time[3]], months[time[4]], years[time[5]]
        valid = None not in (s, m, h, day, month, year)
        full_year = (year or 0) + (100 if past_2099 else 0)
        return RtcReading(
            full_year, month or 0, day or 0, h or 0, m or 0, s or 0, low_voltage, valid
        )

    @abstractmethod
    def set_time(self, ports: RtcPorts, when: Civil, second: int, weekday: int) -> None:
        """Set the clock, 2000-2099, 24-hour mode, and clear its doubt.

        `weekday` is 0 for Monday. A power cut inside may leave any mix: the program journals that a
        setting is under way before it calls this.
        """

    @abstractmethod
    def set_hour(self, ports: RtcPorts, hour: int) -> None:
        """Write the hours register alone: one byte, old or new after a cut."""
