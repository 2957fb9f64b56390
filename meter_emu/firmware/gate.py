"""Which orders are obeyed. The order record is one state, not a queue.

The highest number replaces everything; an equal one is already executed and harmless; a lower one
is stale; gaps need nothing. Freshness is never judged by dates. A reactivation clears by state,
both items and the latch, never by looking an entry up.
"""

from typing import Final

from card_protocol.errors import TimestampError
from card_protocol.formats.budget import (
    NO_TOKEN,
    Order,
    OrderFlags,
    Result,
    Tariff,
    reactivation_token_valid,
)
from card_protocol.keys import Key
from card_protocol.timestamp import Civil, decode_bcd_minute
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.layouts import NO_END, State, StateFlags

# A plain integer: the complement of an `IntFlag` has no bits but the named ones.
_KNOWN_FLAGS: Final = int(OrderFlags.PREPAYMENT_ON | OrderFlags.LIMITER_GRANTED)


class RecordCodec:
    """Reads the date fields of card records. A part."""

    __slots__ = ()

    def civil(self, raw: bytes) -> Civil | None:
        """Return the civil time in a date field, `None` for none; raise `TimestampError`."""
        return decode_bcd_minute(raw)


class OrderGate:
    """Judges and applies orders. A part."""

    __slots__ = ("_codec", "_ends")

    def __init__(self, codec: RecordCodec, ends: EndStore) -> None:
        self._codec = codec
        self._ends = ends

    def judge(self, order: Order, tariff: Tariff, state: State, key: Key, meter_id: int) -> Result:
        """Return `EXECUTED` for an order to obey, or why it is not. Changes nothing."""
        if order.number == state.order_number:
            return Result.ALREADY_EXECUTED if order.number else Result.NONE
        if order.number < state.order_number:
            return Result.STALE_ORDER
        if order.tariff_number != tariff.number:
            return Result.TARIFF_MISMATCH
        dated = order.token == NO_TOKEN
        if not dated and not reactivation_token_valid(key, meter_id, order.number, order.token):
            return Result.BAD_TOKEN
        try:
            defer_until, cut_at = (
                self._codec.civil(order.defer_until),
                self._codec.civil(order.cut_at),
            )
        except TimestampError:
            return Result.BAD_DATE
        if order.flags & ~_KNOWN_FLAGS or (not dated and (defer_until or cut_at)):
            return Result.BAD_FORMAT
        return self.judge_dates(defer_until, cut_at)

    def judge_dates(self, defer_until: Civil | None, cut_at: Civil | None) -> Result:
        """Return `EXECUTED` when both dates exist and the cut is not before the deferral's end."""
        calendar, zone = self._ends.calendar, self._ends.zone
        if not all(calendar.exists(when) for when in (defer_until, cut_at) if when):
            return Result.BAD_DATE
        if defer_until and cut_at:
            ends = [zone.to_utc_later(calendar.minutes(when)) for when in (defer_until, cut_at)]
            if ends[1] < ends[0]:
                return Result.CUT_BEFORE_DEFERRAL
        return Result.EXECUTED

    def apply(self, order: Order, tariff: Tariff, state: State) -> None:
        """Make the state what an order judged `EXECUTED` says."""
        if order.token == NO_TOKEN:
            state.defer_end = self._ends.accept(self._codec.civil(order.defer_until))
            state.cut_end = self._ends.accept(self._codec.civil(order.cut_at))
            state.flags &= ~StateFlags.DEFERRAL_OVER
        else:
            self.reactivate(state)
        switched = {
            StateFlags.PREPAYMENT_ON: order.flags & OrderFlags.PREPAYMENT_ON,
            StateFlags.LIMITER_GRANTED: order.flags & OrderFlags.LIMITER_GRANTED,
        }
        for flag, on in switched.items():
            state.flags = state.flags | flag if on else state.flags & ~flag
        state.tariff_number = tariff.number
        state.price_ueur_per_wh = tariff.price_ueur_per_wh
        state.order_number = order.number

    def reactivate(self, state: State) -> None:
        """Cancel the deferral, the programmed cut and the latch, whatever their dates."""
        state.defer_end = NO_END
        state.cut_end = NO_END
        state.flags &= ~StateFlags.CUT_LATCHED
