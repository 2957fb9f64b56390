"""Driver of the DS3231 real-time clock (Maxim Integrated, 19-5170, Rev. 10, 3/15, Figure 1).

Reads time and status in one access, because the chip copies the time at its START and the stop
flag lies nine registers further on (Address Map). Shares no constant with the chip's model: a
mistake made twice would cancel.
"""

from typing import Final

from typing_extensions import override

from card_protocol.timestamp import Civil
from meter_emu.firmware.rtc.driver import RtcDriver, RtcReading
from meter_emu.ports import Ports

_SECONDS: Final = 0x00
_HOURS: Final = 0x02
_CONTROL: Final = 0x0E  # status follows it
_COUNT: Final = 16  # 00h to 0Fh
_STATUS_AT: Final = 15  # in what is read

_STOPPED: Final = 0x80  # OSF in the status
_CENTURY: Final = 0x80  # in the month: set when years ran over from 99 to 00, past 2099
_TWELVE_HOUR: Final = 0x40  # in the hours
_PM: Final = 0x20

_CONTROL_KEPT: Final = 0x5F  # without EOSC, so it runs on battery, and without CONV
_STATUS_KEPT: Final = 0x08  # EN32kHz
_STATUS_LEFT: Final = 0x03  # A2F and A1F: writing 1 leaves them


class Ds3231Driver(RtcDriver):
    """Reads and sets the clock. A part: a defect overrides `registers`, `decode` or `encode`."""

    __slots__ = ()

    @override
    def registers(self, ports: Ports) -> bytes:
        """Return registers 00h to 0Fh: the time as it stood at one moment, and the status."""
        return ports.rtc_read(_SECONDS, _COUNT)

    @override
    def decode(self, raw: bytes) -> RtcReading:
        """Return the reading in sixteen register bytes; OSF is its `low_voltage`."""
        second, minute, hours, _day, date, month, year = raw[:7]
        hour = self.hour(hours)
        bcd = (year, month & 0x1F, date, minute, second)
        digits = all(byte & 0x0F <= 9 for byte in bcd) and year >> 4 <= 9
        # Bits that Figure 1 prints as 0: a 1 there is no DS3231's answer, so it is not valid.
        ones = (second | minute | hours) & 0x80 | date & 0xC0 | month & 0x60
        yy, mm, dd, m, s = ((byte >> 4) * 10 + (byte & 0x0F) for byte in bcd)
        in_range = 1 <= mm <= 12 and 1 <= dd <= 31 and m <= 59 and s <= 59
        return RtcReading(
            (2100 if month & _CENTURY else 2000) + yy,
            mm,
            dd,
            0 if hour is None else hour,
            m,
            s,
            low_voltage=bool(raw[_STATUS_AT] & _STOPPED),
            valid=digits and not ones and in_range and hour is not None,
        )

    def hour(self, hours: int) -> int | None:
        """Return 0 to 23 from the hours register in either mode; `None` when it holds no hour."""
        if hours & _TWELVE_HOUR:
            tens, units = hours >> 4 & 1, hours & 0x0F
            hour = tens * 10 + units
            if units > 9 or not 1 <= hour <= 12:
                return None
            return hour % 12 + (12 if hours & _PM else 0)
        tens, units = hours >> 4 & 3, hours & 0x0F
        hour = tens * 10 + units
        return hour if units <= 9 and hour <= 23 else None

    @override
    def set_time(self, ports: Ports, when: Civil, second: int, weekday: int) -> None:
        """Write 00h to 06h in one access, then clear EOSC and, last of all, OSF.

        The time goes first and whole, because its seconds restart the countdown chain and the rest
        must follow within a second. Cut before the end, OSF stays as it was, and this chip lets
        nobody set it: only the caller's journal knows of a setting cut short.
        """
        ports.rtc_write(_SECONDS, self.encode(when, second, weekday))
        control, status = ports.rtc_read(_CONTROL, 2)
        flags = bytes((control & _CONTROL_KEPT, status & _STATUS_KEPT | _STATUS_LEFT))
        ports.rtc_write(_CONTROL, flags)

    def encode(self, when: Civil, second: int, weekday: int) -> bytes:
        """Return registers 00h to 06h for a time 2000-2099: 24-hour mode, Monday is day 1."""
        assert 2000 <= when.year <= 2099, "beyond 2099 the chip's leap years are wrong"
        fields = (
            second,
            when.minute,
            when.hour,
            weekday + 1,
            when.day,
            when.month,
            when.year % 100,
        )
        return bytes(value // 10 << 4 | value % 10 for value in fields)

    @override
    def set_hour(self, ports: Ports, hour: int) -> None:
        """Write 02h, which holds the mode too: 24-hour."""
        ports.rtc_write(_HOURS, bytes((hour // 10 << 4 | hour % 10,)))
