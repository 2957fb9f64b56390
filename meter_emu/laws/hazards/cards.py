"""Hazards of a card that is not what the office wrote last: put back, replaced, torn, of two desks.

Each has its draw and its `Law`.
"""

from dataclasses import replace
from typing import Final

from card_protocol.card.image import CardKind
from meter_emu.desk.as_is import AsIs
from meter_emu.laws.judged import hazard, promises
from meter_emu.laws.law import Aside, Broken, Finding, Trial
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft
from meter_emu.stories.story import Among, models
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S
from meter_emu.world.households.household import DeskOrder, VisitKind
from meter_emu.world.meter.events import What

_OTHER_S: Final = (-DAY_S, -3 * DAY_S, -HOUR_S, DAY_S)  # from the first T to the one that counts
_LOADED_CENTS: Final = (2_000, 500, 10_000)
_TRIES: Final = (3, 5, 8, 10, 16)  # ours: of a card that is refused


def with_cards(among: Among, *kinds: CardKind) -> Among:
    """Return the kits with cards of these kinds alone, or all as they are if there is none."""
    found = [
        kit._replace(cards=tuple(card for card in kit.cards if card[1] in kinds))
        for kit in among or models()
    ]
    return [kit for kit in found if kit.cards] or among


def _two_orders(draft: Draft) -> int:
    """Bring one order, then another by another tariff and with a load; return when it came."""
    chooser, (armed_s, end_s) = draft.chooser, draft.timing
    first_s = max(armed_s - (1 + chooser.below(48)) * HOUR_S, draft.first_s)
    other_s = max(end_s + chooser.of(_OTHER_S), first_s + MINUTE_S)
    draft.bring(first_s, draft.arming(other_s, other_s))
    second_s = max(armed_s, first_s + 2 * MINUTE_S)
    draft.bring(second_s, _second(draft, end_s))
    draft.ample_credit = True
    return second_s


def _second(draft: Draft, end_s: int) -> DeskOrder:
    order = draft.arming(end_s, end_s) if draft.chooser.below(2) else DeskOrder(reactivate=True)
    return replace(
        order,
        load_cents=draft.chooser.of(_LOADED_CENTS),
        tariff=draft.tariff(),
        mwh_per_unit=draft.worth_of_a_unit(),
    )


# Record put back ----------------------------------------------------------------------------------
#
# Money, order or tariff of the card as it was before lies in the newer record, or a bit is changed.

_THIRTIETH_OF_FEBRUARY: Final = bytes.fromhex("2502301200")
_RECORDS: Final = ("wallet", "order", "tariff")
_COUNTED_AT: Final = 32  # bit of the desk record: its money and its number begin there


def _check_record_put_back(trial: Trial) -> Finding:
    if trial.household.carrier is CardKind.MEMORY:
        return Aside("a memory card has two copies of it")
    last = len(trial.household.visits) - 1
    if last >= 0 and trial.household.visits[last].flipped is not None:
        seen = [event.what for event in trial.run.events if event.visit == last]
        if What.CARD_SERVED in seen:
            return Broken("a card is obeyed whose record has a changed bit")
    return promises(trial)


@hazard(
    id="record-put-back",
    says="an older wallet, order or tariff in a newer record, or a changed bit, does nothing",
    properties=("P11", "P13"),
    presumes="a card of files",
    check=_check_record_put_back,
    kits=lambda among: with_cards(among, CardKind.SECURE, CardKind.PLAIN),
)
def record_put_back(draft: Draft, chooser: Chooser) -> None:
    """Draw two orders that the meter has obeyed, then the card with a part of the first.

    Or with a bit of its desk record changed.
    """
    second_s = _two_orders(draft)
    draft.kind = "a record put back"
    left_s = max(1, draft.timing.end_s - second_s - 2 * MINUTE_S)
    at_s = second_s + 2 * MINUTE_S + chooser.below(left_s) + (0, 0, 0, DAY_S)[chooser.below(4)]
    if chooser.below(2):
        draft.insert_copy(at_s, 1, (chooser.of(_RECORDS),))
    else:
        draft.insert_copy(at_s, 2, ("order",), flipped=_COUNTED_AT + chooser.below(96))


# Replaced card ------------------------------------------------------------------------------------
#
# The office has replaced a card, the meter has heard the new one, and the old one is put in.


def _check_replaced_card(trial: Trial) -> Finding:
    """Of a new card whose order is refused nothing is promised, but that the old one is over."""
    visits = trial.household.visits
    made_us = [one.at_us for one in visits if one.desk and one.desk.fields and one.desk.new_card]
    if not made_us:
        return promises(trial)
    put_in = (one.at_us for one in visits if one.kind is VisitKind.INSERT)
    heard_us = next((at_us for at_us in put_in if at_us >= made_us[0]), None)
    if heard_us is None:
        return Aside("another story: nobody puts the new card in")
    for event in trial.run.events:
        old = event.visit is not None and visits[event.visit].kind is VisitKind.OLD_CARD
        if old and event.what is What.CARD_SERVED and event.at_us > heard_us:
            return Broken("a card that was replaced is obeyed, as the new one's order was refused")
    return None


@hazard(
    id="replaced-card",
    says="a card that was replaced brings nothing once its successor was heard",
    properties=("P11", "P13"),
    check=_check_replaced_card,
)
def replaced_card(draft: Draft, chooser: Chooser) -> None:
    """Draw a household that is armed, gets a new card with another order, and uses the old one.

    Sometimes as often as somebody does who cannot believe it; then it comes with the right one.
    """
    draft.kind = "a card that was replaced"
    armed_s, end_s = draft.timing
    first_s = max(armed_s - (1 + chooser.below(48)) * HOUR_S, draft.first_s)
    other_s = max(end_s + chooser.of(_OTHER_S), first_s + MINUTE_S)
    draft.bring(first_s, draft.arming(other_s, other_s))
    if chooser.below(2):  # more on the old card, which goes over to the new one
        late_s = max(other_s, end_s) + DAY_S
        of_old = draft.arming(late_s, late_s), DeskOrder(reactivate=True, load_cents=500)
        draft.office(first_s + MINUTE_S, chooser.of(of_old))
    second_s = max(armed_s, first_s + 3 * MINUTE_S)
    new_card = draft.new_card(None)
    on_it = _second(draft, end_s) if chooser.below(4) else DeskOrder(load_cents=2_000)
    if on_it.cut_at is not None and chooser.below(2):  # an order that is refused
        on_it = replace(on_it, load_cents=0, fields=AsIs(cut_at=_THIRTIETH_OF_FEBRUARY))
    draft.office(second_s - MINUTE_S, replace(on_it, new_card=new_card))
    draft.insert(second_s)
    if chooser.below(4) == 3:
        _insisted(draft, second_s + 2 * MINUTE_S)
    else:
        left_s = max(1, end_s - second_s - 2 * MINUTE_S)
        for _ in range(1 + chooser.below(2)):
            at_s = second_s + 2 * MINUTE_S + chooser.below(left_s)
            draft.insert_old(at_s + (0, 0, 0, DAY_S)[chooser.below(4)], 1)
    draft.ample_credit = True


def _insisted(draft: Draft, at_s: int) -> None:
    """Put the replaced card in again and again, then bring another order on the right one."""
    for _ in range(draft.chooser.of(_TRIES)):
        draft.insert_old(at_s, 1)
        at_s += draft.chooser.of((MINUTE_S, 61 * MINUTE_S))
    draft.bring(at_s, _second(draft, max(draft.timing.end_s, at_s + HOUR_S)))


# Torn visit ---------------------------------------------------------------------------------------
#
# The card is pulled out of the office's reader while it is written on, and the visit is made again.


@hazard(
    id="torn-visit",
    says="of a visit that is torn the meter hears nothing, and all of the one made again",
    properties=("P11", "P13"),
)
def torn_visit(draft: Draft, chooser: Chooser) -> None:
    """Draw an armed household and a visit that is torn, then made again.

    In half of all the card is put into the meter in between.
    """
    draft.kind = "a torn visit to the office"
    armed_s, end_s = draft.timing
    first_s = max(armed_s - (1 + chooser.below(48)) * HOUR_S, draft.first_s)
    other_s = max(end_s + chooser.of(_OTHER_S), first_s + MINUTE_S)
    draft.bring(first_s, draft.arming(other_s, other_s))
    torn_s = first_s + 2 * MINUTE_S
    if chooser.below(2):  # what is on the card already, and not heard yet, is on it still
        draft.office(first_s + MINUTE_S, draft.arming(end_s + DAY_S, end_s + DAY_S))
    order = _second(draft, end_s)
    draft.office(torn_s, replace(order, torn=True))
    if chooser.below(2):
        draft.insert(torn_s + MINUTE_S)
    again_s = max(armed_s, torn_s + 4 * MINUTE_S)
    draft.office(again_s - MINUTE_S, order)
    draft.insert(again_s)
    draft.ample_credit = True


# Two offices --------------------------------------------------------------------------------------
#
# Two offices write in turn, one with a date that is ahead, one with a date that is behind.

_OFF_S: Final = (14 * MINUTE_S, -14 * MINUTE_S, 5 * MINUTE_S, -12 * HOUR_S, -30 * DAY_S, 59, -59)


@hazard(
    id="two-offices",
    says="the dates of two offices, one ahead and one behind, move no end of an order",
    properties=("P6", "P13"),
    presumes="no office more than a quarter of an hour ahead, a clock that is believed",
)
def two_offices(draft: Draft, chooser: Chooser) -> None:
    """Draw a household that loads and is armed at two offices in turn, the last time before T."""
    draft.kind = "two offices"
    armed_s, end_s = draft.timing
    offices = chooser.of(_OFF_S), chooser.of(_OFF_S)
    at_s = max(armed_s - (1 + chooser.below(48)) * HOUR_S, draft.first_s)
    orders = [draft.arming(end_s, end_s), *(DeskOrder(load_cents=500),) * (1 + chooser.below(3))]
    for number, order in enumerate(orders):
        written = replace(order, office_error_s=offices[number % 2])
        if chooser.below(2):  # at once, while a date that is ahead still is
            draft.office(at_s - MINUTE_S, written)
            draft.insert(at_s)
        else:
            draft.bring(at_s, written)
        at_s += chooser.of((HOUR_S, 5 * MINUTE_S, DAY_S)) + chooser.below(HOUR_S)
    draft.ample_credit = True
