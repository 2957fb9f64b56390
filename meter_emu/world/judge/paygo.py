"""What the supply of a pay-as-you-go device must be, by the office's ledger and by effect.

A small ideal of its own. It knows what was sold and keyed in, and when supply was seen to go and
come; never a display, and digits only as a line of the ledger. A token that is keyed in at t gives
D: supply is on until t + D(1 - drift), off from t + D(1 + drift) and one look on, by any clock
within its bound. The clock's own error cancels, so no uncertainty is added.

A clock that was lost goes on from the journal, so the end moves by what was not counted, and by an
hour of a journal at most. What it shares with other devices is in `token_walk`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, final

from typing_extensions import override

from card_protocol.tokens.openpaygo.counter import PaygoKind
from meter_emu.languages.speech import marked
from meter_emu.units import DAY_S, DAY_US, HOUR_US, PPB, SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.households.ledger import SoldToken, digits_of, token_by_chance
from meter_emu.world.judge.obligations import NO_CREDIT, Must, PromiseRow
from meter_emu.world.judge.token_walk import Ahead, TokenWalk, ahead_of_walk, row_of_walk, walked
from meter_emu.world.meter.events import Event

AHEAD: Final = 64  # counts; docs/openpaygo.md, of the maintainers' programs
OLDER: Final = 16  # counts; likewise: an "add time" may be less than this much older
LOST_STARTS_FREE: Final = 24  # ours (docs/token-meters.md): of a lost clock, that cost nothing
FORGOTTEN_US: Final = HOUR_US  # ours, likewise: of a journal; what a further start costs
_UNLOCKED: Final = marked("unlocked for good")
_IN_TIME: Final = marked("the time is paid")
_OVER: Final = marked("the paid time is over")
_ENDS: Final = marked("the paid time ends, by a clock within its bound")
PAID: Final = "paid"


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
class PaygoWalk(TokenWalk[Paid]):
    """Takes the states that a device may be in through its events, and writes each answer down."""

    def __init__(self, household: Household, campaign: Campaign) -> None:
        model, start_us = household.model, campaign.start_us
        assert model.paygo is not None, "it is such a device"
        first = Paid(start_us, start_us, household.age.token_count, over=True)
        super().__init__(household, campaign, first)
        self._divider: Final = model.paygo.time_divider
        self._drift_ppb: Final = max(model.clock.drift_bound_ppb, abs(household.drift_ppb))
        self._sold: Final = {
            digits_of(token, model, household.meter_id): token
            for token in household.tokens
            if isinstance(token, SoldToken)
        }
        self.refused: Final[list[tuple[int, str]]] = []  # keyed in, and used before for certain
        self._reserve_us = model.clock.backup_days * DAY_US
        self._lost_starts = 0

    @override
    def must(self, possible: Paid) -> Must:
        return possible.must(self.now_us, self._look_us)

    @override
    def standing(self, possible: Paid) -> object:
        gone = possible.over or self.now_us > possible.to_us + self._look_us
        ends = (0, 0) if gone else (possible.from_us, possible.to_us)
        return replace(possible, from_us=ends[0], to_us=ends[1], over=gone), self._lost_starts

    @override
    def edges(self, possible: Paid) -> Iterable[int]:
        return possible.from_us, possible.to_us + self._look_us

    @override
    def why(self, owed: Must) -> tuple[str, str]:
        if owed is Must.ON:
            unlocked = all(state.unlocked for state in self.states)
            return _UNLOCKED if unlocked else _IN_TIME, PAID
        if owed is Must.OFF:
            return _OVER, NO_CREDIT
        return _ENDS, NO_CREDIT

    @override
    def after(self, possible: Paid, event: Event) -> Iterable[Paid]:
        household = self._household
        token = self._sold.get(event.detail)
        if token is None:
            token = token_by_chance(
                event.detail, household.model, household.meter_id, possible.last
            )
        if token is None:
            return (possible,)
        if not possible.takes(token):
            self.refused.append((event.at_us, token.id))
            return (possible,)
        self._lost_starts = 0
        seconds = (token.value or 0) * DAY_S // self._divider
        return (possible.after(token, event.at_us, seconds, self._drift_ppb),)

    @override
    def power_back(self, gone_us: int) -> None:
        # Ours: charged again no sooner than in the time that it gave.
        clock = self._household.model.clock
        whole_us = clock.backup_days * DAY_US
        charged_us = self._reserve_us + self._lost_us - self._back_us
        self._reserve_us = min(whole_us, charged_us) - gone_us
        if self._reserve_us > 0 and gone_us <= clock.outage_max_days * DAY_US:
            return
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

    @override
    def moved(self, *, on: bool) -> None:
        if not on:
            self.states = [
                replace(state, over=True) if self.must(state) is Must.EITHER else state
                for state in self.states
            ]


def paygo_walk(household: Household, campaign: Campaign, events: Sequence[Event]) -> PaygoWalk:
    """Return the walk to the end of a story."""
    return walked(PaygoWalk(household, campaign), campaign, events)


def paygo_row(household: Household, campaign: Campaign, events: Sequence[Event]) -> PromiseRow:
    """Return the row of what is owed to a household with such a device."""
    return row_of_walk(household, campaign, paygo_walk(household, campaign, events).spans)


def paygo_ahead(
    household: Household, campaign: Campaign, events: Sequence[Event], until_us: int
) -> Ahead:
    """Return what is owed from the end of a campaign until later, and what counts besides."""
    return ahead_of_walk(paygo_walk(household, campaign, events), campaign.end_us, until_us)
