"""A clock chip for drivers written elsewhere: an I²C bus as Python drivers use one.

The calls are those of CircuitPython's `busio.I2C`, so its drivers run on it unchanged. A driver
that agrees with a chip of ours says more than one that was written by the same people.
"""

from typing import Final, final

from meter_emu.errors import ConfigError
from meter_emu.hardware.oscillator import Oscillator
from meter_emu.hardware.rtc.calendar_chip import ChipCalendar
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS, ClippedChip

BYTE_US: Final = 90  # nine bits at 100 kHz


@final
class I2cClock:
    """One clock chip at an address of a bus.

    `now_us` is true time: accesses take theirs, and a test moves it on. `chip` is the chip, to look
    into or to stop. `OSError` where no chip answers at an address, as in other buses.
    """

    def __init__(self, name: str, address: int, *, drift_ppb: int = 0) -> None:
        if name not in CLOCK_CHIPS:
            want = f"want one of {', '.join(CLOCK_CHIPS)}, got {name}"
            raise ConfigError("I2cClock", "name", want)
        self.chip: Final = CLOCK_CHIPS[name].chip(ChipCalendar(), Oscillator(drift_ppb))
        self._clip: Final = ClippedChip(self.chip, byte_us=BYTE_US)
        self._address: Final = address
        self._pointer = 0
        self._locked = False

    @property
    def now_us(self) -> int:
        """True time in microseconds; it only moves on."""
        return self._clip.now_us

    @now_us.setter
    def now_us(self, now_us: int) -> None:
        if now_us < self._clip.now_us:
            raise ValueError(f"want {self._clip.now_us} or later, got {now_us}")
        self._clip.now_us = now_us

    def try_lock(self) -> bool:
        """Take the bus; whether it was free."""
        free = not self._locked
        self._locked = True
        return free

    def unlock(self) -> None:
        """Give the bus back."""
        self._locked = False

    def scan(self) -> list[int]:
        """Return the addresses that answer."""
        return [self._address]

    def writeto(
        self, address: int, buffer: bytes | bytearray, *, start: int = 0, end: int | None = None
    ) -> None:
        """Write in one access: the first byte is the register, the others go there and on."""
        self._answer(address)
        sent = bytes(buffer[start:end])
        if sent:
            self._pointer = sent[0]
        if len(sent) > 1:
            self._clip.rtc_write(self._pointer, sent[1:])
            self._move(len(sent) - 1)

    def readfrom_into(
        self, address: int, buffer: bytearray, *, start: int = 0, end: int | None = None
    ) -> None:
        """Fill the buffer in one access, from the register where the last access ended."""
        self._answer(address)
        wanted = range(len(buffer))[start:end]
        shown = self._clip.rtc_read(self._pointer, len(wanted))
        buffer[wanted.start : wanted.stop] = shown
        self._move(len(wanted))

    def writeto_then_readfrom(
        self,
        address: int,
        out_buffer: bytes | bytearray,
        in_buffer: bytearray,
        *,
        out_start: int = 0,
        out_end: int | None = None,
        in_start: int = 0,
        in_end: int | None = None,
    ) -> None:
        """Write the register and read from it in one access, with a repeated START between."""
        self.writeto(address, out_buffer, start=out_start, end=out_end)
        self.readfrom_into(address, in_buffer, start=in_start, end=in_end)

    def _answer(self, address: int) -> None:
        if address != self._address:
            raise OSError(f"no chip answers at address {address:02X}h")

    def _move(self, count: int) -> None:
        self._pointer = (self._pointer + count) % len(self.chip.registers)
