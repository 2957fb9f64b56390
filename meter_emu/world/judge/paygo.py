"""What the supply of a pay-as-you-go device must be, by the office's ledger and by effect.

A small ideal of its own. It knows what was sold and keyed in, and when supply was seen to go and
come; never a display, and digits only as a line of the ledger. A token that is keyed in at t gives
D: supply is on until t + D(1 - drift), off from t + D(1 + drift) and one look on, by any clock
within its bound. The clock's own error cancels, so no uncertainty is added.

Where a power cut leaves open whether an entry was taken, the device may be in several states at
once, until the supply shows in which. A clock that was lost goes on from the journal, so the end
moves by what was not counted, and by an hour of a journal at most.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, final

from card_protocol.tokens.openpaygo.counter import PaygoKind
from meter_emu.units import DAY_S, DAY_US, HOUR_US, PPB, SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.households.ledger import SoldToken, digits_of, token_by_chance
from meter_emu.world.judge.breaches import breaches_of, supply_judged
from meter_emu.world.judge.obligations import BEFORE, NO_CREDIT, Must, PromiseRow, Span
from meter_emu.world.judge.outcome import WORK_US, Breach, HouseholdFinding, Supplied
from meter_emu.world.judge.promise import first_promise
from meter_emu.world.judge.verdicts import FindingKind
from meter_emu.world.meter.events import Event, What

AHEAD: Final = 64  # counts; docs/openpaygo.md, of the maintainers' programs
OLDER: Final = 16  # counts; likewise: an "add time" may be less than this much older
LOST_STARTS_FREE: Final = 24  # ours (docs/token-meters.md): of a lost clock, that cost nothing
FORGOTTEN_US: Final = HOUR_US  # ours, likewise: of a journal; what a further start costs
PAID: Final = "paid"
CHANGES: Final = "token"


@final
@dataclass(frozen=True, slots=True)
class Paid:
    """One state that a device may be in: when its paid time ends, and which counts it takes.

    The end is between two instants. `over` is that the supply was seen to go by then.
    """

    from_us: int
    to_us: int
    last: int
    used: frozenset[int] = frozenset()
    unlocked: bool = False
    over: bool = False

    def takes(self, token: SoldToken) -> bool:
        """Whether a device in this state takes a token."""
        if token.count > self.last:
            return token.count <= self.last + AHEAD
        older = self.last - OLDER < token.count < self.last and token.count > 0
        return token.kind is PaygoKind.ADD_TIME and older and token.count not in self.used

    def after(self, token: SoldToken, at_us: int, seconds: int, drift_ppb: int) -> "Paid":
        """Return the state after a token was taken."""
        counted = self._counted(token)
        if token.kind is PaygoKind.DISABLE:
            return replace(counted, unlocked=True)
        least_us, most_us = _real_us(seconds, drift_ppb)
        from_us, to_us = at_us, at_us
        if token.kind is PaygoKind.ADD_TIME and not self.over:
            # Where the end may have come or not, time is added to either.
            from_us = self.from_us if at_us < self.from_us else min(self.from_us, at_us)
            to_us = max(self.to_us, at_us)
        return replace(counted, from_us=from_us + least_us, to_us=to_us + most_us, over=False)

    def _counted(self, token: SoldToken) -> "Paid":
        if token.kind is not PaygoKind.ADD_TIME:
            return replace(self, last=token.count, used=frozenset(_closed(token.count)))
        last = max(self.last, token.count)
        used = {one for one in self.used | {self.last, token.count} if one > last - OLDER}
        return replace(self, last=last, used=frozenset(used))

    def must(self, now_us: int, look_us: int) -> Must:
        """Return what the supply must be."""
        if self.unlocked or (not self.over and now_us < self.from_us):
            return Must.ON
        return Must.EITHER if not self.over and now_us < self.to_us + look_us else Must.OFF


def _closed(count: int) -> Iterable[int]:
    return range(count - OLDER + 1, count + 1)


def _real_us(seconds: int, drift_ppb: int) -> tuple[int, int]:
    """Return how long some seconds of a device's clock can be, at least and at most."""
    us = seconds * SECOND_US
    return us - us * drift_ppb // PPB, us + us * drift_ppb // PPB


@final
class PaygoWalk:
    """Takes the states that a device may be in through its events, and writes each answer down."""

    def __init__(self, household: Household, campaign: Campaign) -> None:
        model = household.model
        assert model.paygo is not None, "it is such a device"
        self._household: Final = household
        self._divider: Final = model.paygo.time_divider
        self._drift_ppb: Final = max(model.clock.drift_bound_ppb, abs(household.drift_ppb))
        self._look_us: Final = model.poll_s * SECOND_US + WORK_US
        self._start_up_us: Final = model.boot_ms * 1_000 + WORK_US
        self._sold: Final = {
            digits_of(token, model, household.meter_id): token for token in household.tokens
        }
        start_us = campaign.start_us
        self.now_us = start_us
        self.states = [Paid(start_us, start_us, household.age.token_count, over=True)]
        self.spans: Final[list[Span]] = []
        self.refused: Final[list[tuple[int, str]]] = []  # keyed in, and used before for certain
        self._on = True
        self._powered = True
        # What may be true until when, next to what is: a look, an entry or a start under way.
        self._grace_us, self._beside = start_us + self._look_us, Must.ON
        self._lost_us = self._back_us = start_us
        self._typed_us, self._before_typed = -DAY_US, self.states
        self._reserve_us = model.clock.backup_days * DAY_US
        self._lost_starts = 0

    def take(self, event: Event) -> None:
        """Take in what was seen, up to which the answers have been written."""
        if event.what is What.TYPED and self._powered:
            self._typed(event)
        elif event.what is What.POWER_LOST:
            self._power_lost()
        elif event.what is What.POWER_BACK:
            self._power_back()
        elif event.what in (What.OPENED, What.CLOSED):
            self._moved(on=event.what is What.CLOSED)

    def until(self, end_us: int) -> None:
        """Write what the supply must be up to an instant."""
        while self.now_us < end_us:
            must, why, rule = self._answer()
            edges = [end_us, self._grace_us]
            for state in self.states:
                edges += [state.from_us, state.to_us + self._look_us]
            to_us = min(us for us in edges if us > self.now_us)
            self._write(Span(self.now_us, to_us, must, why, rule))
            self._believe_what_is_seen()
            self.now_us = to_us

    def fork(self) -> "PaygoWalk":
        """Return one that goes on by itself from here."""
        new = object.__new__(PaygoWalk)
        new.__dict__ = {
            name: value.copy() if isinstance(value, list) else value
            for name, value in self.__dict__.items()
        }
        return new

    def _owed(self) -> Must:
        owed = {state.must(self.now_us, self._look_us) for state in self.states}
        return owed.pop() if len(owed) == 1 else Must.EITHER

    def _answer(self) -> tuple[Must, str, str]:
        if not self._powered:
            return Must.EITHER, "no power in the street", "no power"
        owed = self._owed()
        if self.now_us < self._grace_us and owed is not self._beside:
            rule = NO_CREDIT if owed is Must.OFF else BEFORE
            return Must.EITHER, "the device may not have looked yet", rule
        if owed is Must.ON:
            unlocked = all(state.unlocked for state in self.states)
            return owed, "unlocked for good" if unlocked else "the time is paid", PAID
        if owed is Must.OFF:
            return owed, "the paid time is over", NO_CREDIT
        if len(self.states) > 1:
            return owed, "power failed while a token was keyed in", CHANGES
        return owed, "the paid time ends, by a clock within its bound", NO_CREDIT

    def _write(self, span: Span) -> None:
        last = self.spans[-1] if self.spans else None
        if last and (last.must, last.why, last.rule) == (span.must, span.why, span.rule):
            span = replace(span, from_us=last.from_us)
            self.spans.pop()
        self.spans.append(span)

    def _believe_what_is_seen(self) -> None:
        """Drop the states that the supply contradicts in this span, unless all are."""
        if len(self.states) == 1 or not self._powered or self.now_us < self._grace_us:
            return
        wrong = Must.OFF if self._on else Must.ON
        left = [one for one in self.states if one.must(self.now_us, self._look_us) is not wrong]
        self.states = left or self.states

    def _typed(self, event: Event) -> None:
        self._begin_grace(WORK_US)
        self._typed_us, self._before_typed = self.now_us, self.states
        after = [self._after(state, event) for state in self.states]
        self.states = list(dict.fromkeys(after))

    def _after(self, state: Paid, event: Event) -> Paid:
        household = self._household
        token = self._sold.get(event.detail)
        if token is None:
            token = token_by_chance(event.detail, household.model, household.meter_id, state.last)
        if token is None:
            return state
        if not state.takes(token):
            self.refused.append((event.at_us, token.id))
            return state
        self._lost_starts = 0
        seconds = (token.value or 0) * DAY_S // self._divider
        return state.after(token, event.at_us, seconds, self._drift_ppb)

    def _begin_grace(self, length_us: int) -> None:
        owed = self._owed()
        still = self.now_us < self._grace_us and owed is not self._beside
        self._beside = Must.EITHER if still else owed
        self._grace_us = self.now_us + length_us

    def _power_lost(self) -> None:
        owed = self._owed()
        changing = self.now_us < self._grace_us and owed is not self._beside
        self._beside = Must.EITHER if changing else owed
        self._grace_us = self.now_us
        if self.now_us <= self._typed_us + WORK_US:
            self.states = list(dict.fromkeys([*self.states, *self._before_typed]))
            self._beside = Must.EITHER
        # Ours: charged again no sooner than in the time that it gave.
        whole_us = self._household.model.clock.backup_days * DAY_US
        self._reserve_us = min(whole_us, self._reserve_us + self.now_us - self._back_us)
        self._powered, self._lost_us = False, self.now_us

    def _power_back(self) -> None:
        clock = self._household.model.clock
        gone_us = self.now_us - self._lost_us
        self._reserve_us -= gone_us
        if self._reserve_us <= 0 or gone_us > clock.outage_max_days * DAY_US:
            self._lost_starts += 1
            costs_us = FORGOTTEN_US if self._lost_starts > LOST_STARTS_FREE else 0
            self.states = [
                replace(
                    state,
                    from_us=state.from_us - costs_us,
                    to_us=state.to_us + gone_us + FORGOTTEN_US,
                )
                for state in self.states
            ]
            self._reserve_us = 0
        self._back_us = self.now_us
        self._powered, self._grace_us = True, self.now_us + self._start_up_us

    def _moved(self, *, on: bool) -> None:
        self._on = on
        if not on and self._powered:
            self.states = [
                replace(state, over=True)
                if state.must(self.now_us, self._look_us) is Must.EITHER
                else state
                for state in self.states
            ]
            self.states = list(dict.fromkeys(self.states))


def paygo_walk(household: Household, campaign: Campaign, events: Sequence[Event]) -> PaygoWalk:
    """Return the walk to the end of a story."""
    walk = PaygoWalk(household, campaign)
    ended_us = next((e.at_us for e in events if e.what is What.ENDED), campaign.end_us)
    for event in events:
        walk.until(min(event.at_us, ended_us))
        walk.take(event)
    walk.until(ended_us)
    return walk


def paygo_row(household: Household, campaign: Campaign, events: Sequence[Event]) -> PromiseRow:
    """Return the row of what is owed to a household with such a device."""
    return row_of_walk(household, campaign, paygo_walk(household, campaign, events))


def paygo_ahead(
    household: Household, campaign: Campaign, events: Sequence[Event], until_us: int
) -> tuple[Span, ...]:
    """Return what is owed from the end of a campaign until later, if nothing more happens."""
    walk = paygo_walk(household, campaign, events)
    walk.until(until_us)
    return tuple(span for span in walk.spans if span.to_us > campaign.end_us)


def row_of_walk(household: Household, campaign: Campaign, walk: PaygoWalk) -> PromiseRow:
    """Return the row that a walk has written."""
    orders = (first_promise(household, campaign.start_us),)
    return PromiseRow(tuple(walk.spans), orders, (), (), (), (), ())


def paygo_findings(
    household: Household, row: PromiseRow, events: Sequence[Event]
) -> tuple[HouseholdFinding, ...]:
    """Return what a breach of the supply is in words of tokens: the first of each kind."""
    seen = supply_judged(row, events)
    found = [_finding(events, one) for one in breaches_of(household, row, events, seen)]
    kinds = dict.fromkeys(one.kind for one in found if one is not None)
    return tuple(_first(kind, found) for kind in kinds)


def _first(kind: FindingKind, found: Sequence[HouseholdFinding | None]) -> HouseholdFinding:
    same = [one for one in found if one is not None and one.kind is kind]
    lasted_us = sum(one.lasted_us for one in same)
    return replace(same[0], until_us=same[-1].until_us, times=len(same), lasted_us=lasted_us)


def _finding(events: Sequence[Event], breach: Breach) -> HouseholdFinding | None:
    typed = [one for one in events if one.what is What.TYPED and one.at_us <= breach.from_us]
    if not typed:
        return None
    of = partial(
        HouseholdFinding,
        from_us=breach.from_us,
        until_us=breach.to_us,
        times=1,
        lasted_us=breach.to_us - breach.from_us,
    )
    if breach.had is Supplied.OFF:
        words = "time was paid, and the supply was off"
        return of(kind=FindingKind.PAID_NOT_CREDITED, words=words)
    # The same entry twice, or what was not sold, and then more supply than was paid for.
    again = len({one.detail for one in typed}) < len(typed)
    if not again:
        return None
    words = "a token was keyed in again, and the supply was on for longer than was paid"
    return of(kind=FindingKind.CREDITED_TWICE, words=words)
