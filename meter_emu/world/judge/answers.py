"""Which answer is owed to each card that is put in: obeyed, refused, or nobody can say.

A right card is the household's newest, as an office without faults has written it for this model,
before its expiry, in a meter whose clock can be right. Whose card is refused all the same has paid
for nothing. A card of another household, an expired one and a replaced one are obeyed by no meter.
"""

from collections.abc import Iterator, Sequence
from enum import Enum, unique
from typing import Final

from meter_emu.world.households.household import DeskOrder, Household, NewCard, Visit, VisitKind
from meter_emu.world.judge.outcome import WORK_US
from meter_emu.world.judge.unheard import SITTING_US
from meter_emu.world.meter.events import Event, What

_ANSWERS: Final = (What.CARD_SERVED, What.CARD_REFUSED)
_AHEAD_S: Final = 10 * 60  # less than an office may be ahead of a clock that is behind


@unique
class Owed(Enum):
    """What a card is owed."""

    OBEYED = "obeyed"
    REFUSED = "refused"


def owed(
    household: Household, events: Sequence[Event], index: int, within_us: int | None
) -> Owed | None:
    """Return what the card of an event is owed, `None` if nobody can say.

    `within_us` is the *u* of a clock that must be right, `None` for one that need not be.
    """
    event = events[index]
    if event.visit is None or event.what not in _ANSWERS or household.image is not None:
        return None
    visit = household.visits[event.visit]
    if visit.kind is VisitKind.OTHERS_CARD:
        return Owed.REFUSED
    if visit.kind is VisitKind.OLD_CARD:
        return Owed.REFUSED if _successor_heard(household, events[:index]) else None
    if visit.kind is not VisitKind.INSERT or within_us is None:
        return None
    before = household.visits[: event.visit]
    expires_us = _card(household, before).expires_us
    if expires_us is not None and event.at_us >= expires_us:
        surely = event.at_us >= expires_us + 2 * within_us + WORK_US
        return Owed.REFUSED if surely else None
    if not all(_right(order, household) for order in _orders(before)):
        return None
    torn = any(
        other.what is What.POWER_LOST and other.at_us - event.at_us <= SITTING_US
        for other in events[index:]
    )
    return None if torn else Owed.OBEYED


def _orders(visits: Sequence[Visit]) -> Iterator[DeskOrder]:
    for visit in visits:
        if visit.desk is not None:
            yield visit.desk


def _card(household: Household, before: Sequence[Visit]) -> NewCard:
    """Return the card that the household has after these visits."""
    new = [order.new_card for order in _orders(before) if order.new_card is not None]
    return new[-1] if new else household.first_card


def _successor_heard(household: Household, before: Sequence[Event]) -> bool:
    """Whether a newer card than the oldest was obeyed: it was put in after it was handed out."""
    handed_out = [visit.at_us for visit in household.visits
                  if visit.desk is not None and visit.desk.new_card is not None]  # fmt: skip
    newest = [
        event.at_us
        for event in before
        if event.what is What.CARD_SERVED
        and event.visit is not None
        and household.visits[event.visit].kind is VisitKind.INSERT
    ]
    return bool(handed_out and newest and max(newest) > max(handed_out))


def _right(order: DeskOrder, household: Household) -> bool:
    """Whether an office without faults wrote this, and for this model."""
    model = household.model
    keeps = not (order.limiter and not model.limiter_a)
    if order.tariff is not None and order.tariff.bi_hourly and model.night is None:
        keeps = False
    return keeps and order.fields is None and order.office_error_s <= _AHEAD_S
