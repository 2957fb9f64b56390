"""Driver of the MCP7940N real-time clock (Microchip data sheet DS20005010F, sections 5.3 and 5.7).

Reads seconds to year in one access, because the chip buffers them at its beginning. A clock that
was never set, that lost both supplies, or whose setting was cut short has ST clear; one whose
crystal has stopped has OSCRUN clear. Shares no constant with the chip's model: a mistake made twice
would cancel.
"""

from typing import Final

from typing_extensions import override

from card_protocol.timestamp import Civil
from meter_emu.firmware.rtc.driver import RtcPorts, RtcReading, registers_read
from meter_emu.firmware.rtc.maxim import MaximDriver

_SECONDS: Final = 0x00
_MINUTES: Final = 0x01
_WEEKDAY: Final = 0x03

_START: Final = 0x80  # ST in the seconds: the oscillator is enabled
_RUNS: Final = 0x20  # OSCRUN in the weekday
_BACKUP: Final = 0x08  # VBATEN in the weekday: without it a power cut stops the clock
_LEAP_YEAR: Final = 0x20  # LPYR in the month: no tens digit
_LOOKS: Final = 20  # ours: OSCRUN takes 32 cycles to clear, 1 ms, and a look takes 0.3 ms


class Mcp7940nDriver(MaximDriver):
    """Reads and sets the clock. A part: a defect overrides `registers`, `decode` or `encode`."""

    __slots__ = ()

    @override
    def decode(self, raw: bytes) -> RtcReading:
        """Return the reading in seven register bytes; ST or OSCRUN clear is its `low_voltage`.

        Unimplemented bits are not masked: a 1 there is invalid. Past 2099 it shows 2000 again.
        """
        second, minute, hour, weekday, date, month, year = raw
        time = (second & ~_START, minute, hour, date, month & ~_LEAP_YEAR, year)
        runs = second & _START != 0 and weekday & _RUNS != 0
        return self.reading(time, past_2099=False, low_voltage=not runs)

    @override
    def set_time(self, ports: RtcPorts, when: Civil, second: int, weekday: int) -> None:
        """Stop the clock and wait for it, write all but the seconds, start it with them.

        So no rollover comes between (5.3.1, note 2), and a setting that is cut short leaves ST
        clear, which shows that the clock is not set. PWRFAIL is cleared on the way.
        """
        raw = bytearray(self.encode(when, second, weekday))
        ports.rtc_write(_SECONDS, bytes(raw[:1]))
        for _ in range(_LOOKS):
            if not registers_read(ports, _WEEKDAY, 1)[0] & _RUNS:
                break
        raw[_WEEKDAY] |= _BACKUP
        ports.rtc_write(_MINUTES, bytes(raw[1:]))
        ports.rtc_write(_SECONDS, bytes((raw[0] | _START,)))
