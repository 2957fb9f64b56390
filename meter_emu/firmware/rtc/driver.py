"""What every clock driver gives the program: a reading, a setting, and a step of the hour."""

from abc import ABC, abstractmethod
from typing import NamedTuple, Protocol

from card_protocol.timestamp import Civil
from meter_emu.firmware.rtc.fields import FieldCodec


class RtcPorts(Protocol):
    """What a driver needs of `meter_emu.ports.Ports`."""

    def rtc_read(self, at: int, count: int) -> bytes:
        """Read registers in one access."""
        ...

    def rtc_write(self, at: int, data: bytes) -> None:
        """Write registers in one access."""
        ...


class RtcReading(NamedTuple):
    """What the chip says, decoded. `valid` is false when a field, 0 here, is no number in range.

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


class RtcDriver(ABC):
    """A chip's driver. Each is a part, and so is what they share here and in `fields`."""

    __slots__ = ("fields",)

    def __init__(self, fields: FieldCodec) -> None:
        self.fields = fields

    def read(self, ports: RtcPorts) -> RtcReading:
        """Return the time the chip shows."""
        return self.decode(self.registers(ports))

    @abstractmethod
    def registers(self, ports: RtcPorts) -> bytes:
        """Return the chip's time registers as they stand at one moment."""

    @abstractmethod
    def decode(self, raw: bytes) -> RtcReading:
        """Return the reading in what `registers` returned."""

    def reading(self, time: bytes, *, past_2099: bool, low_voltage: bool) -> RtcReading:
        """Return the reading in seconds, minutes, hours, day, month and year.

        The bytes come without the chip's own bits.
        """
        fields = self.fields
        s, m, h = fields.second(time[0]), fields.minute(time[1]), fields.hour(time[2])
        day, month, year = fields.day(time[3]), fields.month(time[4]), fields.year(time[5])
        valid = None not in (s, m, h, day, month, year)
        full_year = (year or 0) + (100 if past_2099 else 0)
        return RtcReading(
            full_year, month or 0, day or 0, h or 0, m or 0, s or 0, low_voltage, valid
        )

    @abstractmethod
    def set_time(self, ports: RtcPorts, when: Civil, second: int, weekday: int) -> None:
        """Set the clock, 2000-2099, 24-hour mode, and withdraw its doubt.

        `weekday` is 0 for Monday. A power cut inside may leave any mix: the program journals that
        a setting is under way before it calls this.
        """

    @abstractmethod
    def set_hour(self, ports: RtcPorts, hour: int) -> None:
        """Write the hours register alone, one byte, which is old or new after a cut."""
