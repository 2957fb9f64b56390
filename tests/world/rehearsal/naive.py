"""A second oracle of what a home's supply must be, deliberately naive: no spans, no walk, no state.

It is asked about one instant at a time and answers from the campaign and the events alone, with
`datetime`, `zoneinfo` and fractions, hour by hour. It shares no code with the judge's ideal meter.
Where the answer turns on what a meter might have done by its clock, or on a moment after somebody
did something, it says that it does not know: a test counts how often.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from meter_emu.world.meter.events import Event, What, beginning_of
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.household import Household, VisitKind
from meter_emu.world.rehearsal.obligations import Must

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
WORK = 5 * SECOND  # what a poll's own work may take, as the page says
SETTLED = 900 * SECOND  # after a deed nothing is said for so long: countdowns, boots, sittings
CLOSE_CENTS = 60  # nearer to nothing than that the account is not judged
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DEEDS = {
    What.CARD_SERVED, What.CARD_REFUSED, What.KEY_PRESSED, What.KEY_HELD, What.SHUT, What.LIT,
    What.OPENED, What.CLOSED, What.LIMITED, What.UNLIMITED, What.POWER_LOST, What.POWER_BACK,
}  # fmt: skip
_DOUBTS = {What.CLOCK_DOUBTED, What.CLOCK_SET, What.CLOCK_TRUSTED}


class Orders(NamedTuple):
    """What the newest card that was heard says, and how much was ever loaded by it."""

    defer_us: int | None
    cut_us: int | None
    limiter: bool
    prepayment: bool
    loaded_cents: int
    heard_us: int
    changes: int  # how many cards brought other dates
    tariffs: int


class Naive:
    """What one home's supply must be."""

    def __init__(self, household: Household, campaign: Campaign, events: Sequence[Event]) -> None:
        self.household, self.campaign, self.events = household, campaign, events
        self.start_us = campaign.start_us
        self.hours: list[tuple[Fraction, Fraction]] = [(Fraction(0), Fraction(0))]
        self.right = True if household.build == "reference" else None
        self.lawful: dict[int, bool | None] = {}
        self.heard = {
            event.visit: event for event in events
            if event.what in {What.CARD_SERVED, What.CARD_REFUSED} and event.visit is not None
        }  # fmt: skip

    def must(self, us: int) -> Must | None:
        """Return what the supply must be at an instant, `None` for one it does not judge."""
        if any(e.what in _DOUBTS and e.at_us <= us for e in self.events):
            return None
        if not self.powered(us):
            return Must.EITHER
        if any(e.what in _DEEDS and e.at_us <= us < e.at_us + SETTLED for e in self.events):
            return None
        orders = self.orders(us)
        if orders is None or self.torn(us):
            return None
        if orders.cut_us is not None and us >= orders.cut_us:
            return self.after_cut(us, orders)
        moved = self.moved_as_it_may(us)
        if moved is None or (not moved and not self.dark(us)):
            return None
        if moved and self.dark(us):
            return None if orders.limiter else Must.OFF
        if not orders.prepayment:
            return Must.ON
        must = self.by_credit(us, orders)
        return Must.OFF if must is Must.EITHER and self.dark(us) else must

    def after_cut(self, us: int, orders: Orders) -> Must | None:
        """T2 has come: either until the meter must know, then off; 10 A with a limiter."""
        cut_us = orders.cut_us
        assert cut_us is not None
        if orders.heard_us >= cut_us or orders.changes > 1 or not self.powered_since(cut_us, us):
            return None
        if orders.limiter:
            return Must.LIMITED
        lost = any(e.what is What.POWER_LOST and e.at_us <= us for e in self.events)
        if lost and self.household.model.rtc_base == "legal":
            return None  # the clock may have been at its step: another hour of doubt
        if us >= cut_us + self.late_us(cut_us):
            return Must.OFF
        if self.dark(cut_us):  # for another reason, before, or none: it stays so
            return Must.OFF
        return Must.OFF if self.dark(us) else Must.EITHER

    def by_credit(self, us: int, orders: Orders) -> Must | None:
        """Apply the ordinary rules to a home that is fed."""
        asked = {What.KEY_PRESSED, What.KEY_HELD}
        if any(e.what in asked and e.at_us <= us for e in self.events):
            return None  # the emergency credit may have been taken: another account
        if orders.defer_us is not None:
            if us < orders.defer_us:
                return Must.ON
            if us < orders.defer_us + self.late_us(orders.defer_us):
                return None
        low, high = self.balance_cents(us, orders)
        if low > CLOSE_CENTS:
            return Must.ON
        if high > -CLOSE_CENTS:
            return None
        if self.sheltered(us):
            if self.perhaps_over(us, orders):
                return None
            look_us = self.household.model.poll_s * SECOND + WORK
            return Must.ON if self.sheltered(us - look_us) else None  # it may have looked before
        return Must.LIMITED if orders.limiter else Must.EITHER

    def perhaps_over(self, us: int, orders: Orders) -> bool:
        """Whether the shelter may be over: 96 hours, or all that the connection carries in 73."""
        long_ago_us = max(self.start_us, us - 96 * HOUR)
        before, _ = self.balance_cents(long_ago_us, orders)
        carried = max(self.household.load) >= self.household.model.connection_w * 73 // 96
        return carried or before <= CLOSE_CENTS

    # What was seen -------------------------------------------------------------------------------

    def powered(self, us: int) -> bool:
        seen = [e.what for e in self.events
                if e.what in {What.POWER_LOST, What.POWER_BACK} and e.at_us <= us]  # fmt: skip
        return not seen or seen[-1] is What.POWER_BACK

    def powered_since(self, from_us: int, us: int) -> bool:
        lost = (e.at_us for e in self.events if e.what is What.POWER_LOST)
        return self.powered(from_us) and not any(from_us - SETTLED <= at <= us for at in lost)

    def moved_as_it_may(self, us: int) -> bool | None:
        """Whether the last move of the switch was lawful; `None` if that is not judged.

        The reference is believed where nothing is judged: it is the judge that is tested.
        """
        moves = [e for e in self.events
                 if e.what in {What.OPENED, What.CLOSED} and e.at_us <= us]  # fmt: skip
        if not moves:
            return True
        last = moves[-1]
        if last.at_us not in self.lawful:
            before = self.must(last.at_us - 1)
            allowed = {What.OPENED: {Must.OFF, Must.EITHER}, What.CLOSED: {Must.ON, Must.EITHER}}
            judged = None if before is None else before in allowed[last.what]
            self.lawful[last.at_us] = self.right if judged is None else judged
        return self.lawful[last.at_us]

    def dark(self, us: int) -> bool:
        seen = [e.what for e in self.events
                if e.what in {What.OPENED, What.CLOSED} and e.at_us <= us]  # fmt: skip
        return seen[-1] is What.OPENED if seen else not beginning_of(self.events).supply_on

    def torn(self, us: int) -> bool:
        """Whether power ever failed near a card: nothing shows what the meter heard."""
        lost = [e.at_us for e in self.events if e.what is What.POWER_LOST and e.at_us <= us]
        cards = [e.at_us for e in self.heard.values()]
        return any(abs(at - card) < SETTLED for at in lost for card in cards)

    # What was announced
    # -------------------------------------------------------------------------------

    def orders(self, us: int) -> Orders | None:
        """Return what was heard up to an instant; `None` where a card had expired, or may have."""
        household = self.household
        card = Orders(None, None, household.limiter, household.prepayment, 0, self.start_us, 0, 0)
        heard, expires = card, household.first_card.expires_us
        for number, visit in enumerate(household.visits):
            if visit.kind is VisitKind.DESK and visit.desk is not None:
                desk = visit.desk
                if desk.new_card is not None:
                    expires = desk.new_card.expires_us
                if desk.reactivate:
                    card = card._replace(defer_us=None, cut_us=None)
                card = card._replace(
                    defer_us=card.defer_us if desk.defer_us is None else desk.defer_us,
                    cut_us=card.cut_us if desk.cut_us is None else desk.cut_us,
                    limiter=card.limiter if desk.limiter is None else desk.limiter,
                    prepayment=card.prepayment if desk.prepayment is None else desk.prepayment,
                    loaded_cents=card.loaded_cents + desk.load_cents,
                    tariffs=card.tariffs + (desk.tariff is not None or bool(desk.mwh_per_unit)),
                )
            elif visit.kind is VisitKind.INSERT and number in self.heard:
                event = self.heard[number]
                if event.at_us > us:
                    break
                if expires is not None and event.at_us >= expires - HOUR:
                    return None
                if event.what is What.CARD_REFUSED or card.tariffs or getattr(visit, "card", None):
                    return None
                other = (card.defer_us, card.cut_us) != (heard.defer_us, heard.cut_us)
                if (heard.cut_us or us + 1) <= event.at_us:
                    return (
                        None  # a date was called off when it had come: it depends on what was seen
                    )
                changes = heard.changes + other
                heard_us = event.at_us if other or card.limiter != heard.limiter else heard.heard_us
                heard = card._replace(heard_us=heard_us, changes=changes)
        return heard

    # Clock and money -----------------------------------------------------------------------------

    def late_us(self, at_us: int) -> int:
        """Return L = 2u + poll + work."""
        clock = self.household.model.clock
        passed = Fraction(max(0, at_us - self.household.clock_set_us), SECOND)
        drift = passed * clock.drift_bound_ppb / 1_000_000_000
        u_s = clock.set_error_s + -(-drift.numerator // drift.denominator)
        return (2 * u_s + self.household.model.poll_s) * SECOND + WORK

    def legal(self, us: int) -> datetime:
        return (_EPOCH + timedelta(microseconds=us)).astimezone(self.campaign.zone.info)

    def within(self, hours: object, us: int) -> bool:
        """Whether the legal wall clock is inside hours over midnight, or on a weekend."""
        when = self.legal(us)
        minute = when.hour * 60 + when.minute
        start, end = hours.start_minute, hours.end_minute  # type: ignore[attr-defined]
        weekend = hours.weekend and when.weekday() >= 5  # type: ignore[attr-defined]
        return weekend or minute >= start or minute < end

    def sheltered(self, us: int) -> bool:
        return self.within(self.household.model.window, us)

    def balance_cents(self, us: int, orders: Orders) -> tuple[Fraction, Fraction]:
        """Return the balance, at the dearer price all day and at the cheaper one."""
        left = self.household.balance_cents + orders.loaded_cents
        first = self.start_us // HOUR
        while len(self.hours) <= us // HOUR - first:
            begun_us = max(self.start_us, (first + len(self.hours) - 1) * HOUR)
            most, least = self.cost_cents(begun_us, (first + len(self.hours)) * HOUR)
            self.hours.append((self.hours[-1][0] + most, self.hours[-1][1] + least))
        most, least = self.cost_cents(max(self.start_us, us // HOUR * HOUR), us)
        before = self.hours[us // HOUR - first]
        return left - before[0] - most, left - before[1] - least

    def cost_cents(self, from_us: int, to_us: int) -> tuple[Fraction, Fraction]:
        """Return at most and at least what flows in a part of an hour costs."""
        if from_us >= to_us:
            return Fraction(0), Fraction(0)
        household, credit = self.household, self.household.model.credit
        used = Fraction(household.load[from_us % DAY // HOUR] * (to_us - from_us), HOUR)
        wh = used * credit.mwh_per_unit / 1_000 * self.fed_share(from_us, to_us)
        most = wh * credit.pricing.price_ueur_per_wh * self.counted(to_us - 1) / 10_000
        least = wh * credit.pricing.night_price_ueur_per_wh * self.surely(from_us) / 10_000
        return most, least

    def counted(self, us: int) -> int:
        """Whether energy of that hour may cost something: no deferral that suspends the account."""
        return 0 if self.deferred(us, early_us=HOUR) else 1

    def surely(self, us: int) -> int:
        """Whether energy of that hour surely costs something."""
        return 0 if self.deferred(us, early_us=-2 * HOUR) or self.limited(us) else 1

    def limited(self, us: int) -> bool:
        """Whether a limiter may hold the load down: at least nothing is used."""
        orders = self.orders(us)
        return orders is None or orders.limiter

    def deferred(self, us: int, *, early_us: int) -> bool:
        """Whether the account stands still, `early_us` before T1 being no longer sure of it."""
        orders = self.orders(us)
        if orders is None or not orders.prepayment:
            return True
        if orders.defer_us is None or self.household.model.deferral_accounting != "suspended":
            return False
        return us + early_us < orders.defer_us

    def fed_share(self, from_us: int, to_us: int) -> Fraction:
        """Return the part of a span in which energy could flow, by what was seen of the switch."""
        changes = sorted(
            {from_us, to_us, *(e.at_us for e in self.events if from_us < e.at_us < to_us)}
        )
        fed = 0
        for start, end in pairwise(changes):
            shut = [e.what for e in self.events
                    if e.what in {What.SHUT, What.LIT} and e.at_us <= start]  # fmt: skip
            power = self.powered(start) or self.household.model.energy == "gas"
            if not self.dark(start) and power and not (shut and shut[-1] is What.SHUT):
                fed += end - start
        return Fraction(fed, to_us - from_us)
