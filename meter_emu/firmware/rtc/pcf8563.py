"""Driver of the PCF8563 real-time clock (NXP data sheet Rev. 10, section 8.4).

Reads seconds to years in one access, because the chip latches them only inside one (section 8.5).
Shares no constant with the chip's model: a mistake made twice would cancel.
"""

from typing import Final, NamedTuple

from meter_emu.ports import Ports

_FIRST: Final = 0x02  # VL_seconds
_COUNT: Final = 7  # to 08h, years
_VL: Final = 0x80
_CENTURY: Final = 0x80  # set when years ran over from 99 to 00: past 2099


class Reading(NamedTuple):
    """What the chip says, decoded. `valid` is false for a field that is no BCD number in range.

    The year is in full, 2000-2199. Whether the *day* exists in its month is the calendar's
    business.
    """

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    low_voltage: bool
    valid: bool


class RtcDriver:
    """Reads the clock. A part: a defect overrides `registers` or `decode`."""

    __slots__ = ()

    def read(self, ports: Ports) -> Reading:
        """Return the time the chip shows."""
        return self.decode(self.registers(ports))

    def registers(self, ports: Ports) -> bytes:
        """Return registers 02h to 08h as they stand at one moment."""
        return ports.rtc_read(_FIRST, _COUNT)

    def decode(self, raw: bytes) -> Reading:
        """Return the reading in seven register bytes, masks as the data sheet's tables 8 to 17."""
        second, minute, hour, day, _weekday, month, year = raw
        bcd = (year, month & 0x1F, day & 0x3F, hour & 0x3F, minute & 0x7F, second & 0x7F)
        digits = all(byte & 0x0F <= 9 for byte in bcd) and year >> 4 <= 9
        yy, mm, dd, h, m, s = ((byte >> 4) * 10 + (byte & 0x0F) for byte in bcd)
        in_range = 1 <= mm <= 12 and 1 <= dd <= 31 and h <= 23 and m <= 59 and s <= 59
        century = 2100 if month & _CENTURY else 2000
        valid = digits and in_range
        return Reading(century + yy, mm, dd, h, m, s, low_voltage=bool(second & _VL), valid=valid)
