"""What every clock chip offers the board and the bench, whatever its registers are."""

from typing import ClassVar, Protocol, Self

from meter_emu.hardware.oscillator import Oscillator
from meter_emu.hardware.rtc.registers import ChipCalendar


class RtcChip(Protocol):
    """A chip on its crystal. Times are true microseconds; see the chips for what each call does."""

    IMAGE_BYTES: ClassVar[int]  # of `to_bytes`
    GARBAGE_BYTES: ClassVar[int]  # what `power_on_reset` takes
    calendar: ChipCalendar
    oscillator: Oscillator
    registers: bytearray

    def __init__(self, calendar: ChipCalendar, oscillator: Oscillator) -> None: ...

    def read(self, at: int, count: int, start_us: int, stop_us: int) -> bytes:
        """Read registers in one access."""
        ...

    def write(self, at: int, data: bytes, start_us: int, stop_us: int) -> None:
        """Write registers in one access."""
        ...

    def voltage_low(self) -> None:
        """Raise the chip's own doubt: its supply or oscillator failed."""
        ...

    def lose_power(self, now_us: int) -> None:
        """Go on from the backup."""
        ...

    def regain_power(self, now_us: int) -> None:
        """Go on from the mains."""
        ...

    def power_on_reset(self, garbage: bytes, now_us: int) -> None:
        """Start as from an empty supply."""
        ...

    def second_of_day(self, now_us: int) -> int | None:
        """Return the second of its own day that it shows, `None` when it shows none."""
        ...

    def us_until_second_of_day(self, second: int, now_us: int) -> int | None:
        """Return when it will show that second, `None` when it stands still."""
        ...

    def to_bytes(self, now_us: int) -> bytes:
        """Return its part of a meter image."""
        ...

    @classmethod
    def from_bytes(cls, raw: bytes, calendar: ChipCalendar, oscillator: Oscillator) -> Self:
        """Return the chip an image holds."""
        ...
