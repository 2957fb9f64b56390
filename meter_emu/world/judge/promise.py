"""What was announced to a household, from the cards that were put in: no meter, no money, no clock.

An order counts from the insertion of its card on, and only in a meter with power; the newest one
replaces everything; a card shown again changes nothing. A card that has expired brings nothing;
near its expiry a meter's clock cannot tell, and the promise follows what the meter did.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, unique
from typing import Final, final

from meter_emu.desk.pricing import Pricing
from meter_emu.world.households.household import DeskOrder, Household, VisitKind
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.model import MeterModel

_OWN_CARDS: Final = frozenset({VisitKind.INSERT, VisitKind.OLD_CARD, VisitKind.COPY})


@final
@unique
class PromiseKind(Enum):
    """The kind of a promise."""

    ORDINARY = "ordinary"
    ARMED = "armed"
    REACTIVATED = "reactivated"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What was promised from `from_us` on; instants as announced, not as a card has them."""

    from_us: int
    kind: PromiseKind
    defer_us: int | None
    cut_us: int | None
    limiter: bool
    prepayment: bool
    pricing: Pricing
    mwh_per_unit: int
    loaded_cents: int = 0
    load_count: int = 0

    def lifts_cut(self, model: MeterModel, reached_us: int | None) -> bool:
        """Whether its T2 is later than the one that has come, and a cut is lifted for that."""
        if self.cut_us is None or reached_us is None:
            return False
        return model.later_cut == "reconnect" and self.cut_us > reached_us


@final
@dataclass(frozen=True, slots=True)
class CardShown:
    """A card put into a meter with power: its contents, and whether the meter obeyed it.

    From `expires_us` on it brings nothing.
    """

    visit: int
    at_us: int
    on_card: Promise
    expires_us: int | None
    served: bool


def first_promise(household: Household, start_us: int) -> Promise:
    """Return the promise before any card is put in."""
    return Promise(
        from_us=start_us,
        kind=PromiseKind.ORDINARY,
        defer_us=None,
        cut_us=None,
        limiter=household.limiter,
        prepayment=household.prepayment,
        pricing=household.model.credit.pricing,
        mwh_per_unit=household.model.credit.mwh_per_unit,
        loaded_cents=household.age.loaded_cents,
        load_count=household.age.load_count,
    )


def cards_shown(
    household: Household, start_us: int, events: Sequence[Event]
) -> Iterator[CardShown]:
    """Yield each card that was put into a meter with power, in time order.

    The events count: a visit waits until the person at the meter is done, and one after the end of
    the story has not happened.
    """
    # A card that stays in while power fails has several sessions: the first that obeyed it counts.
    seen = {
        event.visit: event
        for what in (What.CARD_REFUSED, What.CARD_SERVED)
        for event in reversed(events)
        if event.visit is not None and event.what is what
    }
    cards = [(first_promise(household, start_us), household.first_card)]  # by number, from 1
    writings = []  # the card after each visit to the office, and its number
    newest_heard, heard = 1, 0  # the newest card, and how often it had been written on
    for number, visit in enumerate(household.visits):
        # The office: contents of the newest card from now on, perhaps of a new one.
        if visit.kind is VisitKind.DESK:
            assert visit.desk is not None, "a desk visit has its orders"
            on_card, card = cards[-1]
            if visit.desk.new_card is not None:
                cards.append((on_card, visit.desk.new_card))
                card = visit.desk.new_card
            cards[-1] = _written(on_card, visit.desk), card
            writings.append((len(cards), cards[-1]))
        if visit.kind not in _OWN_CARDS or number not in seen:
            continue
        # The meter: which card went in, and how old its contents are.
        card_number, brings = visit.card_number or len(cards), len(writings)
        on_card, card = cards[card_number - 1]
        if visit.copy_number is not None:
            brings = visit.copy_number
            card_number, (on_card, card) = writings[brings - 1]
            if brings <= heard or visit.records:
                continue  # the meter knows all of it, or something newer
        if card_number < newest_heard:
            continue  # replaced: it brings nothing to a meter that knows its successor
        event = seen[number]
        served = event.what is What.CARD_SERVED
        yield CardShown(number, event.at_us, on_card, card.expires_us, served)
        if served:
            newest_heard, heard = card_number, brings


def with_loads(promise: Promise, of: Promise) -> Promise:
    """Return the promise with the credit of another."""
    return replace(promise, loaded_cents=of.loaded_cents, load_count=of.load_count)


def promise_at(orders: Sequence[Promise], us: int) -> Promise:
    """Return the promise that holds at an instant."""
    return next(promise for promise in reversed(orders) if promise.from_us <= us)


def _written(on_card: Promise, order: DeskOrder) -> Promise:
    """Return the card's contents after a desk visit: what the order does not name stays."""
    if order.torn:  # a visit is one record: nothing of it is there
        return on_card
    kind, defer_us, cut_us = on_card.kind, on_card.defer_us, on_card.cut_us
    if order.reactivate:
        kind, defer_us, cut_us = PromiseKind.REACTIVATED, None, None
    if order.defer_us is not None:
        defer_us = order.defer_us
    if order.cut_us is not None:
        cut_us = order.cut_us
    if cut_us is not None:
        kind = PromiseKind.ARMED
    elif defer_us is not None:
        kind = PromiseKind.ORDINARY
    return replace(
        on_card,
        kind=kind,
        defer_us=defer_us,
        cut_us=cut_us,
        limiter=on_card.limiter if order.limiter is None else order.limiter,
        prepayment=on_card.prepayment if order.prepayment is None else order.prepayment,
        pricing=on_card.pricing if order.tariff is None else order.tariff,
        mwh_per_unit=order.mwh_per_unit or on_card.mwh_per_unit,
        loaded_cents=on_card.loaded_cents + order.load_cents,
        load_count=on_card.load_count + (order.load_cents > 0),
    )
