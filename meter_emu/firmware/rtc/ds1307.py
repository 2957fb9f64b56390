"""Driver of the DS1307 real-time clock (Maxim Integrated data sheet, Table 2).

Reads seconds to year in one access, because the chip copies them at START (Clock and Calendar). It
has no stop flag: only CH, which halts it, and a clock that lost its supply comes up with CH set.
`trust` finds other doubts by ticks, journal and outage. Shares no constant with the chip's model: a
mistake made twice would cancel.
"""

from typing import Final

from typing_extensions import override

from card_protocol.timestamp import Civil
from meter_emu.firmware.rtc.driver import RtcPorts, RtcReading
from meter_emu.firmware.rtc.maxim import MaximDriver

_SECONDS: Final = 0x00
_MINUTES: Final = 0x01
_HALT: Final = 0x80  # CH in the seconds


class Ds1307Driver(MaximDriver):
    """Reads and sets the clock. A part: a defect overrides `registers`, `decode` or `encode`."""

    __slots__ = ()

    @override
    def decode(self, raw: bytes) -> RtcReading:
        """Return the reading in seven register bytes; CH is its `low_voltage`.

        Bits that Table 2 prints as 0 are not masked: a 1 there is invalid. Past 2099 it shows 2000
        again.
        """
        second, minute, hour, _day, date, month, year = raw
        time = (second & ~_HALT, minute, hour, date, month, year)
        return self.reading(time, past_2099=False, low_voltage=second & _HALT != 0)

    @override
    def set_time(self, ports: RtcPorts, when: Civil, second: int, weekday: int) -> None:
        """Halt the clock, write all but the seconds, and let it run with the seconds.

        So a setting that is cut short leaves CH set, which shows that the clock is not set.
        """
        raw = self.encode(when, second, weekday)
        ports.rtc_write(_SECONDS, bytes((raw[0] | _HALT,)))
        ports.rtc_write(_MINUTES, raw[1:])
        ports.rtc_write(_SECONDS, raw[:1])
