"""A second oracle of what a home's supply must be, deliberately naive: no spans, no walk, no state.

It is asked about one instant at a time and answers from the campaign and the events alone, with
`datetime`, `zoneinfo` and fractions, hour by hour. It shares no code with the judge's ideal meter.
Where the answer turns on what a meter might have done by its clock, or on a moment after somebody
did something, it says that it does not know: a test counts how often.
"""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, VisitKind
from meter_emu.world.judge.obligations import Must
from meter_emu.world.meter.events import Event, What, beginning_of

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
WORK = 5 * SECOND  # what a poll's own work may take, as the page says
WRITING = 2 * SECOND  # what setting a clock may cost
SETTLED = 900 * SECOND  # after a deed nothing is said for so long: countdowns, boots, sittings
CLOSE_CENTS = 60  # nearer to nothing than that the account is not judged
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CARDS = (What.CARD_SERVED, What.CARD_REFUSED)
_KEYS = (What.KEY_PRESSED, What.KEY_HELD)
_MOVES = (What.OPENED, What.CLOSED)
_POWER = (What.POWER_LOST, What.POWER_BACK)
_APPLIANCES = (What.SHUT, What.LIT)
_DOUBTS = (What.CLOCK_DOUBTED, What.CLOCK_SET, What.CLOCK_TRUSTED)
_DEEDS = (*_CARDS, *_KEYS, *_MOVES, *_POWER, *_APPLIANCES, What.LIMITED, What.UNLIMITED,
          What.CLOCK_SET)  # fmt: skip


class Orders(NamedTuple):
    """What the newest card that was heard says, and how much was ever loaded by it."""

    defer_us: int | None
    cut_us: int | None
    limiter: bool
    prepayment: bool
    loaded_cents: int
    heard_us: int
    lifted: bool  # whether a reactivation was the last word on cuts


class Naive:
    """What one home's supply must be."""

    def __init__(self, household: Household, campaign: Campaign, events: Sequence[Event]) -> None:
        self.household, self.campaign, self.events = household, campaign, events
        self.start_us = campaign.start_us
        self.begins_on = beginning_of(events).supply_on
        self.hours: list[tuple[Fraction, Fraction]] = [(Fraction(0), Fraction(0))]
        self.right = True if household.build == "reference" else None
        self.lawful: dict[int, bool | None] = {}
        self.kinds: dict[Collection[What], tuple[list[int], list[Event]]] = {}
        self.heard = self.cards_heard()
        self.heard_us = [us for us, _ in self.heard]

    def must(self, us: int) -> Must | None:
        """Return what the supply must be at an instant, `None` for one it does not judge."""
        if not self.powered(us):
            return Must.EITHER
        deed = self.last(_DEEDS, us)
        if deed is not None and us < deed.at_us + SETTLED:
            return None
        orders = self.orders(us)
        if orders is None:
            return None
        if orders.cut_us is not None and us >= orders.cut_us:
            return self.after_cut(us, orders)
        moved, dark = self.moved_as_it_may(us), self.dark(us)
        moved = self.may_be_dark_by_now(us) if dark and moved is False else moved
        if moved is None or (not moved and not dark):
            return None
        if moved and dark:
            return None if orders.limiter else self.darkness(us, orders)
        must = self.by_credit(us, orders)
        return Must.OFF if must is Must.EITHER and dark else must

    def may_be_dark_by_now(self, us: int) -> bool | None:
        """Whether a home that was cut unlawfully could have been cut lawfully since.

        It then stays dark until somebody asks. Looked at each quarter of an hour.
        """
        last = self.last(_MOVES, us)
        assert last is not None, "it was cut"
        for at_us in range(last.at_us, us, HOUR // 4):
            orders = self.orders(at_us)
            must = None if orders is None else self.by_credit(at_us, orders)
            if must is None:
                return None
            if must is not Must.ON and self.powered(at_us):
                return True
        return False

    def darkness(self, us: int, orders: Orders) -> Must | None:
        """Return what must be of a home that was cut as it may: somebody has to ask for supply."""
        rearm, last = self.household.model.rearm, self.last(_MOVES, us)
        since_us = self.start_us if last is None else last.at_us
        asks = {What.KEY_HELD} if rearm.hold_ms else set(_KEYS)
        asked = [key.at_us for key in self.between(_KEYS, since_us, us)
                 if key.what in asks and key.detail == rearm.key]  # fmt: skip
        if not asked:
            return Must.OFF
        # Whether an earlier one changed nothing, or took the emergency credit, is not judged.
        then = self.orders(asked[-1])
        kept = self.powered(asked[-1]) and not self.between(_POWER, asked[-1], us)
        kept = kept and then is not None and not then.limiter and self.to_be_had(asked[-1], then)
        return Must.ON if kept and self.to_be_had(us, orders) else None

    def to_be_had(self, us: int, orders: Orders) -> bool:
        """Whether somebody at the button certainly gets supply."""
        if orders.cut_us is not None and us >= orders.cut_us:
            return False
        deferred = orders.defer_us is not None and us < orders.defer_us
        free = deferred or not orders.prepayment
        return free or self.balance_cents(us, orders)[0] > CLOSE_CENTS

    def after_cut(self, us: int, orders: Orders) -> Must | None:
        """T2 has come: either until the meter must know, then off; 10 A with a limiter."""
        cut_us = orders.cut_us
        assert cut_us is not None
        if orders.heard_us >= cut_us or not self.powered_since(cut_us, us):
            return None
        if orders.limiter:
            return Must.LIMITED
        if self.unclear(cut_us, us):
            return None
        if us >= cut_us + self.late_us(cut_us):
            return Must.OFF
        if self.dark(cut_us):  # for another reason, before, or none: it stays so
            return Must.OFF
        return Must.OFF if self.dark(us) else Must.EITHER

    def must_be_limited(self, us: int) -> bool:
        """Whether T2 has come, certainly, for a home that is limited in place of a cut."""
        orders = self.orders(us)
        cut_us = None if orders is None or not orders.limiter else orders.cut_us
        if orders is None or cut_us is None or orders.heard_us >= cut_us:
            return False
        clear = self.powered_since(cut_us, us) and not self.unclear(cut_us, us)
        return clear and us > cut_us + self.late_us(cut_us) + WORK

    def by_credit(self, us: int, orders: Orders) -> Must | None:
        """Apply the ordinary rules to a home that is fed."""
        if not orders.prepayment:
            return Must.ON
        defer_us = orders.defer_us
        if defer_us is not None:
            if us < defer_us:
                return Must.ON
            if self.unclear(defer_us, us) or us < defer_us + self.late_us(defer_us):
                return None
        low, high = self.balance_cents(us, orders)
        if low > CLOSE_CENTS:
            return Must.ON
        asked = self.last(_KEYS, us) is not None  # perhaps there is emergency credit, to be repaid
        if high > -CLOSE_CENTS - asked * self.household.model.credit.emergency_cents:
            return None
        if self.sheltered(us):
            if asked or self.perhaps_over(us, orders):
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

    def of(self, kinds: Collection[What]) -> tuple[list[int], list[Event]]:
        """Return the events of some kinds, and their instants."""
        if kinds not in self.kinds:
            found = [event for event in self.events if event.what in kinds]
            self.kinds[kinds] = ([event.at_us for event in found], found)
        return self.kinds[kinds]

    def last(self, kinds: Collection[What], us: int) -> Event | None:
        """Return the last event of some kinds up to an instant."""
        instants, found = self.of(kinds)
        index = bisect_right(instants, us)
        return found[index - 1] if index else None

    def between(self, kinds: Collection[What], from_us: int, us: int) -> list[Event]:
        """Return the events of some kinds after one instant and up to another."""
        instants, found = self.of(kinds)
        return found[bisect_right(instants, from_us) : bisect_right(instants, us)]

    def powered(self, us: int) -> bool:
        last = self.last(_POWER, us)
        return last is None or last.what is What.POWER_BACK

    def powered_since(self, from_us: int, us: int) -> bool:
        return self.powered(from_us) and not self.between(_POWER, from_us - SETTLED, us)

    def unclear(self, from_us: int, us: int) -> bool:
        """Whether a meter may have been unsure of the time at an instant, or has been since.

        A clock that counts legal time may have been at its step when power failed.
        """
        last = self.last(_DOUBTS, from_us)
        if last is not None and last.what is What.CLOCK_DOUBTED:
            return True
        offsets = {self.legal(at).utcoffset() for at in (self.start_us - DAY, us, us + DAY)}
        steps = self.household.model.rtc_base == "legal" and len(offsets) > 1
        lost = bool(self.of((What.POWER_LOST,))[0])
        return (steps and lost) or bool(self.between(_DOUBTS, from_us - SETTLED, us))

    def moved_as_it_may(self, us: int) -> bool | None:
        """Whether the last move of the switch was lawful; `None` if that is not judged.

        The reference is believed where nothing is judged: it is the judge that is tested.
        """
        last = self.last(_MOVES, us)
        if last is None:
            return True
        if last.at_us not in self.lawful:
            before = self.must(last.at_us - 1)
            allowed = {What.OPENED: {Must.OFF, Must.EITHER}, What.CLOSED: {Must.ON, Must.EITHER}}
            judged = None if before is None else before in allowed[last.what]
            self.lawful[last.at_us] = self.right if judged is None else judged
        return self.lawful[last.at_us]

    def dark(self, us: int) -> bool:
        last = self.last(_MOVES, us)
        return not self.begins_on if last is None else last.what is What.OPENED

    # What was announced --------------------------------------------------------------------------

    def orders(self, us: int) -> Orders | None:
        """Return what was heard up to an instant; `None` where that is not judged."""
        return self.heard[bisect_right(self.heard_us, us) - 1][1]

    def cards_heard(self) -> list[tuple[int, Orders | None]]:
        """Return what counts from when on, by each card that was put in.

        `None` is for what is not known: a card that was refused, or that may have expired, until
        the next one is obeyed; and a date that was called off when it had come, until a
        reactivation.
        """
        household = self.household
        events = {event.visit: event for event in self.of(_CARDS)[1]}
        card = Orders(None, None, household.limiter, household.prepayment, 0, self.start_us,
                      lifted=False)  # fmt: skip
        heard: list[tuple[int, Orders | None]] = [(self.start_us, card)]
        expires = household.first_card.expires_us
        perhaps = set[int]()  # the dates of a cut that a meter may have heard of
        for number, visit in enumerate(household.visits):
            if visit.desk is not None:
                if visit.desk.new_card is not None:
                    expires = visit.desk.new_card.expires_us
                card = self.written(card, number)
                if visit.desk.tariff is not None or visit.desk.mwh_per_unit:
                    return [*heard, (visit.at_us, None)]  # another account
            elif number in events:
                at_us, served = events[number].at_us, events[number].what is What.CARD_SERVED
                if visit.kind is not VisitKind.INSERT:
                    return [*heard, (at_us, None)]
                sure = served and (expires is None or at_us < expires - HOUR)
                lifted = sure and card.lifted
                perhaps = set() if lifted else perhaps
                come = any(cut_us <= at_us for cut_us in perhaps - {card.cut_us})
                new = card._replace(heard_us=self.since_us(heard[-1][1], card, at_us))
                heard.append((at_us, new if sure and not come else None))
                perhaps |= set() if card.cut_us is None else {card.cut_us}
        return heard

    @staticmethod
    def since_us(before: Orders | None, now: Orders, at_us: int) -> int:
        """Return since when an order counts: a card put in again brings nothing new."""
        if before is None:
            return at_us
        same = (before.defer_us, before.cut_us, before.limiter) == (
            now.defer_us, now.cut_us, now.limiter
        )  # fmt: skip
        return before.heard_us if same else at_us

    def written(self, card: Orders, number: int) -> Orders:
        """Return what is on a card after a visit to the office."""
        desk = self.household.visits[number].desk
        assert desk is not None, "a visit to the office has its orders"
        if desk.torn:
            return card
        if desk.reactivate:
            card = card._replace(defer_us=None, cut_us=None, lifted=True)
        return card._replace(
            defer_us=card.defer_us if desk.defer_us is None else desk.defer_us,
            cut_us=card.cut_us if desk.cut_us is None else desk.cut_us,
            limiter=card.limiter if desk.limiter is None else desk.limiter,
            prepayment=card.prepayment if desk.prepayment is None else desk.prepayment,
            loaded_cents=card.loaded_cents + desk.load_cents,
            lifted=card.lifted and desk.cut_us is None and desk.defer_us is None,
        )

    # Clock and money -----------------------------------------------------------------------------

    def late_us(self, at_us: int) -> int:
        """Return L = 2u + poll + work."""
        clock, setting = self.household.model.clock, self.last((What.CLOCK_SET,), at_us)
        set_us = self.household.clock_set_us if setting is None else setting.at_us
        passed = Fraction(max(0, at_us - set_us), SECOND)
        drift = passed * clock.drift_bound_ppb / 1_000_000_000
        u_s = clock.set_error_s + -(-drift.numerator // drift.denominator)
        writing_us = 0 if setting is None else 2 * WRITING
        return (2 * u_s + self.household.model.poll_s) * SECOND + writing_us + WORK

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
        orders = self.orders(us)
        return 0 if orders is not None and self.deferred(orders, us + HOUR) else 1

    def surely(self, us: int) -> int:
        """Whether energy of that hour surely costs something: a limiter may hold the load down."""
        orders = self.orders(us)
        if orders is None or orders.limiter or self.deferred(orders, us - 2 * HOUR):
            return 0
        return 0 if orders.defer_us is not None and self.unclear(orders.defer_us, us) else 1

    def deferred(self, orders: Orders, us: int) -> bool:
        """Whether the account stands still at an instant."""
        if not orders.prepayment:
            return True
        if orders.defer_us is None or self.household.model.deferral_accounting != "suspended":
            return False
        return us < orders.defer_us

    def fed_share(self, from_us: int, to_us: int) -> Fraction:
        """Return the part of a span in which energy could flow, by what was seen of the switch."""
        changes = sorted(
            {from_us, to_us, *(e.at_us for e in self.between(_DEEDS, from_us, to_us - 1))}
        )
        fed = 0
        for start, end in pairwise(changes):
            shut = self.last(_APPLIANCES, start)
            power = self.powered(start) or self.household.model.energy == "gas"
            if not self.dark(start) and power and (shut is None or shut.what is What.LIT):
                fed += end - start
        return Fraction(fed, to_us - from_us)
