"""A hazard of orders in parts: T1 alone, T2 alone, a switch or a tariff, each upon the one before.

Most stories arm a household for both ends at once. Here each order changes one thing, and the
others have to stay: those that the meter has heard, and those that it has not.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, final

from meter_emu.laws.judged import hazard
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S
from meter_emu.world.households.household import DeskOrder

_BETWEEN_S: Final = (2 * HOUR_S, 20 * MINUTE_S, 10 * MINUTE_S, DAY_S, 30 * HOUR_S)
_AHEAD_S: Final = (DAY_S, 3 * HOUR_S, HOUR_S, 4 * DAY_S)
_SOON_S: Final = 5 * MINUTE_S  # ours: an end is at least so long after it is ordered
_WAY_S: Final = MINUTE_S  # from the office to the meter
_LOADS_CENTS: Final = (2_000, 500, 10_000)


@final
@dataclass(slots=True)
class _Card:
    """What the office has written so far, heard or not: the ends on the card."""

    draft: Draft
    defer_s: int | None = None
    cut_s: int | None = None

    def deferred(self, at_s: int) -> DeskOrder | None:
        """T1 alone, no later than the T2 there is."""
        end_s = at_s + self.draft.chooser.of(_AHEAD_S)
        end_s = end_s if self.cut_s is None else min(end_s, self.cut_s)
        if end_s < at_s + _SOON_S:
            return None
        self.defer_s = end_s
        until, until_us = self.draft.minute(end_s)
        return DeskOrder(defer_until=until, defer_us=until_us)

    def cut(self, at_s: int) -> DeskOrder:
        """T2 alone, no earlier than the T1 there is."""
        end_s = max(at_s + self.draft.chooser.of(_AHEAD_S), self.defer_s or 0)
        # Of a time that comes twice a card may mean the later: T1 then is after an earlier T2.
        self.cut_s = end_s + HOUR_S if self.defer_s else end_s
        at, at_us = self.draft.minute(self.cut_s)
        return DeskOrder(cut_at=at, cut_us=at_us)

    def reactivated(self, _: int) -> DeskOrder:
        """Neither of them."""
        self.defer_s = self.cut_s = None
        return DeskOrder(reactivate=True)

    def limited(self, _: int) -> DeskOrder | None:
        """The limiter, granted or withdrawn, where there is one."""
        if not self.draft.model.limiter_a:
            return None
        return DeskOrder(limiter=self.draft.chooser.below(2) == 0)

    def switched(self, _: int) -> DeskOrder:
        """Prepayment on or off."""
        return DeskOrder(prepayment=self.draft.chooser.below(2) == 0)

    def and_switched(self, order: DeskOrder) -> DeskOrder:
        """An end, and a switch with it."""
        switch = self.draft.chooser.below(2) == 0
        if self.draft.model.limiter_a and self.draft.chooser.below(2):
            return replace(order, limiter=switch)
        return replace(order, prepayment=switch)

    def repriced(self, _: int) -> DeskOrder:
        """Another tariff."""
        return DeskOrder(tariff=self.draft.tariff(), mwh_per_unit=self.draft.worth_of_a_unit())

    def loaded(self, _: int) -> DeskOrder:
        """A load, which is no order."""
        return DeskOrder(load_cents=self.draft.chooser.of(_LOADS_CENTS))

    def replaced(self, _: int) -> DeskOrder:
        """A new card, for what is on the old one."""
        return DeskOrder(new_card=self.draft.new_card(None), load_cents=_LOADS_CENTS[0])


_ORDERS: Final[tuple[Callable[[_Card, int], DeskOrder | None], ...]] = (
    *(_Card.cut, _Card.deferred) * 2,
    *(_Card.reactivated, _Card.limited, _Card.switched, _Card.repriced),
    *(_Card.loaded, _Card.replaced),
)


@hazard(
    id="in-parts",
    says="an order leaves what it does not name as it was, heard or not",
    properties=("P9", "P11", "P13"),
    presumes="a clock within its model's bound",
    one_in=20,
)
def in_parts(draft: Draft, chooser: Chooser) -> None:
    """Draw a household that gets three to seven orders, mostly of one thing; some not fetched.

    Whatever comes last is put in, and it is watched beyond its ends.
    """
    draft.kind, at_s = "orders in parts", draft.timing.armed_s
    card = _Card(draft)
    heard = True
    for _ in range(3 + chooser.below(5)):
        order = chooser.of(_ORDERS)(card, at_s)
        if order is None:
            continue
        if chooser.below(4) == 3 and not order.load_cents:
            order = replace(order, load_cents=chooser.of(_LOADS_CENTS))
        if chooser.below(4) == 3 and (order.cut_at or order.defer_until):
            order = card.and_switched(order)
        heard = chooser.below(4) < 3
        draft.office(at_s, order)
        if heard:
            draft.insert(at_s + _WAY_S)
        at_s += chooser.of(_BETWEEN_S)
    if not heard:
        draft.insert(at_s)
    end_s = max(at_s, card.cut_s or 0, card.defer_s or 0)
    draft.timing = draft.timing._replace(end_s=end_s)
    if chooser.below(2):
        draft.credit_ends_s = at_s - chooser.below(2 * DAY_S)
    else:
        draft.ample_credit = True
