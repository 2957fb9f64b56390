"""Which orders are obeyed. An order is one state, not a queue.

The highest number replaces everything; the same order again is already executed and harmless, and
another one of the same number is refused, because an office has used a number twice; a lower one is
stale; gaps need nothing. Freshness is never judged by dates. A reactivation clears by state,
both items and the latch, never by looking an entry up.

A card of generation 2 states each end twice, as an instant and as the civil time announced. Where
the two are not the same under the meter's own zone rule, a cut is refused and a deferral, or a
card's expiry, takes the later end: whichever of the two was announced, it is kept.
"""

from typing import NamedTuple

from card_protocol.errors import TimestampError
from card_protocol.timestamp import (
    EPOCH_2000_MIN,
    MINUTES_NONE,
    Civil,
    decode_bcd_minute,
    encode_bcd_minute,
)
from meter_emu.domain import (
    ClockSetting,
    Identity,
    Order,
    RawEnd,
    Reactivation,
    Result,
    Tariff,
)
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.layouts import NO_END, NO_ORDER, State, StateFlags, possible
from meter_emu.firmware.trust import EPOCH_2000_S, Now, clocks_end_min


class StatedEnd(NamedTuple):
    """An end as a card states it; `utc_min`, minutes since 1970, where the card carries it."""

    civil: Civil
    utc_min: int | None = None


class RecordCodec:
    """Reads the date fields of card records, and writes those of a write-back. A part.

    Everything here raises `TimestampError` for a field that holds no date, for an end of which
    generation 2 has only one form, and for the zone rule of another zone than this meter's.
    """

    __slots__ = ("_zone_code",)

    def __init__(self, zone_code: int) -> None:
        self._zone_code = zone_code

    def civil(self, raw: bytes) -> Civil | None:
        """Return the civil time in a date field, `None` for none."""
        return decode_bcd_minute(raw)

    def write(self, civil: Civil | None) -> bytes:
        """Return the date field of a write-back."""
        return encode_bcd_minute(civil)

    def set_to_s(self, order: ClockSetting) -> int:
        """Return the instant on a clock card, seconds since 1970-01-01 UTC."""
        return EPOCH_2000_S + order.set_to_s

    def instant(self, minute: int) -> int | None:
        """Return an instant field as minutes since 1970-01-01 00:00 UTC, `None` for none."""
        return None if minute == MINUTES_NONE else EPOCH_2000_MIN + minute

    def both(self, raw: bytes, minute: int, zone_rule: int | None) -> StatedEnd | None:
        """Return an end of generation 2 from its two forms."""
        civil, utc_min = self.civil(raw), self.instant(minute)
        if civil is None and utc_min is None:
            return None
        if civil is None or utc_min is None:
            raise TimestampError(f"half an end: civil {civil}, minute {minute}")
        if zone_rule != self._zone_code:
            raise TimestampError(f"zone rule {zone_rule} is another zone's")
        return StatedEnd(civil, utc_min)

    def stated(self, end: RawEnd) -> StatedEnd | None:
        """Return an end as the card states it, in one form or two, `None` for none."""
        if end.minute is not None:
            return self.both(end.civil, end.minute, end.zone_rule)
        civil = self.civil(end.civil)
        return civil and StatedEnd(civil)

    def ends(self, order: Order) -> tuple[StatedEnd | None, StatedEnd | None]:
        """Return T1 and T2 of an order."""
        return self.stated(order.defer_until), self.stated(order.cut_at)


class OrderGate:
    """Judges and applies orders. A part."""

    __slots__ = ("_codec", "_ends")

    def __init__(self, codec: RecordCodec, ends: EndStore) -> None:
        self._codec = codec
        self._ends = ends

    def judge_card(self, identity: Identity, state: State, now: Now) -> Result:
        """Return `EXECUTED` for a card to obey, or the refusal of the whole card. Changes nothing.

        Half-open like every end: a card is expired when RTC - u has reached the expiry. If the
        clock is not dated, the card is obeyed.
        """
        if not possible(identity):
            return Result.BAD_FORMAT
        if identity.card_number < state.card_number:
            return Result.CARD_REPLACED
        try:
            end = self._codec.stated(identity.expires)
        except TimestampError:
            return Result.BAD_DATE
        if end is None:
            return Result.EXECUTED
        if not self.exists(end):
            return Result.BAD_DATE
        return Result.CARD_EXPIRED if self.expired(end, now) else Result.EXECUTED

    def expired(self, end: StatedEnd, now: Now) -> bool:
        """Whether a card with this expiry has expired."""
        return now.dated and self._ends.due(self._accept(end, now), now)

    def expiry(self, identity: Identity) -> StatedEnd | None:
        """Return when a card that `judge_card` let pass expires, `None` for never."""
        return self._codec.stated(identity.expires)

    def judge(
        self,
        order: Order,
        tariff: Tariff,
        state: State,
        *,
        limited: bool,
        nights: bool,
    ) -> Result:
        """Return `EXECUTED` for an order to obey, or the refusal. Changes nothing.

        `limited` says whether this meter has a limiter to grant: a valve has none. `nights` says
        whether it has night hours: without them a night price cannot be kept.
        """
        if order.number == state.order_number:
            return self.judge_again(order, state)
        if not self.fresh(order.number, state.order_number):
            return Result.STALE_ORDER
        priced = self.judge_tariff(tariff, nights=nights)
        if priced.refused:
            return priced
        if order.reactivation is Reactivation.FORGED:
            return Result.BAD_TOKEN
        try:
            defer_until, cut_at = self._codec.ends(order)
        except TimestampError:
            return Result.BAD_DATE
        if not possible(order):
            return Result.BAD_FORMAT
        if order.limiter_granted and not limited:
            return Result.NO_LIMITER
        return self.judge_dates(defer_until, cut_at)

    def judge_again(self, order: Order, state: State) -> Result:
        """Return the result of an order whose number is the last one executed."""
        if not order.number:
            return Result.NONE
        # A memory that was written by a program before this one says which number, and no more.
        same = state.order_mac in {order.mac, NO_ORDER}
        return Result.ALREADY_EXECUTED if same else Result.ANOTHER_ORDER

    def fresh(self, number: int, known: int) -> bool:
        """Whether an order's number is new to the meter; not called for an equal one."""
        return number > known

    def judge_tariff(self, tariff: Tariff, *, nights: bool) -> Result:
        """Return `EXECUTED` for a tariff at prices this meter can keep, or the refusal."""
        if not possible(tariff):
            return Result.BAD_FORMAT
        if tariff.night_price_ueur_per_wh != tariff.price_ueur_per_wh and not nights:
            return Result.NO_NIGHT_HOURS
        return Result.EXECUTED

    def judge_dates(self, defer_until: StatedEnd | None, cut_at: StatedEnd | None) -> Result:
        """Return `EXECUTED` for dates that exist, a sure cut, and no cut before the deferral's end.

        `LATER_END_TAKEN` is the same where the two forms of the deferral's end disagree.
        """
        if (defer_until and not self.exists(defer_until)) or (cut_at and not self.exists(cut_at)):
            return Result.BAD_DATE
        if cut_at and not self.agrees(cut_at):
            return Result.CUT_DISAGREES
        if defer_until and cut_at and self.later_min(cut_at) < self.later_min(defer_until):
            return Result.CUT_BEFORE_DEFERRAL
        if defer_until and not self.agrees(defer_until):
            return Result.LATER_END_TAKEN
        return Result.EXECUTED

    def exists(self, end: StatedEnd) -> bool:
        """Whether the date is in the calendar and within a clock chip's range."""
        calendar, zone = self._ends.calendar, self._ends.zone
        reached = end.utc_min is None or end.utc_min < clocks_end_min(calendar, zone)
        return calendar.exists(end.civil) and reached

    def agrees(self, end: StatedEnd) -> bool:
        """Whether the instant shows the civil time; either reading of a repeated hour does."""
        return end.utc_min is None or self._ends.zone.to_legal(end.utc_min) == end.civil

    def later_min(self, end: StatedEnd) -> int:
        """Return the instant of an end, the later where two are stated, in minutes since 1970."""
        if end.utc_min is not None and self.agrees(end):
            return end.utc_min
        civil_min = self._ends.zone.to_utc_later(self._ends.calendar.minutes(end.civil))
        return civil_min if end.utc_min is None else max(civil_min, end.utc_min)

    def _accept(self, end: StatedEnd | None, now: Now) -> bytes:
        """Return the bytes to keep of an end: if its forms disagree, both of the later one."""
        if end is None:
            return self._ends.accept(None, now)
        if end.utc_min is None or self.agrees(end):
            return self._ends.accept(end.civil, now, end.utc_min)
        later_min = self.later_min(end)
        if later_min == end.utc_min:
            return self._ends.accept(self._ends.zone.to_legal(later_min), now, later_min)
        return self._ends.accept(end.civil, now)

    def apply(self, order: Order, tariff: Tariff, state: State, now: Now) -> None:
        """Apply an order judged `EXECUTED` or `LATER_END_TAKEN` to the state."""
        if order.reactivation is Reactivation.NONE:
            defer_until, cut_at = self._codec.ends(order)
            state.defer_end = self._accept(defer_until, now)
            state.cut_end = self._accept(cut_at, now)
            state.flags &= ~StateFlags.DEFERRAL_OVER
        else:
            self.reactivate(state)
        state.flags &= ~(StateFlags.PREPAYMENT_ON | StateFlags.LIMITER_GRANTED)
        state.flags |= order.prepayment_on * StateFlags.PREPAYMENT_ON
        state.flags |= order.limiter_granted * StateFlags.LIMITER_GRANTED
        state.tariff_number = tariff.number
        state.price_ueur_per_wh = tariff.price_ueur_per_wh
        state.night_price_ueur_per_wh = tariff.night_price_ueur_per_wh
        state.mwh_per_unit = tariff.mwh_per_unit
        state.order_number = order.number
        state.order_mac = order.mac

    def reactivate(self, state: State) -> None:
        """Cancel the deferral, the programmed cut and the latch, whatever their dates."""
        state.defer_end = NO_END
        state.cut_end = NO_END
        state.latched_end = NO_END
        state.flags &= ~StateFlags.CUT_LATCHED

    def lift_earlier_cut(self, state: State) -> None:
        """Lift a cut that was reached by a T2 before the one just ordered.

        A repeated or earlier T2 lifts nothing, whatever the clock; and of one that has come too the
        cut is latched again before the switch can follow.
        """
        instant_s = self._ends.instant_s
        if (
            state.flags & StateFlags.CUT_LATCHED
            and self._ends.armed(state.cut_end)
            and instant_s(state.cut_end) > instant_s(state.latched_end)
        ):
            state.flags &= ~StateFlags.CUT_LATCHED
            state.latched_end = NO_END
