"""The meter's rules over one state at one moment. No ports here: numbers in, numbers out.

A poll loads the state, makes a `MeterRules` of it and of one reading of clock and register, lets it
settle, and saves what changed. Blocks, shields and permission are always computed, never stored.
"""

# Theory
# ======
#
# A poll answers one question: with this state, this clock and this register, where does the switch
# belong? The answer is never stored. What is stored is what cannot be found out again:
#
# 1. the orders, as the card brought them (`defer_end`, `cut_end`, prepayment, limiter, tariff);
# 2. what has come and needs no clock any more (`DEFERRAL_OVER`, `CUT_LATCHED`): a clock that stops
#    on 4 July must not give back what was cut on 3 July;
# 3. the account up to the last booking;
# 4. the supply state, because *ready* is a memory: nothing but a person ends it.
#
# Blocks, shields and permission follow from these by the tables of `supply.py`. What is found anew
# at each look can be wrong for one look only.
#
# Time enters through three doors, and each trusts the clock differently (`trust.Now`):
#
# - ends of orders need `dated`: RTC - u is never ahead of the truth, so no end is acted on early;
# - hours of the day need `trusted`: both sides are known. Without it they count as running where
#   that favours the household (the window, the night);
# - energy needs no clock: the register runs free, and 32 bits of it wrap.
#
# Invariants
# ----------
#
# - Booked before a change. Whatever alters price, account, supply or trust calls `book` first, so
#   that energy is charged under the rules it was used by. A new rule that forgets this is not seen
#   at once, but as a few cents in a law of conservation.
# - Settling twice is settling once. `obey` settles, and so does the poll that it is part of.
# - Each wait of `sleep` comes from the number that the decision itself uses. So a part that is
#   swapped, or wrong, is wrong in both, and no hint hides what it does.
#
# Doubts
# ------
#
# `settle` moves the supply once and does not repeat until nothing moves any more. Today a second
# turn could move nothing: a move books, booking raises no balance, and a shield never closes. A
# rule by which a move itself feeds a home would break that, and nothing here would say so.

from typing import Final, NamedTuple

from card_protocol.timestamp import EPOCH_2000_MIN, MINUTES_NONE
from meter_emu.domain import Contents, Identity, Result
from meter_emu.firmware.ends import LegalHours
from meter_emu.firmware.layouts import (
    BY_DAY,
    BY_NIGHT,
    EVENT_CODE_AT,
    EVENT_SIZE_BYTES,
    EventCode,
    Factory,
    FactoryFlags,
    Health,
    Rate,
    State,
    StateFlags,
    Supply,
    journalled_lately,
)
from meter_emu.firmware.parts import Parts
from meter_emu.firmware.supply import (
    ALLOW,
    NO_SHIELD,
    Block,
    Cue,
    Permission,
    Shield,
    blocks_of,
    next_supply,
    paid_or_excused,
    permission,
    settle,
    sheltered,
    shields_of,
)
from meter_emu.firmware.trust import (
    EPOCH_2000_DAYS,
    EPOCH_2000_S,
    STAMP_AHEAD_MAX_S,
    Now,
)
from meter_emu.ports import SECONDS_A_DAY, Sleep
from meter_emu.units import UEUR_PER_CENT

_U24_MAX: Final = 0xFFFFFF
_U32: Final = 0xFFFFFFFF

# The display's choice when credit and order have different results: the most telling one, last.
_TELLING: Final = (
    Result.NONE,
    Result.ALREADY_EXECUTED,
    Result.EXECUTED,
    Result.LATER_END_TAKEN,
    Result.PENDING,
)


class Standing(NamedTuple):
    """A meter's state: its reasons to cut, its permitted supply, its credit.

    `balance_ueur` has the energy not booked yet taken off; shields are looked at under a block.
    """

    blocks: Block
    shields: Shield
    permission: Permission
    balance_ueur: int


# Doubt: this class is as long as a file may be, and each rule makes it longer. Cut in two, each
# half would hold part of the same state; nobody has found the seam.
class MeterRules:
    """One state, one reading, the rules between them. Changes `state` in place. A part."""

    __slots__ = ("beeping", "factory", "now", "parts", "register_units", "state", "ticks_ms")

    def __init__(
        self,
        parts: Parts,
        factory: Factory,
        state: State,
        now: Now,
        *,
        ticks_ms: int,
        register_units: int,
    ) -> None:
        self.parts = parts
        self.factory = factory
        self.state = state
        self.now = now
        self.ticks_ms = ticks_ms
        self.register_units = register_units
        self.beeping = False

    # What follows from the state -----------------------------------------------------------------

    def standing(self) -> Standing:
        """Return the meter's state at this moment."""
        state = self.state
        balance_ueur = self.parts.ledger.balance_ueur(state, self.register_units)
        blocks = blocks_of(
            programmed=state.flags & StateFlags.CUT_LATCHED != 0,
            credit=state.flags & StateFlags.PREPAYMENT_ON != 0 and balance_ueur <= 0,
        )
        if not blocks:  # the usual case: no shield matters
            return Standing(blocks, NO_SHIELD, ALLOW, balance_ueur)
        granted, shields = state.flags & StateFlags.LIMITER_GRANTED != 0, self.shields()
        allowed = permission(blocks, shields, limiter_granted=granted)
        return Standing(blocks, shields, allowed, balance_ueur)

    def deferral_holds(self) -> bool:
        """Whether T1 is still to come. With an untrusted clock an armed deferral holds."""
        # The flag first: once T1 was seen to come, no clock that is set back, or lost, brings it
        # again.
        if self.state.flags & StateFlags.DEFERRAL_OVER:
            return False
        end, ends = self.state.defer_end, self.parts.ends
        return ends.armed(end) and not (self.now.dated and ends.due(end, self.now))

    def shields(self) -> Shield:
        """Return the shields against lack of credit."""
        return shields_of(
            deferral=self.deferral_holds(),
            window=self._shelters() and self.parts.windows.may_run(self.now, self.factory),
            prepayment_off=not self.state.flags & StateFlags.PREPAYMENT_ON,
        )

    def _shelters(self) -> bool:
        """Whether the window shields while it runs."""
        # Emergency credit is the household's way through the night or the weekend. Who has taken it
        # and not repaid gets no second shelter from the window (a rule of the published texts).
        return not self.state.emergency_debt_ueur and not self.parts.favours.shelter_ends(
            self.state, self.factory, self.register_units
        )

    def rate(self) -> Rate:
        """Return which price the energy now flowing costs: the lower one where it may be night."""
        if not self.parts.ledger.bi_hourly(self.state):
            return BY_DAY
        # In doubt the lower price: the household cannot know that its meter's clock is doubted. But
        # not for ever: the display has said what is left of it, and the office refunds the rest.
        favours = self.parts.favours
        if not self.now.trusted and favours.night_ends(self.state, self.register_units):
            return BY_DAY
        return BY_NIGHT if self.parts.nights.may_run(self.now, self.factory) else BY_DAY

    # What time and events do ---------------------------------------------------------------------

    def note(self, code: EventCode, detail: int = 0) -> None:
        """Journal an event: minutes since 2000 UTC (FFFFFFFF unknown), code, 24 bits of detail."""
        minute = self._now_min().to_bytes(EVENT_CODE_AT, "big")
        entry = minute + bytes([code]) + min(detail, _U24_MAX).to_bytes(3, "big")
        self.state.events = entry + self.state.events[:-EVENT_SIZE_BYTES]

    def _now_min(self) -> int:
        """Return the minute that is journalled with an event of now, since 2000 UTC."""
        since_2000_s = self.now.utc_s - EPOCH_2000_S
        return since_2000_s // 60 if since_2000_s >= 0 else MINUTES_NONE

    def keep_time(self, *, powered_on: bool) -> bool:
        """Journal the time; return whether the clock was lost, or still is at a power-up."""
        # Once an RTC day, after a power-up, and at once on a loss of trust.
        state, now = self.state, self.now
        lost = powered_on and not now.dated
        if powered_on:
            self.note(EventCode.POWER_ON)
            self.parts.favours.powered_up(state, self.ticks_ms)
        # The loss is journalled at the moment it is seen, not at the next day: an office that reads
        # the card has to see since when what the meter says about time is worth nothing.
        if state.health != now.health:
            self.book()
            state.health = now.health
            lost = not now.dated
            self.note(EventCode.CLOCK_LOST, now.health)
            if state.order_result == Result.EXECUTED and self._waiting():
                state.order_result = Result.PENDING
        if lost:
            state.lost_by = now.health
        day = now.day - EPOCH_2000_DAYS
        # A day in the RTC's own count, as it needs no zone: a defect in the calendar must not keep
        # the meter from journalling. A power-up always: how long the outage was is known only now.
        if now.dated and (powered_on or day != state.last_day):
            self.book()
            self._tick_ends()
            self.journal_time()
        elif self._journal_wait_s() <= 0:
            self.journal_time()
        return lost

    def _journal_wait_s(self) -> int:
        """Return seconds until the time is journalled again, but for midnights."""
        wait_s = self.parts.trust.journal_wait_s(self.now, self.state)
        return wait_s if wait_s < SECONDS_A_DAY and self._ends_ahead() else SECONDS_A_DAY

    def journal_time(self) -> None:
        """Record the time and the ticks of this moment, to compare the next readings with."""
        self.state.last_time_s = self.now.utc_s - EPOCH_2000_S
        self.state.last_ticks_ms = self.ticks_ms
        self.state.last_day = self.now.day - EPOCH_2000_DAYS
        self.state.certain_s = self.certain_s - EPOCH_2000_S

    @property
    def certain_s(self) -> int:
        """An instant that has certainly passed: no clock card moves the clock back past it."""
        return self.parts.trust.certain_s(self.now, self.state)

    def judge_stamp(self, stamp_s: int) -> Result:
        """Compare the desk's stamp with a clock that was set at the meter.

        Return `STAMP_AHEAD` and dispute the clock if the stamp is further ahead than an office's
        clock may be. The same stamp disputes it only once: a clock card's word since then stays.
        """
        now, state = self.now, self.state
        if not now.set_here or stamp_s <= now.late_s + STAMP_AHEAD_MAX_S:
            return Result.NONE
        stamp_min = stamp_s // 60 - EPOCH_2000_MIN
        # Office or clock is wrong, and nothing here can tell which. Ends go on by RTC - u, so no
        # wrong office can cut a home early; what favours the household counts as running until a
        # clock card. Only a later stamp disputes again: the same card put in twice must not undo
        # what a technician has settled in between.
        if stamp_min > state.refused_stamp_min:
            self.book()
            state.refused_stamp_min, state.health = stamp_min, Health.DISPUTED
            self.now = now._replace(health=Health.DISPUTED)
            self.note(EventCode.CLOCK_LOST, Health.DISPUTED)
        return Result.STAMP_AHEAD

    def book(self) -> None:
        """Book the energy since the last booking to the current account."""
        self.parts.ledger.book(self.state, self.register_units)

    def settle(self) -> Standing:
        """Let everything that is due happen: the cut, the account, the supply, the beep."""
        state = self.state
        self.parts.favours.count(state, self.factory, self.ticks_ms)
        # The order matters. T1 decides which account the energy until now belongs to, the account
        # decides what is booked, and only then is the balance one that can be compared with
        # nothing.
        holds = self._latch_ends()
        account = self.parts.ledger.account(state, self.factory, deferral_holds=holds)
        rate = self.rate()
        if account != state.account or rate != state.rate:
            self.book()
            state.account, state.rate = account, rate
        standing = self.standing()
        supply = settle(state.supply, standing.permission)
        if supply != state.supply:
            self._move(supply)
            standing = self.standing()
        blocks, shields = standing.blocks, standing.shields
        alone = bool(blocks) and supply == Supply.CONNECTED and sheltered(blocks, shields)
        anew = not blocks or paid_or_excused(blocks, shields)
        follow = self.parts.favours.follow
        follow(state, self.factory, self.ticks_ms, self.register_units, alone=alone, anew=anew)
        low_ueur = self.factory.low_credit_cents * UEUR_PER_CENT
        # Once for each load, and not at all for a home that is out of credit already: the beep is
        # to send somebody to a shop in time.
        if not state.flags & StateFlags.LOW_CREDIT_SAID and 0 < standing.balance_ueur <= low_ueur:
            state.flags |= StateFlags.LOW_CREDIT_SAID
            self.beeping = True
        return standing

    def _latch_ends(self) -> bool:
        """Latch the ends that have come; return whether the deferral holds.

        Once reached, an end needs no clock any more.
        """
        state, before = self.state, self.state.flags
        holds = self.deferral_holds()
        if not holds and self.parts.ends.armed(state.defer_end):
            state.flags |= StateFlags.DEFERRAL_OVER
        if not state.flags & StateFlags.CUT_LATCHED and self.has_come(state.cut_end):
            state.flags |= StateFlags.CUT_LATCHED
            # Kept apart from `cut_end`, which a later order may replace: a clock card that shows
            # that it had not come after all is compared with the end that was reached, not with the
            # newest.
            state.latched_end = state.cut_end
        # A clock that is lost goes on from the last time journalled, and the next card may bring
        # the same end again: what has come must not be still to come. The flags are saved anyway.
        if state.flags != before:
            self.journal_time()
        return holds

    def unlatch_ends(self) -> None:
        """Undo ends that have not come by the clock just set: an earlier clock was ahead."""
        state = self.state
        # Only a clock card calls this. It outranks every stamp, and so it alone may take back what
        # a clock that ran ahead, or a wrong office date, had let come.
        if not self.has_come(state.defer_end):
            state.flags &= ~StateFlags.DEFERRAL_OVER
        if not self.has_come(state.latched_end):
            state.flags &= ~StateFlags.CUT_LATCHED

    def has_come(self, end: bytes) -> bool:
        """Whether an end may be acted on now."""
        ends = self.parts.ends
        return ends.armed(end) and self.now.dated and ends.due(end, self.now)

    def _tick_ends(self) -> None:
        """Let the armed ends see a new day, or a power-up."""
        state, ends = self.state, self.parts.ends
        if ends.armed(state.defer_end):
            state.defer_end = ends.tick(state.defer_end, self.now)
        if ends.armed(state.cut_end):
            state.cut_end = ends.tick(state.cut_end, self.now)

    def _move(self, supply: Supply) -> None:
        if supply == self.state.supply:
            return
        self.book()
        self.state.supply = supply
        programmed = self.state.flags & StateFlags.CUT_LATCHED
        dark = EventCode.CUT_PROGRAMMED if programmed else EventCode.CUT_CREDIT
        self.note(
            {
                Supply.DISCONNECTED: dark,
                Supply.READY_FOR_RECONNECTION: EventCode.READY,
                Supply.CONNECTED: EventCode.RECONNECTED,
            }[supply]
        )

    def found_open(self) -> None:
        """Handle a switch that is off though it belongs on: only a person may close it again."""
        # Something outside the program opened it: a tool, a fault, a torn write. Closing it unasked
        # might feed a hob that was left on, so the home becomes ready, as after any cut.
        self.note(EventCode.SWITCH_DISAGREES)
        self.book()
        self.state.supply = Supply.READY_FOR_RECONNECTION

    def ask_supply(self) -> bool:
        """Handle a person's request for supply by the button; return whether the switch may close.

        Without supply for lack of credit this takes the emergency credit first.
        """
        ledger = self.parts.ledger
        dark = self.state.supply == Supply.DISCONNECTED
        # Only if lack of credit is the only reason for the cut: a loan lifts no ordered cut, and
        # where a deferral or a limiter allows supply anyway the loan would be taken for nothing.
        if (
            dark
            and self.standing().blocks == Block.CREDIT
            and ledger.emergency_offered(self.state, self.factory)
        ):
            self.book()
            ledger.take_emergency(self.state, self.factory)
            self.note(EventCode.EMERGENCY_TAKEN)
            self.settle()
        return self.state.supply == Supply.READY_FOR_RECONNECTION

    def reconnect(self) -> None:
        """Take the last step of a reconnection, if it is still allowed."""
        self._move(next_supply(self.state.supply, Cue.BUTTON))
        # What is counted from here on is counted at once: the next look may be hours away.
        self.settle()

    def leaked(self) -> None:
        """Note a flow in the tightness countdown: all stays as it was."""
        self.book()
        self.note(EventCode.FLOW_IN_TEST)

    # What a card does ----------------------------------------------------------------------------

    def refused_lately(self) -> bool:
        """Whether a refused card of this hour is journalled: anybody has one, and each wears."""
        return journalled_lately(self.state.events, EventCode.CARD_REFUSED, self._now_min())

    def refuse(self, result: Result) -> None:
        """Journal that a card, or something on it, was refused."""
        self.note(EventCode.CARD_REFUSED, result)

    def obey(self, contents: Contents) -> Result:
        """Book new credit and execute a new order; return the result for the display.

        Credit and order are judged apart: a household whose order is refused still gets what it
        paid for. An expired or replaced card is not obeyed at all.
        """
        state = self.state
        shown, known_card = state.shown_session, state.card_number
        state.shown_session = state.session_count  # this session is written back, whatever comes
        # The card before its contents: of a card that is refused nothing is heard, not even a load.
        # What lies on a card that was replaced went over to the new one.
        result = self._admit(contents.identity)
        if result.refused:
            return result
        known = state.accepted_count, state.order_number
        self.book()
        # Credit first. An order may change the price, and what was paid for was paid before that;
        # and a reactivation that clears a cut shall find the credit that came with it.
        wallet, order = self._take_wallet(contents), self._take_order(contents)
        self.settle()
        anew = (state.accepted_count, state.order_number) != known
        self._compare_sessions(
            contents.seen_session, shown if anew and state.card_number == known_card else 0
        )
        for result in (wallet, order):
            if result.refused:
                return result
        return max(order, wallet, key=_TELLING.index)

    def _compare_sessions(self, seen: int, shown: int) -> None:
        """Note that the office has not seen session `shown`, or one that this meter has not had.

        The office says what it has seen with whatever it writes. So who puts an old write-back onto
        a card, or keeps one from it, is found here; and so is a card pulled out too early, which is
        why nothing is refused for it. A memory card has the low 16 bits of either: compared as they
        are, they differ for good from session 65,536 on, so nothing that is old ever looks new.
        """
        if seen < shown or seen >= self.state.session_count:
            self.note(EventCode.SESSIONS_DISAGREE, seen)

    def _admit(self, identity: Identity) -> Result:
        """Judge the card itself, and remember its number: no older one is obeyed after it."""
        gate, state = self.parts.gate, self.state
        result = gate.judge_card(identity, state, self.now)
        if result.refused:
            return result
        # At once and for good, whatever becomes of the contents: the card that was replaced must
        # not be obeyed again because the new one happened to be refused for its order.
        state.card_number = identity.card_number
        expiry = gate.expiry(identity)
        if expiry and not self.now.trusted:
            self.note(EventCode.EXPIRY_UNCHECKED, identity.card_number)
        if expiry and not gate.agrees(expiry):
            self.note(EventCode.END_DISAGREES)
        return result

    def _take_wallet(self, contents: Contents) -> Result:
        ledger, state = self.parts.ledger, self.state
        result = ledger.judge_wallet(state, self.factory, contents.wallet)
        if result is Result.EXECUTED:
            self.note(EventCode.CREDIT_LOADED, ledger.load(state, contents.wallet))
        return result

    def _take_order(self, contents: Contents) -> Result:
        gate, state, order = self.parts.gate, self.state, contents.order
        limited = self.factory.limiter_ampere > 0
        nights = bool(self.factory.flags & FactoryFlags.NIGHT_ON)
        result = gate.judge(order, contents.tariff, state, limited=limited, nights=nights)
        # The household that puts its card in twice wants to know how its order stands, not that it
        # was heard before: an order whose end waits for a clock says so again.
        if result in {Result.NONE, Result.ALREADY_EXECUTED}:
            return Result.PENDING if state.order_result == Result.PENDING else result
        if not result.refused:
            gate.apply(order, contents.tariff, state, self.now)
            if self.factory.flags & FactoryFlags.LATER_CUT_RECONNECTS:
                gate.lift_earlier_cut(state)
            self.note(EventCode.ORDER_EXECUTED, order.number)
            if result is Result.LATER_END_TAKEN:
                self.note(EventCode.END_DISAGREES, order.number)
            if result is Result.EXECUTED and self._waiting():
                result = Result.PENDING
        if not result.refused:
            state.order_result = result
        return result

    def _waiting(self) -> bool:
        """Whether an end is still to come and waits for a trusted clock."""
        return not self.now.dated and self._ends_ahead()

    def _ends_ahead(self) -> bool:
        """Whether an end is still to come."""
        state, armed = self.state, self.parts.ends.armed
        defer = armed(state.defer_end) and not state.flags & StateFlags.DEFERRAL_OVER
        cut = armed(state.cut_end) and not state.flags & StateFlags.CUT_LATCHED
        return defer or cut

    # When to look again --------------------------------------------------------------------------

    def sleep(self, standing: Standing, *, at_most_s: int) -> Sleep | None:
        """Return until when nothing can be due, by clock and register; `None` if unknown.

        Never too long: waking early changes nothing, waking late would. Every wait derives from the
        number that the decision itself uses.
        """
        now, state = self.now, self.state
        if now.second_of_day is None:
            return None
        # Midnight of the registers always wakes: a wrong wait is at most a day long (hints.md), and
        # a chip that is read torn across midnight is seen.
        favours_s = self.parts.favours.wait_s(state, self.factory, self.ticks_ms)
        wait_s = most_s = min(SECONDS_A_DAY - now.second_of_day, at_most_s, favours_s)
        if now.dated:
            believed_s = self.parts.trust.believed_for_s(now.utc_s, state, self.factory)
            most_s = min(most_s, self._journal_wait_s(), believed_s)
            step_s = self.parts.base.seconds_to_step(now.utc_s, state, self.factory)
            # A clock in legal time is stepped by the program. In the very second of a change the
            # poll that runs now has seen to it: there is nothing left to wait for.
            if step_s is not None and step_s > 0:
                most_s = min(most_s, step_s)
            wait_s = min(most_s, self._decision_wait_s(now, standing))
            if 1 < wait_s < most_s:
                # What a look in the second before would see: u has grown by then, and an edge that
                # seemed near may be none.
                then = self.later(now, wait_s - 1)
                wait_s = min(most_s, wait_s - 1 + self._decision_wait_s(then, standing))
        return Sleep(now.second_of_day + max(1, wait_s), self._wake_at_units(standing.balance_ueur))

    def later(self, now: Now, after_s: int) -> Now:
        """Return what a clock of the same health will show so many seconds after a reading."""
        utc_s = now.utc_s + after_s
        assert now.second_of_day is not None, "a clock that shows a time"
        return now._replace(
            utc_s=utc_s,
            uncertainty_s=self.parts.trust.uncertainty_s(utc_s, self.state, self.factory),
            second_of_day=now.second_of_day + after_s,
        )

    def seconds_to_edge(self, hours: LegalHours, now: Now) -> int:
        """Return seconds from a reading to the next edge of such hours, never too many."""
        uncertainty_s = self.parts.trust.uncertainty_s

        def grown_s(in_s: int) -> int:
            return uncertainty_s(now.utc_s + in_s, self.state, self.factory) - now.uncertainty_s

        return hours.seconds_to_edge(now, self.factory, grown_s)

    def _decision_wait_s(self, now: Now, standing: Standing) -> int:
        """Return seconds from a reading to the next end or edge of hours, never too many."""
        state, ends = self.state, self.parts.ends
        wait_s = SECONDS_A_DAY
        if not state.flags & StateFlags.DEFERRAL_OVER and ends.armed(state.defer_end):
            wait_s = min(wait_s, ends.wait_s(state.defer_end, now))
        if not state.flags & StateFlags.CUT_LATCHED and ends.armed(state.cut_end):
            wait_s = min(wait_s, ends.wait_s(state.cut_end, now))
        if now.trusted and self._window_counts(standing):
            wait_s = min(wait_s, self.seconds_to_edge(self.parts.windows, now))
        if now.trusted and self.parts.ledger.bi_hourly(state):
            wait_s = min(wait_s, self.seconds_to_edge(self.parts.nights, now))
        return wait_s

    def _window_counts(self, standing: Standing) -> bool:
        """Whether only the window holds supply on; no window gives back lost supply."""
        dark = self.state.supply == Supply.DISCONNECTED
        alone = standing.blocks == Block.CREDIT and not dark and not self.deferral_holds()
        return alone and self._shelters()

    def _wake_at_units(self, balance_ueur: int) -> int | None:
        """Return the register value at the next mark: of the balance, or where a favour ends."""
        marks = (
            *self.parts.ledger.marks(self.state, self.factory, balance_ueur),
            *self.parts.favours.marks(self.state, self.factory),
        )
        if len(marks) < 2:
            return marks[0] if marks else None
        return min(marks, key=lambda mark: (mark - self.register_units) & _U32)
