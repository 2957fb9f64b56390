"""Driver of the PCF8563 real-time clock (NXP data sheet Rev. 10, section 8.4).

Reads seconds to years in one access, because the chip latches them only inside one (section 8.5).
Shares no constant with the chip's model: a mistake made twice would cancel.
"""

from typing import Final

from typing_extensions import override

from card_protocol.timestamp import Civil
from meter_emu.firmware.rtc.driver import RtcDriver, RtcReading
from meter_emu.ports import Ports

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
    def registers(self, ports: Ports) -> bytes:
        """Return registers 02h to 08h as they stand at one moment."""
        return ports.rtc_read(_FIRST, _COUNT)

    @override
    def decode(self, raw: bytes) -> RtcReading:
        """Return the reading in seven register bytes, masks as the data sheet's tables 8 to 17."""
        second, minute, hour, day, _weekday, month, year = raw
        bcd = (year, month & 0x1F, day & 0x3F, hour & 0x3F, minute & 0x7F, second & 0x7F)
        digits = all(byte & 0x0F <= 9 for byte in bcd) and year >> 4 <= 9
        yy, mm, dd, h, m, s = ((byte >> 4) * 10 + (byte & 0x0F) for byte in bcd)
        in_range = 1 <= mm <= 12 and 1 <= dd <= 31 and h <= 23 and m <= 59 and s <= 59
        century = 2100 if month & _CENTURY else 2000
        valid = digits and in_range
        return RtcReading(
            century + yy, mm, dd, h, m, s, low_voltage=bool(second & _VL), valid=valid
        )

    @override
    def set_time(self, ports: Ports, when: Civil, second: int, weekday: int) -> None:
        """Write 02h to 08h in one access, with VL 0 and Sunday as 0 (Table 14), then let it run."""
        ports.rtc_write(_FIRST, self.encode(when, second, weekday))
        ports.rtc_write(_CONTROL_1, bytes((_NORMAL,)))

    def encode(self, when: Civil, second: int, weekday: int) -> bytes:
        """Return registers 02h to 08h for a time 2000-2099."""
        sunday_first = (weekday + 1) % 7
        fields = (
            second,
            when.minute,
            when.hour,
            when.day,
            sunday_first,
            when.month,
            when.year % 100,
        )
        return bytes(value // 10 << 4 | value % 10 for value in fields)

    @override
    def set_hour(self, ports: Ports, hour: int) -> None:
        """Write 04h."""
        ports.rtc_write(_HOURS, bytes((hour // 10 << 4 | hour % 10,)))
