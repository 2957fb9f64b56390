"""How the end of a deferral (T1) and the moment of a programmed cut (T2) are kept and compared.

An end is *one instant*: the civil time of the card is converted once, on acceptance, to minutes
since 1970 UTC by the meter's own zone rule, both are stored, and the instant is compared as a
whole. Half-open: at the minute itself the end has come. A card of generation 2 brings the instant.
"""

from card_protocol.timestamp import Civil, decode_bcd_minute, encode_bcd_minute
from meter_emu.firmware.calendar import Calendar
from meter_emu.firmware.layouts import END_SIZE_BYTES, NO_END, begins_with_civil
from meter_emu.firmware.trust import Now
from meter_emu.firmware.zone import Zone

# offset  size  field     unit
# 0       5     civil     YYMMDDhhmm BCD, legal time as announced
# 5       4     utc_min   minutes since 1970-01-01 00:00 UTC
# 9       3     reserved  FF


class EndStore:
    """Twelve bytes an end. A part: a defect of another design brings its own bytes here."""

    __slots__ = ("calendar", "zone")

    def __init__(self, calendar: Calendar, zone: Zone) -> None:
        self.calendar = calendar
        self.zone = zone

    def accept(
        self,
        civil: Civil | None,
        now: Now,
        utc_min: int | None = None,
    ) -> bytes:
        """Return the twelve bytes to keep for an end that exists in the calendar, or for none.

        `utc_min` is the instant, minutes since 1970, where the card brings it.
        """
        if civil is None:
            return NO_END
        kept_min = self.convert(civil, now, utc_min)
        return encode_bcd_minute(civil) + kept_min.to_bytes(4, "big") + b"\xff" * 3

    def convert(
        self,
        civil: Civil,
        now: Now,  # noqa: ARG002 - for designs that count from it
        utc_min: int | None,
    ) -> int:
        """Return the instant to keep of an end, minutes since 1970: the card's if it has one."""
        if utc_min is not None:
            return utc_min
        return self.zone.to_utc_later(self.calendar.minutes(civil))

    def possible(self, end: bytes) -> bool:
        """Whether this store has written an end that was read: other bytes come from elsewhere."""
        return begins_with_civil(end)

    def armed(self, end: bytes) -> bool:
        """Whether there is an end: nothing else here is asked without one."""
        return end != NO_END

    def due(self, end: bytes, now: Now) -> bool:
        """Whether the end has come: it may be acted on."""
        return self.instant_s(end) <= self.now_s(now)

    def wait_s(self, end: bytes, now: Now) -> int:
        """Return seconds until the end comes, never too many; what is 0 or less has come.

        Sleep hint only: until an end that should have come is `due`, every poll looks again.
        """
        return self.instant_s(end) - self.now_s(now)

    def now_s(self, now: Now) -> int:
        """Return the instant that ends are compared with: RTC - u, in seconds since 1970."""
        return now.early_s

    def instant_s(self, end: bytes) -> int:
        """Return the instant of an end in seconds since 1970."""
        return int.from_bytes(end[5:9], "big") * 60

    def tick(self, end: bytes, now: Now) -> bytes:  # noqa: ARG002 - for designs that count days
        """Return what to keep of an end from now on; once an RTC day, and after a power-up."""
        return end

    def understood(self, end: bytes) -> Civil | None:
        """Return the civil time this meter believes in: what display and write-back show."""
        assert len(end) == END_SIZE_BYTES, "an end is twelve bytes"
        return decode_bcd_minute(end[:5])
