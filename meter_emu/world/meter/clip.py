"""A clock chip in the clip of a tool: its bus, and no meter around it."""

from typing import Final, final

from meter_emu.hardware.rtc.calendar_chip import CalendarChip

ADDRESS_BYTES: Final = 2  # slave address, register address
TURN_BYTES: Final = 1  # a read repeats the slave address after its repeated START


@final
class ClippedChip:
    """A driver's two calls on a chip (`meter_emu.firmware.rtc.driver.RtcPorts`).

    `now_us` is true time. It moves by what an access takes, `byte_us` a byte, and the caller may
    move it on.
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
