"""An ideal meter: exact in time and money, and it never saw the firmware.

It takes in what people did and what was seen of the real meter. Where the real one may decide by
its clock, within its model's bounds, the ideal one follows what was seen. So each of its facts is
`NO`, `MAY` or `SURE`. `obligations.py` derives from them what the supply must be.
"""

# Theory
# ======
#
# A list of cuts does not show whether a household was supplied as announced: people are late with
# cards, power fails, clocks are off by minutes and the meter may act at any moment within that. One
# could compute the single right answer for a perfect clock and allow "about ten minutes". That
# allows an early cut at T - 9 min, the one thing that must never happen.
#
# So the judge runs a second meter next to the real one. It knows true time and exact money, but not
# what the real meter's clock said. Where the real one may lawfully decide either way, this one does
# not decide. It says `MAY`, waits, and takes what was *seen* for its own state. Each fact is then a
# small interval in time:
#
#     T1 or T2      NO/SURE before it | MAY in [T, T + L] | SURE/NO after it
#     credit        two balances, `low` and `high`, of a meter that charged the most and the least
#
# and L = 2u + one look + the work time (`Knowledge.late_us`). The interval is as wide as physics
# makes it, and not a microsecond wider: it opens at T exactly.
#
# What it may look at
# -------------------
#
# Only what a person in the house could: the switch, lamps, the limiter, power in the street, the
# keys, and whether a card was obeyed. Never a register, an account or an order that the program
# holds. A lamp that says "I do not know the time" is believed only with a cause (`Knowledge`), or a
# program could excuse itself from every promise by lighting it.
#
# How `MAY` ends
# --------------
#
# 1. Time passes T + L: it is `SURE` without anything being seen.
# 2. The switch moves in the direction of the reason: the fact has happened (`_open`, `_close`).
# 3. Another order replaces it. Then nobody can see whether the meter had acted on the old one, and
#    `_hear` decides: if supply is still on, it has not cut; if it is off, it may have for that.
#
# Doubts
# ------
#
# Rule 3 is the weakest. With supply off for two possible reasons we keep `MAY` until a
# reactivation, so a program that forgets an order exactly there gets away with it. Only a story in
# which one reason is possible finds it, and enough of those are drawn.
#
# What is known for certain are the attributes of `Ideal`. What is not lies apart, as objects with a
# cause, a beginning and an end: of the clock in `Knowledge`, of the last seconds in `unsure.py`. A
# card of which nobody can see whether it was heard is neither: the household is judged once for
# each possibility (`unheard.py`). A naive oracle in the tests keeps all this honest: it is asked of
# one instant at a time, and shares no line with this one.

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, unique
from typing import Final, final

from meter_emu.units import HOUR_US, SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.judge.account import ExactAccount, Flow
from meter_emu.world.judge.forks import Forks
from meter_emu.world.judge.hours import ZoneHours
from meter_emu.world.judge.knowledge import Knowledge
from meter_emu.world.judge.outcome import WORK_US
from meter_emu.world.judge.overdue import Full, Overdue
from meter_emu.world.judge.promise import (
    CardShown,
    Promise,
    PromiseKind,
    cards_shown,
    first_promise,
    with_loads,
)
from meter_emu.world.judge.shelter import FavoursHad, Given
from meter_emu.world.judge.unsure import WATCHED_US, Asked, Testing, Unsure
from meter_emu.world.meter.events import Event, What, beginning_of

FOREVER_US: Final = 2**63
# Tuples: members are found in them without a hash.
_CARDS: Final = (What.CARD_SERVED, What.CARD_REFUSED)
_LIMITER: Final = (What.LIMITED, What.UNLIMITED)
_CLOCK: Final = (What.CLOCK_DOUBTED, What.CLOCK_TRUSTED)
_APPLIANCES: Final = (What.SHUT, What.LIT)
_KEYS: Final = (What.KEY_PRESSED, What.KEY_HELD)
HELD_MS: Final = 4_000  # how long the rehearsed person holds a button


@final
@unique
class Sure(IntEnum):
    """How certain a fact is."""

    NO = 0
    MAY = 1
    SURE = 2


@final
@dataclass(slots=True)
class Due(Forks):
    """A cut that came due: T2 as announced, since when, and what became of it."""

    cut_us: int
    from_us: int
    opened_us: int | None = None
    over_us: int | None = None  # when it was called off; `None` at the end
    fed: bool = True  # at that time
    unable: bool = False  # whether it did not know the time, or had no power, at that time
    waited: bool = False  # whether it was called off later than a sound clock explains


class Ideal(Forks):
    """The ideal meter of one household at `now_us`; `on` is where its switch belongs.

    `closed`, `limited` and `powered` are what was seen of the real one.
    """

    def __init__(self, household: Household, campaign: Campaign, events: Sequence[Event]) -> None:
        self.model: Final = household.model
        self._passes_unpowered: Final = household.model.measures.switch == "valve"
        self.protected_hours: Final = ZoneHours(household.model.window, household.model.zone)
        self.now_us = campaign.start_us
        self.promise = first_promise(household, campaign.start_us)
        self.orders = [self.promise]
        self.dues: list[Due] = []
        self.doubts: list[tuple[int, str | None]] = []
        self.overdue: Final = Overdue(self.protected_hours)
        self.knowledge: Final = Knowledge(household, campaign.start_us)
        self.account: Final = ExactAccount(household, self.promise)
        self.favours: Final = FavoursHad(household)
        begins = beginning_of(events)
        self.closed = self.on = begins.supply_on
        self.limited, self.powered, self.shut = bool(begins.limiter_a), True, False
        self.show(household, events)
        # Sure facts are kept (`_latch`); possible ones are computed from `now_us` when needed.
        # Carried over from an order that was replaced; why a used meter begins dark nobody knows.
        self._latch = Sure.MAY if household.image is not None and not self.on else Sure.NO
        self._reached_us: int | None = None  # the T2 of a cut that is latched for certain
        self.due_us = FOREVER_US  # since when the cut of the order in the meter is due
        self._defer_over = False
        self.unsure: Final = Unsure()
        self.ready_us: int | None = None  # since when only somebody at the button is missing
        self._debt_before: tuple[int, int, int] | None = None
        self._flow: Flow | None = None  # until the next change
        self._known_us: dict[int, int] = {}  # what `_sure_us` found since the last event
        self._ready()

    def show(self, household: Household, events: Sequence[Event]) -> None:
        """Take in which cards are put in, of all events from the beginning on."""
        cards = cards_shown(household, self.orders[0].from_us, events)
        self._cards: dict[int | None, CardShown] = {card.visit: card for card in cards}

    # Facts ---------------------------------------------------------------------------------------

    @property
    def limiter(self) -> bool:
        """Whether a limiter is granted."""
        return self.promise.limiter

    @property
    def blind(self) -> bool:
        """Whether the meter shows that it does not know the time, and has a cause."""
        return self.knowledge.doubted and self.knowledge.excused

    def programmed(self) -> Sure:
        """Whether T2 has come and nothing has lifted the cut since."""
        # Before T2 there is no doubt at all, however bad the clock: u is on the late side only,
        # since a meter acts when RTC - u has reached the end.
        if self._latch is Sure.SURE or self.now_us < self.due_us:
            return self._latch
        return Sure.SURE if self.now_us >= self._sure_us(self.due_us) else Sure.MAY

    def deferral(self) -> Sure:
        """Whether T1 is still to come."""
        defer_us = self.promise.defer_us
        if defer_us is None or self._defer_over:
            return Sure.NO
        if self.now_us < defer_us:
            return Sure.SURE
        return Sure.NO if self.now_us >= self._sure_us(defer_us) else Sure.MAY

    def used_up(self) -> bool:
        """Whether the ordinary rules may find no credit left."""
        # The dearer of the two balances: as soon as a right meter *may* find nothing left, a cut is
        # no longer wrong. It becomes *due* only when the cheaper one is empty too (`surely_empty`).
        return self.account.low <= 0

    def sheltered(self) -> bool:
        """Whether the non-disconnection period protects this household now."""
        ends = self.favours.shelter_may_end
        return not ends and self.account.debt_high == 0 and self.protected_hours.hold(self.now_us)

    def perhaps_sheltered(self) -> bool:
        """Whether that period runs and all emergency credit may be repaid."""
        ends = self.favours.shelter_must_end
        return not ends and self.account.debt_low == 0 and self.protected_hours.hold(self.now_us)

    def credit_open(self) -> bool:
        """Whether the ordinary rules allow a cut for lack of credit."""
        open_ = self.promise.prepayment and self.used_up() and self.deferral() is not Sure.SURE
        return open_ and not self.sheltered()

    def feedable(self) -> Sure:
        """Whether somebody at the button would get supply."""
        programmed = Sure.NO if self.limiter else self.programmed()
        # A cut that may have come makes every answer below at most MAY: the button might do
        # nothing.
        if programmed is Sure.SURE:
            return Sure.NO
        if self.limiter or not self.promise.prepayment or self.account.low > 0:
            credit = Sure.SURE
        else:
            empty = self.account.surely_empty
            credit = max(self.deferral(), Sure.NO if empty else Sure.MAY)
        return min(credit, Sure.MAY) if programmed is Sure.MAY else credit

    def _sure_us(self, base_us: int) -> int:
        """Return when a meter surely knows that an instant has come."""
        known_us = self._known_us.get(base_us)
        if known_us is None:
            knowledge = self.knowledge
            # A meter without power or time learns nothing for that long. Once it knows the time
            # again (`since_us`) it has L from there, not from T: it could not look before.
            if self.blind or not self.powered:
                known_us = FOREVER_US
            else:
                from_us = max(base_us, knowledge.since_us)
                known_us = max(from_us + knowledge.late_us(from_us), self.unsure.starting.until_us)
            self._known_us[base_us] = known_us
        return known_us

    # Time ----------------------------------------------------------------------------------------

    def next_us(self, until_us: int) -> int:
        """Return the next instant at which something changes by itself, at most `until_us`."""
        # The list must be complete: between two of these instants no answer may change, or a span
        # is written that is wrong in its middle. A timer too many costs a turn, one too few a
        # verdict.
        now_us, next_us = self.now_us, until_us
        timers = [*self.unsure.ends_us(), self.due_us, self.account.looks_us]
        if now_us >= self.due_us and self._latch is not Sure.SURE:
            timers.append(self._sure_us(self.due_us))
        defer_us = self.promise.defer_us
        if defer_us is not None and not self._defer_over:
            timers.append(defer_us if now_us < defer_us else self._sure_us(defer_us))
        if self.ready_us is not None:
            timers.append(self.ready_us + WORK_US)
        if self.overdue.by_us is not None:
            timers.append(self.overdue.by_us + 1)
        if self.account.low <= 0 and self._window_counts():
            timers.append(self.protected_hours.next_change_us(now_us))
        timers += self.favours.ends_us(self._given())
        for us in timers:
            if now_us < us < next_us:
                next_us = us
        self._flow = self._flow_to(next_us)
        # When credit runs out depends on what flows until then, so it is computed last, in a span
        # in which nothing else changes.
        if self._flow is not None and self.account.high > 0:
            account = self.account
            empty_at_us = account.empty_at_us if account.low > 0 else account.surely_empty_at_us
            empty_us = empty_at_us(next_us, self._flow)
            if empty_us is not None and now_us < empty_us:
                next_us = empty_us
        return next_us

    def _given(self) -> Given:
        """Return whether the hours alone give the supply now, and how much of energy a unit is."""
        account, promise, deferral = self.account, self.promise, self.deferral()
        full = self.closed and not (promise.limiter and self.limited)
        anew = account.low > 0 or deferral is Sure.SURE or not promise.prepayment
        perhaps_anew = account.high > 0 or deferral is not Sure.NO or not promise.prepayment
        return Given(
            self.now_us,
            promise.mwh_per_unit,
            powered=self.powered,
            may=full and not anew,
            sure=full and not perhaps_anew and self.programmed() is Sure.NO,
            anew=anew,
            perhaps_anew=perhaps_anew,
            doubted=self.knowledge.doubted,
        )

    def _window_counts(self) -> bool:
        """Whether it is the non-disconnection period that says if a cut is allowed."""
        promise = self.promise
        shielded = not promise.prepayment or self.account.debt_low or self.deferral() is Sure.SURE
        return self.on and not shielded

    def pass_to(self, to_us: int) -> None:
        """Let time pass; nothing changes in it by itself before `to_us`, as `next_us` said."""
        # Money first, under the rules that held until now; then the new moment and what it changes.
        given, used_us = self._given(), self.account.used_units_us
        self.account.advance(to_us, self._flow)
        if self.favours.pass_to(to_us, given, self.account.used_units_us - used_us):
            self.account.part()
        before = self.deferral()
        self.now_us = to_us
        if to_us == self.due_us and not self.limiter:
            self._come_due()
        if self._latch is not Sure.SURE and self.programmed() is Sure.SURE:
            self._latch, self._reached_us = Sure.SURE, self.promise.cut_us
        if self.deferral() is not before:
            self.account.part()
            self._defer_over = self.deferral() is Sure.NO
        self.favours.take(self._given())
        self._watch_full()
        testing = self.unsure.testing
        if testing is not None and testing.flowed_us is not None and to_us >= testing.flowed_us:
            self.on = False  # something flows, so the valve belongs off, until somebody asks again
            self.unsure.asked = self.unsure.testing = None
        asked = self.unsure.pass_to(to_us, powered=self.powered)
        if asked is not None:
            self.on = self.on or (asked.surely and self.feedable() is Sure.SURE)
        self._ready()

    def _flow_to(self, to_us: int) -> Flow | None:
        """Return how energy flows until `to_us`, `None` for none."""
        if self.shut or not self.closed or not (self.powered or self._passes_unpowered):
            return None
        promise = self.promise
        suspended = self.model.deferral_accounting == "suspended"
        deferral = self.deferral() if suspended else Sure.NO
        return Flow(
            # In [T1, T1 + L] a right meter may charge or defer: the highest and the lowest cost
            # part here, and with them `low` and `high`. They never meet again and need not.
            may_cost=promise.prepayment and deferral is not Sure.SURE,
            must_cost=promise.prepayment and deferral is Sure.NO,
            doubted=self.knowledge.doubted,
            day_may=self.favours.night_may_end,
            day_must=self.favours.night_must_end,
            within_us=self.knowledge.within_us(to_us) if promise.pricing.bi_hourly else 0,
            # As the lamp shows it; without power it is forgotten, and the start sets it again.
            may_limit=self.limited,
            must_limit=self.limited and self.now_us >= self.unsure.starting.until_us,
        )

    def _watch_full(self) -> None:
        """Find a household that should have been cut or limited, and was not."""
        full = self.on and self.closed and self.powered and not (self.limiter and self.limited)
        over = self.favours.shelter_must_end  # at any hour, known to the meter or not
        by_order = full and self.limiter and self.programmed() is Sure.SURE
        unpaid = full and self._surely_unpaid(over=over)
        any_hour = over or bool(self.account.debt_low)
        ready_us = max(self.now_us, self.unsure.starting.until_us)
        supply = Full(self.now_us, ready_us, self.limiter, by_order, unpaid, any_hour, over)
        self.overdue.watch(supply, self.knowledge)

    def _surely_unpaid(self, *, over: bool) -> bool:
        """Whether there is certainly no credit and no rule that gives supply without it."""
        surely = (over or not self.knowledge.doubted) and self.programmed() is Sure.NO
        surely = surely and self.unsure.testing is None and self.account.high <= 0
        surely = surely and not self.perhaps_sheltered()
        return surely and self.credit_open() and self.deferral() is Sure.NO

    def _come_due(self) -> None:
        assert self.promise.cut_us is not None, "what comes due was ordered"
        self.dues.append(Due(self.promise.cut_us, self.now_us, fed=self.closed))

    def _ready(self) -> None:
        """Record since when only a person at the button is missing."""
        waits = not self.on and self.powered and self.feedable() is Sure.SURE
        waits = waits and self.now_us >= self.unsure.starting.until_us
        if not waits:
            self.ready_us = None
        elif self.ready_us is None:
            self.ready_us = self.now_us

    # Events --------------------------------------------------------------------------------------

    def take(self, event: Event, *, either: bool) -> None:
        """Take in an event at `now_us`; `either` is whether the row allows supply on and off."""
        what = event.what
        # Knowledge first: whether a lamp or a reset excuses what follows must be known before it is
        # judged.
        groundless = self.knowledge.take(event)
        ended = bool(self.doubts and self.doubts[-1][1]) and not self.knowledge.doubted
        if groundless is not None or ended:
            self.doubts.append((self.now_us, groundless))
        self._known_us.clear()
        if what in _CARDS and event.visit in self._cards:
            self._show(self._cards[event.visit])
        elif what is What.OPENED:
            self._open(either=either and self._can_move)
        elif what is What.CLOSED:
            self._close(either=either and self._can_move)
        elif what in _LIMITER:
            self._limit(limited=what is What.LIMITED)
        elif what in _CLOCK:
            self.account.lamp()
        elif what in _APPLIANCES:
            self._shut(shut=what is What.SHUT)
        elif what is What.POWER_LOST:
            self._lose_power(either=either)
        elif what is What.POWER_BACK:
            self._regain_power()
        elif what in _KEYS:
            held_ms = HELD_MS if what is What.KEY_HELD else 0
            if event.detail == self.model.rearm.key and held_ms >= self.model.rearm.hold_ms:
                self._ask()
        self.favours.take(self._given())
        self._ready()

    def _limit(self, *, limited: bool) -> None:
        self.limited = limited
        self.account.lamp()
        if limited and self.limiter and self.powered:  # in place of a cut, which it knows of
            self._know_of_cut()
        # A meter that has limited, and may not stop, is not waiting for its next look.
        self.overdue.unlimited_us = None if limited else self.now_us
        self._watch_full()

    def _shut(self, *, shut: bool) -> None:
        self.shut = shut
        if shut and self.unsure.testing is not None:
            self.unsure.testing.flowed_us = None  # nothing flows any more

    def _show(self, shown: CardShown) -> None:
        """Hear a card that the meter may still obey."""
        expires_us = shown.expires_us
        if expires_us is not None and shown.at_us >= expires_us:
            knowledge = self.knowledge
            # The meter decides expiry by its clock, as it does T1 and T2. Within 2u both are right,
            # and what was seen says which it was; later than that, or not served, the card is as if
            # it had never been put in.
            known_us = expires_us + 2 * knowledge.within_us(expires_us) + WORK_US
            open_ = shown.at_us < known_us or knowledge.doubted
            if not (open_ and shown.served):
                return
        promise = shown.on_card
        if (promise.limiter and not self.model.limiter_a) or (
            promise.pricing.bi_hourly and self.model.night is None
        ):  # an order that this model refuses, whole; the credit next to it is heard
            promise = with_loads(self.promise, promise)
        # Compared without its date: a card put in twice brings nothing new, and must not restart L.
        promise = replace(promise, from_us=self.promise.from_us)
        if promise != self.promise:
            self._hear(replace(promise, from_us=self.now_us))

    def _hear(self, promise: Promise) -> None:
        # In this order: whether the old T2 had come is asked before the new order makes it
        # unanswerable.
        old, programmed = self.promise, self.programmed()
        self._call_off(old, promise)
        if (old.defer_us, old.prepayment) != (promise.defer_us, promise.prepayment):
            self.account.part()
            self._defer_over = False
        self.account.hear(promise)
        moved = promise.cut_us != old.cut_us or promise.kind is not old.kind
        reached_us = self._reached_us if self._latch is Sure.SURE else old.cut_us
        later = self._latch is not Sure.MAY and promise.lifts_cut(self.model, reached_us)
        if later or promise.kind is PromiseKind.REACTIVATED:
            self._latch = Sure.NO
        elif programmed is Sure.MAY and moved:
            # Supply still on: the meter has not acted on the old date, and the new one has taken
            # its place. Off or limited for any reason: unknown.
            fed = self.closed and not old.limiter
            self._latch = Sure.NO if fed else Sure.MAY
        elif programmed is Sure.SURE and self._latch is not Sure.SURE:
            self._latch, self._reached_us = Sure.SURE, self.promise.cut_us
        self.promise = promise
        self.orders.append(self.promise)
        if promise.cut_us is None:
            self.due_us = FOREVER_US
        elif moved:
            self.due_us = max(promise.cut_us, self.now_us)
        if self.due_us <= self.now_us and not promise.limiter and (moved or old.limiter):
            self._come_due()

    def _call_off(self, old: Promise, promise: Promise) -> None:
        """Close the account of a cut that another order ends."""
        changed = promise.cut_us != old.cut_us or promise.kind is not old.kind
        if self.dues and self.dues[-1].over_us is None and (changed or promise.limiter):
            self.end(called_off=True)

    def end(self, *, called_off: bool) -> None:
        """Record the state of the last cut when it was called off, or at the end."""
        if not self.dues or self.dues[-1].over_us is not None:
            return
        due = self.dues[-1]
        due.fed = self.closed
        due.unable = self.blind or not self.powered
        due.waited = self.now_us > due.from_us + self.knowledge.late_us(due.from_us)
        due.over_us = self.now_us if called_off else None

    def _open(self, *, either: bool) -> None:
        # `closed` always follows what is seen. `on` is where the switch *belongs*; it follows only
        # where the row says that it may be either: a cut against the row changes what is, not what
        # is due.
        self.closed = False
        if self.dues and self.dues[-1].over_us is None and self.dues[-1].opened_us is None:
            self.dues[-1].opened_us = self.now_us
        if not (self.on and either):
            return
        self.on = False
        testing = self.unsure.testing
        if self.credit_open() or (self.powered and testing is None):
            self._know_of_cut()
        if testing is not None:
            flowed = self.account.used_units_us > testing.used_units_us
            if flowed or self.programmed() is not Sure.NO:
                self.unsure.asked = None  # something flowed, or T2 came: somebody asks again
        self.unsure.testing = None

    def _know_of_cut(self) -> None:
        """Conclude from a lawful cut, or a limit in its place, what the meter must have known."""
        if self.credit_open():
            # Its own register told the meter that credit was gone, and it was allowed to act on
            # that: from now on the exact account must not claim otherwise by a fraction of a unit.
            if self.programmed() is Sure.NO:
                self.account.empty()
                self._defer_over = True
        elif self.programmed() is Sure.MAY:
            self._latch, self._reached_us = Sure.SURE, self.promise.cut_us

    def _close(self, *, either: bool) -> None:
        self.closed = True
        if self.on or not either:
            return
        self.on = True
        asked = self.unsure.asked
        if asked is not None and self.model.rearm.tightness_s:
            asked.until_us = self.now_us + self._test_us + WORK_US
            # A unit of the register is seen when it is whole, and may have begun before.
            seen_us = None if self.shut else self.account.used_by_us(self.now_us, 2 * HOUR_US)
            flowed_us = None if seen_us is None else seen_us + WATCHED_US
            self.unsure.testing = Testing(asked.until_us, self.account.used_units_us, flowed_us)

    @property
    def _can_move(self) -> bool:
        """Whether a move may follow a rule: without power none can, but one that had begun."""
        return self.powered or self.unsure.starting.moving

    @property
    def _test_us(self) -> int:
        return self.model.rearm.tightness_s * SECOND_US

    def _ask(self) -> None:
        """Let somebody ask for supply; without credit, that takes the emergency credit."""
        if not self.powered:
            return
        self._take_emergency()
        surely = not self.on and self.feedable() is Sure.SURE
        asked = Asked(self.now_us + WORK_US, surely=surely)
        if self.on:
            # Pressing while the meter is about to cut is lawful either way: one look finds both. A
            # key still held when it has cut counts from then on, for as long.
            if self.credit_open():
                asked.until_us += self.model.rearm.hold_ms * 1_000
                self.unsure.asked = asked
        elif self.feedable() is Sure.NO:
            return
        elif self.closed:  # it closed unasked, and now it was asked
            self.on = True
        else:
            self.unsure.asked = asked

    def _take_emergency(self) -> None:
        promise, account = self.promise, self.account
        if self.on and not self.credit_open():
            return
        # Kept for a power failure right after it: the press may or may not have been saved.
        self._debt_before = (self.now_us, account.debt_low, account.debt_high)
        if not promise.prepayment or promise.limiter or account.low > 0:
            return
        deferral, programmed = self.deferral(), self.programmed()
        if Sure.SURE in {deferral, programmed}:
            return  # there the button only reconnects, or does nothing
        surely = not self.on and account.surely_empty and deferral is programmed is Sure.NO
        account.take_emergency(surely=surely)

    def _lose_power(self, *, either: bool) -> None:
        self.powered = False
        # A relay takes a moment to move. Power that fails just then leaves it on either side.
        self.unsure.lose_power(moving=either)
        account = self.account
        account.lose_power()
        if self._debt_before is not None and self.now_us - self._debt_before[0] <= WORK_US:
            account.forget_emergency(self._debt_before[1])

    def _regain_power(self) -> None:
        self.powered = True
        started_us = self.now_us + self.model.boot_ms * 1000 + WORK_US
        self.unsure.starting.until_us = started_us
        self.account.start(started_us, self.knowledge.within_us(self.now_us))
        self._known_us.clear()
        self.ready_us = None
