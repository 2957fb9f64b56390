"""How the office turns what it wants into the records of a card, of either generation."""

from dataclasses import replace
from typing import NamedTuple

from card_protocol.formats.budget import NO_TOKEN, NO_ZONE_RULE, IdentityRecord
from card_protocol.formats.budget.generations import AnyOrderRecord
from card_protocol.formats.budget.instants import GENERATION as INSTANTS
from card_protocol.formats.budget.instants import InstantOrderRecord
from card_protocol.timestamp import (
    BCD_NONE,
    MINUTES_NONE,
    Civil,
    decode_bcd_minute,
    encode_bcd_minute,
)
from meter_emu.zones import BELGIAN, TimeZone


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
        """Return the five bytes that stand for `when` on the card."""
        return encode_bcd_minute(when)

    def read_time(self, raw: bytes) -> Civil | None:
        """Return the civil time in five bytes of the card, `None` for none."""
        return decode_bcd_minute(raw)

    def write_instant(self, minute: int | None) -> int:
        """Return the number that stands for an instant on the card, in minutes since 2000 UTC."""
        assert minute is not None, "the office writes no instant that it does not know"
        return minute

    def read_ends(self, order: AnyOrderRecord) -> tuple[Written | None, Written | None]:
        """Return T1 and T2 as they stand on the card."""
        defer_until, cut_at = self.read_time(order.defer_until), self.read_time(order.cut_at)
        minutes: tuple[int | None, int | None] = (None, None)
        if isinstance(order, InstantOrderRecord):
            minutes = (order.defer_min, order.cut_min)
        return (
            None if defer_until is None else Written(defer_until, minutes[0]),
            None if cut_at is None else Written(cut_at, minutes[1]),
        )

    def armed(
        self, order: AnyOrderRecord, defer_until: Written | None, cut_at: Written | None
    ) -> AnyOrderRecord:
        """Return `order` with T1, T2 or both set; what is `None` stays. It reactivates no more."""
        if defer_until is not None:
            order = replace(order, defer_until=self.write_time(defer_until.civil))
            if isinstance(order, InstantOrderRecord):
                order = replace(order, defer_min=self.write_instant(defer_until.minute))
        if cut_at is not None:
            order = replace(order, cut_at=self.write_time(cut_at.civil))
            if isinstance(order, InstantOrderRecord):
                order = replace(order, cut_min=self.write_instant(cut_at.minute))
        return replace(order, token=NO_TOKEN)

    def disarmed(self, order: AnyOrderRecord) -> AnyOrderRecord:
        """Return `order` with neither T1 nor T2, as a reactivation leaves it."""
        order = replace(order, defer_until=BCD_NONE, cut_at=BCD_NONE)
        if isinstance(order, InstantOrderRecord):
            order = replace(order, defer_min=MINUTES_NONE, cut_min=MINUTES_NONE)
        return order

    def expiring(self, identity: IdentityRecord, at: Written | None) -> IdentityRecord:
        """Return `identity` of a temporary card that expires `at`, of a lasting one for `None`."""
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
