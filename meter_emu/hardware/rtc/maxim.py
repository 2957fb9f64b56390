"""What the clock chips of Maxim do alike, and others that have their order of registers.

12-hour mode, the copy that is read, bytes as they come: DS1307 and DS3231 data sheets, sections
"Clock and Calendar". A chip says which bits can be written.
"""

from abc import abstractmethod
from typing import Final

from typing_extensions import override

from meter_emu.hardware.rtc.calendar_chip import BCD, BcdCounter, CalendarChip, Counter

TWELVE_HOUR: Final = 0x40  # in the hours: 1 counts to 12, with PM in bit 5
PM: Final = 0x20

# Which day is 1 is the user's choice; ours is Monday.
_WEEKDAYS: Final = Counter(
    1,
    7,
    "weekday",
    ("-", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)
_HOURS_A_DAY: Final = 24
# The 12-hour codes of bits 5 to 0 in the order of the day: 12, 1 to 11 AM, 12, 1 to 11 PM.
_CODES_12: Final = bytes(half | BCD[hour] for half in (0, PM) for hour in (12, *range(1, 12)))
_NOONS: Final = (0, 12)  # the place of 12 AM and of 12 PM
_PLACES_12: Final = tuple(
    _CODES_12.index(raw) if raw in _CODES_12 else _NOONS[raw >= PM] for raw in range(0x40)
)


class MaximChip(CalendarChip):
    """One chip: registers on a crystal, from 00h on."""

    SECONDS, MINUTES, HOURS, WEEKDAY, DAY, MONTH, YEAR = range(7)
    WEEKDAY_COUNTER = BcdCounter(0x07, 1, 7)
    WEEKDAYS = _WEEKDAYS
    TWELVE_HOUR = TWELVE_HOUR
    PM = PM

    __slots__ = ()

    @override
    def read(self, at: int, count: int, start_us: int, stop_us: int) -> bytes:
        """Read `count` registers in one access; the address goes on from the last to 00h.

        The time registers are copied at START and again whenever the pointer comes to 00h, and
        the clock counts on meanwhile. Not said when that is; we spread the bytes evenly from
        `start_us` to `stop_us`. Not said what an address past the last does; we let it wrap.
        """
        held = len(self.registers)
        at %= held
        self.begin_access(start_us)
        shown = self.registers[at : at + count]
        while len(shown) < count:
            self.advance(start_us + (stop_us - start_us) * len(shown) // count)
            shown += self.registers[: count - len(shown)]
        return self.on_the_bus(at, bytes(shown))

    @override
    def write(self, at: int, data: bytes, start_us: int, stop_us: int) -> None:
        """Write registers in one access; a torn one is one with fewer bytes, up to `stop_us`.

        Each byte takes effect at its acknowledge, and the clock counts on in between, so what
        follows the seconds must come within a second. Not said when the acknowledges are; we
        spread them evenly from `start_us` to `stop_us`, the last at the end.
        """
        self.begin_access(start_us)
        for sent, byte in enumerate(data, 1):
            self.advance(start_us + (stop_us - start_us) * sent // len(data))
            self.store((at + sent - 1) % len(self.registers), byte)
        self.obey_registers()

    @abstractmethod
    def store(self, register: int, byte: int) -> None:
        """Keep the writable bits of a byte; writing the seconds resets the chain."""

    @override
    def hour_of_day(self) -> int | None:
        """Return 0 to 23 from the hours register in its mode, `None` when it holds no hour."""
        shown = self.registers[self.HOURS]
        if not shown & TWELVE_HOUR:
            return super().hour_of_day()
        place = _CODES_12.find(shown & ~TWELVE_HOUR)
        return place if place >= 0 else None

    @override
    def count_hours(self, ticks: int) -> int:
        """Count the hours register in the mode of its bit 6; return the carries into days.

        Not said how a 12-hour counter goes on from a value outside 01 to 12; we do: it acts as
        the 12 of its half of the day and goes to 01, as `BcdCounter` goes to its first.
        """
        shown = self.registers[self.HOURS]
        if not shown & TWELVE_HOUR:
            return super().count_hours(ticks)
        place = _PLACES_12[shown & ~TWELVE_HOUR]
        carries, place = divmod(place + ticks, _HOURS_A_DAY)
        self.registers[self.HOURS] = TWELVE_HOUR | _CODES_12[place]
        return carries
