"""Driver of the PCF8563 real-time clock (NXP data sheet Rev. 10, section 8.4).

Reads seconds to years in one access, because the chip latches them only inside one (section 8.5).
Shares no constant with the chip's model: a mistake made twice would cancel.
"""

from typing import Final

from typing_extensions import override

from card_protocol.timestamp import Civil
from meter_emu.firmware.rtc.driver import RtcDriver, RtcPorts, RtcReading, registers_read

_CONTROL_1: Final = 0x00
_NORMAL: Final = 0x00  # TEST1, STOP and TESTC 0 (Table 5): a clock held in STOP shows no doubt
_FIRST: Final = 0x02  # VL_seconds
_COUNT: Final = 7  # to 08h, years
_HOURS: Final = 0x04
_VL: Final = 0x80
_CENTURY: Final = 0x80  # set when years ran over from 99 to 00: past 2099


class Pcf8563Driver(RtcDriver):
    """Reads and sets the clock. A part: a defect overrides one of its routines."""

    __slots__ = ()

    @override
    def registers(self, ports: RtcPorts) -> bytes:
        """Return registers 02h to 08h as they stand at one moment."""
        return registers_read(ports, _FIRST, _COUNT)

    @override
    def decode(self, raw: bytes) -> RtcReading:
        """Return the reading in seven register bytes, masks as the data sheet's tables 8 to 17."""
        second, minute, hour, day, _weekday, month, year = raw
        own = (second & 0x7F, minute & 0x7F, hour & 0x3F, day & 0x3F, month & 0x1F, year)
        low_voltage = second & _VL != 0
        return self.reading(own, past_2099=month & _CENTURY != 0, low_voltage=low_voltage)

    @override
    def set_time(self, ports: RtcPorts, when: Civil, second: int, weekday: int) -> None:
        """Write 02h to 08h in one access, with VL 0 and Sunday as 0 (Table 14), then let it run."""
        ports.rtc_write(_FIRST, self.encode(when, second, weekday))
        ports.rtc_write(_CONTROL_1, bytes((_NORMAL,)))

    def encode(self, when: Civil, second: int, weekday: int) -> bytes:
        """Return registers 02h to 08h for a time 2000-2099."""
        fields = self.fields
        return bytes(
            (
                fields.to_bcd(second),
                fields.to_bcd(when.minute),
                fields.to_hour(when.hour),
                fields.to_bcd(when.day),
                (weekday + 1) % 7,
                fields.to_month(when.month),
                fields.to_year(when.year),
            )
        )

    @override
    def set_hour(self, ports: RtcPorts, hour: int) -> None:
        """Write 04h."""
        ports.rtc_write(_HOURS, bytes((self.fields.to_hour(hour),)))
