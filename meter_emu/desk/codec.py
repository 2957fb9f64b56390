"""How the office turns what it wants into the order record on a generation 1 card."""

from dataclasses import replace

from card_protocol.formats.budget import NO_TOKEN, Order
from card_protocol.timestamp import BCD_NONE, Civil, decode_bcd_minute, encode_bcd_minute


class DeskCodec:
    """Writes dates and orders. A part: a defect overrides one of its routines."""

    __slots__ = ()

    def write_time(self, when: Civil) -> bytes:
        """Return the five bytes that stand for `when` on the card."""
        return encode_bcd_minute(when)

    def read_time(self, raw: bytes) -> Civil | None:
        """Return the civil time in five bytes of the card, `None` for none."""
        return decode_bcd_minute(raw)

    def armed(self, order: Order, defer_until: Civil | None, cut_at: Civil | None) -> Order:
        """Return `order` with T1, T2 or both set; what is `None` stays. It reactivates no more."""
        return replace(
            order,
            defer_until=order.defer_until if defer_until is None else self.write_time(defer_until),
            cut_at=order.cut_at if cut_at is None else self.write_time(cut_at),
            token=NO_TOKEN,
        )

    def disarmed(self, order: Order) -> Order:
        """Return `order` with neither T1 nor T2, as a reactivation leaves it."""
        return replace(order, defer_until=BCD_NONE, cut_at=BCD_NONE)

    def next_number(self, number: int) -> int:
        """Return the number of the order after `number`; a number is never used again."""
        return number + 1
