"""The office's dates: what a clerk may write, and which instant it names in its zone.

An office PC has a calendar and a zone table, so this uses `datetime` and `zoneinfo`, and so checks
the firmware's own integers independently. A generation 1 card carries civil time without zone, a
generation 2 card the instant next to it. A civil time that the change of clocks skips or repeats is
refused unless the clerk chooses a reading, and then only a time that the meter must understand in
that way is written.

`DeskCodec` turns the office's wishes into records of either generation.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum, unique
from typing import Final, NamedTuple, final

from card_protocol.formats.budget import NO_TOKEN, NO_ZONE_RULE, IdentityRecord
from card_protocol.formats.budget.generations import AnyDeskRecord
from card_protocol.formats.budget.instants import GENERATION as INSTANTS
from card_protocol.formats.budget.instants import InstantDeskRecord
from card_protocol.timestamp import (
    BCD_NONE,
    MINUTES_NONE,
    Civil,
    decode_bcd_minute,
    encode_bcd_minute,
)
from meter_emu.errors import DeskError
from meter_emu.units import EPOCH_2000_US, MINUTE_US
from meter_emu.zones import BELGIAN, TimeZone

_EPOCH_2000: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MINUTE: Final = timedelta(minutes=1)
_YEARS: Final = range(2000, 2100)  # the range of YYMMDDhhmm (card_protocol.timestamp)
_SHAPE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)", re.ASCII)


@final
@unique
class CivilReading(Enum):
    """Which instant a civil time means that does not exist or exists twice."""

    EARLIER = "earlier"
    LATER = "later"


class DeskDates:
    """The calendar and zone of the office. A part: a defect overrides one of its routines."""

    __slots__ = ("zone",)

    def __init__(self, zone: TimeZone = BELGIAN) -> None:
        self.zone = zone

    def parse(self, text: str) -> Civil:
        """Return the civil time in `YYYY-MM-DD HH:MM`; raise `DeskError` for anything else."""
        found = _SHAPE.fullmatch(text.strip())
        if found is None:
            raise DeskError(f"expected a legal time such as '2020-07-03 23:01', got {text!r}")
        when = Civil(*(int(part) for part in found.groups()))
        self.check(when)
        return when

    def check(self, when: Civil) -> None:
        """Raise `DeskError` for an impossible date or one that no card can carry."""
        if when.year not in _YEARS:
            raise DeskError(f"{when}: a card carries the years 2000 to 2099")
        try:
            datetime(*when, tzinfo=UTC)
        except ValueError as error:
            raise DeskError(f"{when} is no date and time: {error}") from None

    def settle(
        self, when: Civil, reading: CivilReading | None = None, *, instants: bool = False
    ) -> Civil:
        """Return the civil time to write on a card for `when`: legal time that exists.

        A time that does not exist becomes the one an hour away. Of a time that exists twice, a
        card without `instants` can only mean the later: the earlier one is refused.
        """
        self.check(when)
        first, second = self._instants(when)
        if first == second:
            return when
        if reading is None:
            raise DeskError(f"{when} {self._trouble(first, second)}: say whether earlier or later")
        legal = _PICK[reading](first, second).astimezone(self.zone.info)
        if first < second and reading is CivilReading.EARLIER and not instants:
            raise DeskError(f"{when} exists twice in {self.zone.key}: a meter takes the later")
        return Civil(legal.year, legal.month, legal.day, legal.hour, legal.minute)

    def minute_of(self, when: Civil, reading: CivilReading | None = None) -> int:
        """Return the minutes from 2000-01-01 00:00 UTC to the legal time `when`."""
        self.check(when)
        first, second = self._instants(when)
        if first != second and reading is None:
            rule = self.zone.rule
            offsets = " or ".join(f"+{m // 60:02}:00" for m in (rule.standard_min, rule.summer_min))
            raise DeskError(f"{when} {self._trouble(first, second)}: say its offset, {offsets}")
        return self.minute_of_instant(_PICK[reading or CivilReading.LATER](first, second))

    def legal(self, minute: int) -> Civil:
        """Return the legal time of an instant, minutes from 2000 UTC; `DeskError` past 9999."""
        try:
            when = (_EPOCH_2000 + minute * _MINUTE).astimezone(self.zone.info)
        except OverflowError:
            raise DeskError(f"minute {minute} is after the year 9999") from None
        return Civil(when.year, when.month, when.day, when.hour, when.minute)

    def minute_of_instant(self, instant: datetime) -> int:
        """Return the whole minutes from 2000-01-01 00:00 UTC to an aware `instant`."""
        minute = (instant - _EPOCH_2000) // _MINUTE
        if not 0 <= minute < MINUTES_NONE:
            raise DeskError(f"{instant} is outside what a card can carry, from 2000 on")
        return minute

    def stamp(self, now_us: int) -> int:
        """Return what the office stamps on a card that it writes at an instant of its own clock.

        Microseconds since 1970 UTC to minutes since 2000.
        """
        return (now_us - EPOCH_2000_US) // MINUTE_US

    def cut_precedes(self, defer_until: "Written", cut_at: "Written") -> bool:
        """Whether T2 lies before T1, as the meter will compare them: whole, as written."""
        if defer_until.minute is None or cut_at.minute is None:
            return cut_at.civil < defer_until.civil
        return cut_at.minute < defer_until.minute

    def _instants(self, when: Civil) -> tuple[datetime, datetime]:
        """Return both readings: equal, earlier and later when twice, the reverse in a gap."""
        civil = datetime(*when, tzinfo=self.zone.info)
        return civil.astimezone(UTC), civil.replace(fold=1).astimezone(UTC)

    def _trouble(self, first: datetime, second: datetime) -> str:
        return f"{'exists twice' if first < second else 'does not exist'} in {self.zone.key}"


_PICK: Final[dict[CivilReading, Callable[[datetime, datetime], datetime]]] = {
    CivilReading.EARLIER: min,
    CivilReading.LATER: max,
}


class Written(NamedTuple):
    """A time on a card: legal time, and its instant in minutes since 2000-01-01 00:00 UTC.

    `minute` is `None` where a generation 1 card was read: it has no instant.
    """

    civil: Civil
    minute: int | None


class DeskCodec:
    """Writes dates and orders. A part: a defect overrides one of its routines."""

    __slots__ = ("zone",)

    def __init__(self, zone: TimeZone = BELGIAN) -> None:
        self.zone = zone

    def write_time(self, when: Civil) -> bytes:
        """Return the five bytes of `when` on the card."""
        return encode_bcd_minute(when)

    def read_time(self, raw: bytes) -> Civil | None:
        """Return the civil time in five bytes of the card, `None` for none."""
        return decode_bcd_minute(raw)

    def write_instant(self, minute: int | None) -> int:
        """Return the card's number for an instant, in minutes since 2000 UTC."""
        assert minute is not None, "the office writes no instant that it does not know"
        return minute

    def read_ends(self, order: AnyDeskRecord) -> tuple[Written | None, Written | None]:
        """Return T1 and T2 on the card."""
        defer_until, cut_at = self.read_time(order.defer_until), self.read_time(order.cut_at)
        minutes: tuple[int | None, int | None] = (None, None)
        if isinstance(order, InstantDeskRecord):
            minutes = (order.defer_min, order.cut_min)
        return (
            None if defer_until is None else Written(defer_until, minutes[0]),
            None if cut_at is None else Written(cut_at, minutes[1]),
        )

    def armed(
        self, order: AnyDeskRecord, defer_until: Written | None, cut_at: Written | None
    ) -> AnyDeskRecord:
        """Return `order` with T1, T2 or both set; `None` keeps one. It no longer reactivates."""
        if defer_until is not None:
            order = replace(order, defer_until=self.write_time(defer_until.civil))
            if isinstance(order, InstantDeskRecord):
                order = replace(order, defer_min=self.write_instant(defer_until.minute))
        if cut_at is not None:
            order = replace(order, cut_at=self.write_time(cut_at.civil))
            if isinstance(order, InstantDeskRecord):
                order = replace(order, cut_min=self.write_instant(cut_at.minute))
        return replace(order, token=NO_TOKEN)

    def disarmed(self, order: AnyDeskRecord) -> AnyDeskRecord:
        """Return `order` with neither T1 nor T2, as a reactivation leaves it."""
        order = replace(order, defer_until=BCD_NONE, cut_at=BCD_NONE)
        if isinstance(order, InstantDeskRecord):
            order = replace(order, defer_min=MINUTES_NONE, cut_min=MINUTES_NONE)
        return order

    def expiring(self, identity: IdentityRecord, at: Written | None) -> IdentityRecord:
        """Return `identity` of a card that expires `at`, or never for `None`."""
        lasting = replace(
            identity, expires=BCD_NONE, expires_min=MINUTES_NONE, zone_rule=NO_ZONE_RULE
        )
        if at is None:
            return lasting
        dated = replace(lasting, expires=self.write_time(at.civil))
        if identity.generation != INSTANTS:
            return dated
        minute = self.write_instant(at.minute)
        return replace(dated, expires_min=minute, zone_rule=self.zone.rule.code)

    def next_number(self, number: int) -> int:
        """Return the number of the order after `number`; a number is never used again."""
        return number + 1
