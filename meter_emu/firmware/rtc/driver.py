"""What every clock driver gives the program: a reading, a setting, and a step of the hour."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from card_protocol.timestamp import Civil
from meter_emu.ports import Ports


class RtcReading(NamedTuple):
    """What the chip says, decoded. `valid` is false for a field that is no number in range.

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
    """A chip's driver. Each is a part: a defect overrides `registers`, `decode` or `encode`."""

    __slots__ = ()

    def read(self, ports: Ports) -> RtcReading:
        """Return the time the chip shows."""
        return self.decode(self.registers(ports))

    @abstractmethod
    def registers(self, ports: Ports) -> bytes:
        """Return the chip's time registers as they stand at one moment."""

    @abstractmethod
    def decode(self, raw: bytes) -> RtcReading:
        """Return the reading in what `registers` returned."""

    @abstractmethod
    def set_time(self, ports: Ports, when: Civil, second: int, weekday: int) -> None:
        """Set the clock, 2000-2099, 24-hour mode, and withdraw its doubt.

        `weekday` is 0 for Monday. A power cut inside may leave any mix: the program journals that
        a setting is under way before it calls this.
        """

    @abstractmethod
    def set_hour(self, ports: Ports, hour: int) -> None:
        """Write the hours register alone, one byte, which is old or new after a cut."""
