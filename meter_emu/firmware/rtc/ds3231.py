"""Driver of the DS3231 real-time clock (Maxim Integrated, 19-5170, Rev. 10, 3/15, Figure 1).

Reads time and status in one access, because the chip copies the time at its START and the stop
flag lies nine registers further on (Address Map). Shares no constant with the chip's model: a
mistake made twice would cancel.
"""

from typing import Final

from typing_extensions import override

from card_protocol.timestamp import Civil
from meter_emu.firmware.rtc.driver import RtcPorts, RtcReading, registers_read
from meter_emu.firmware.rtc.maxim import MaximDriver

_SECONDS: Final = 0x00
_CONTROL: Final = 0x0E  # status follows it
_COUNT: Final = 16  # 00h to 0Fh
_STATUS_AT: Final = 15  # in what is read

_STOPPED: Final = 0x80  # OSF in the status
_CENTURY: Final = 0x80  # in the month: set when years ran over from 99 to 00, past 2099

_CONTROL_KEPT: Final = 0x5F  # without EOSC, so it runs on battery, and without CONV
_STATUS_KEPT: Final = 0x08  # EN32kHz
_STATUS_LEFT: Final = 0x03  # A2F and A1F: writing 1 leaves them


class Ds3231Driver(MaximDriver):
    """Reads and sets the clock. A part: a defect overrides `registers`, `decode` or `encode`."""

    __slots__ = ()

    @override
    def registers(self, ports: RtcPorts) -> bytes:
        """Return registers 00h to 0Fh: the time as it stood at one moment, and the status."""
        return registers_read(ports, _SECONDS, _COUNT)

    @override
    def decode(self, raw: bytes) -> RtcReading:
        """Return the reading in sixteen register bytes; OSF is its `low_voltage`.

        Bits that Figure 1 prints as 0 are not masked: a 1 there is invalid.
        """
        second, minute, hour, _day, date, month, year = raw[:7]
        time = (second, minute, hour, date, month & ~_CENTURY, year)
        stopped = raw[_STATUS_AT] & _STOPPED != 0
        return self.reading(time, past_2099=month & _CENTURY != 0, low_voltage=stopped)

    @override
    def set_time(self, ports: RtcPorts, when: Civil, second: int, weekday: int) -> None:
        """Write 00h to 06h in one access, then clear EOSC and, last of all, OSF.

        The time goes first and whole, because its seconds restart the countdown chain and the rest
        must follow within a second. After a cut OSF is as it was, and this chip lets nobody set it:
        only the caller's journal shows a setting cut short.
        """
        ports.rtc_write(_SECONDS, self.encode(when, second, weekday))
        control, status = registers_read(ports, _CONTROL, 2)
        flags = bytes((control & _CONTROL_KEPT, status & _STATUS_KEPT | _STATUS_LEFT))
        ports.rtc_write(_CONTROL, flags)
