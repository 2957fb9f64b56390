"""What the drivers of Maxim's clock chips share: the order of the registers, and the mode.

DS1307 and DS3231 alike, and the MCP7940N: seconds, minutes, hours with the mode of 12 or 24, day,
date, month, year.
"""

from typing import Final

from typing_extensions import override

from card_protocol.timestamp import Civil
from meter_emu.firmware.rtc.driver import RtcDriver, RtcPorts, registers_read

_SECONDS: Final = 0x00
_HOURS: Final = 0x02
_COUNT: Final = 7  # 00h to 06h


class MaximDriver(RtcDriver):
    """Reads and writes a time as these chips keep it."""

    __slots__ = ()

    @override
    def registers(self, ports: RtcPorts) -> bytes:
        """Return registers 00h to 06h: the time as it stood at one moment."""
        return registers_read(ports, _SECONDS, _COUNT)

    def encode(self, when: Civil, second: int, weekday: int) -> bytes:
        """Return registers 00h to 06h for a time 2000-2099: 24-hour mode, Monday is day 1."""
        fields = self.fields
        return bytes(
            (
                fields.to_bcd(second),
                fields.to_bcd(when.minute),
                fields.to_hour(when.hour),
                weekday + 1,
                fields.to_bcd(when.day),
                fields.to_month(when.month),
                fields.to_year(when.year),
            )
        )

    @override
    def set_hour(self, ports: RtcPorts, hour: int) -> None:
        """Write 02h, which holds the mode too: 24-hour."""
        ports.rtc_write(_HOURS, bytes((self.fields.to_hour(hour),)))
