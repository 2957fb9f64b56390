"""What the supply of a device with a keypad must be, by the office's ledger and by effect.

A device's own judge says what states it may be in, what a token does to one, and what each owes.
Where a power cut leaves open whether an entry was taken, the device may be in several states at
once, until the supply shows in which.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, Generic, Self, TypeAlias, TypeVar

from meter_emu.languages.speech import marked
from meter_emu.units import DAY_US, SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.judge.obligations import BEFORE, NO_CREDIT, Must, PromiseRow, Span
from meter_emu.world.judge.outcome import WORK_US
from meter_emu.world.judge.promise import first_promise
from meter_emu.world.meter.events import Event, What

CHANGES: Final = "token"
_NO_POWER: Final = marked("no power in the street")
_NOT_LOOKED: Final = marked("the device may not have looked yet")
_FAILED: Final = marked("power failed while a token was keyed in")
StateT = TypeVar("StateT")
# What is owed from now on if nothing more happens, and what else would count if something did.
Ahead: TypeAlias = tuple[tuple[Span, ...], frozenset[object]]


class TokenWalk(ABC, Generic[StateT]):
    """Takes the states that a device may be in through its events, and writes each answer down."""

    def __init__(self, household: Household, campaign: Campaign, possible: StateT) -> None:
        model, start_us = household.model, campaign.start_us
        self._household: Final = household
        self._look_us: Final = model.poll_s * SECOND_US + WORK_US
        self._start_up_us: Final = model.boot_ms * 1_000 + WORK_US
        self.now_us = start_us
        self.states = [possible]
        self.spans: Final[list[Span]] = []
        self._on = True
        self._powered = True
        # What may be true until when, next to what is: a look, an entry or a start under way.
        self._grace_us, self._beside = start_us + self._look_us, Must.ON
        self._lost_us = self._back_us = start_us
        self._typed_us, self._before_typed = start_us - DAY_US, self.states

    # Of a device ---------------------------------------------------------------------------------

    @abstractmethod
    def must(self, possible: StateT) -> Must:
        """Return what the supply must be now in a possible."""

    @abstractmethod
    def edges(self, possible: StateT) -> Iterable[int]:
        """Yield when that may change, if nothing happens."""

    @abstractmethod
    def after(self, possible: StateT, event: Event) -> Iterable[StateT]:
        """Yield the states in which an entry may leave a device, if it was heard."""

    @abstractmethod
    def standing(self, possible: StateT) -> object:
        """Return what of a possible state counts for what comes, and nothing that has passed."""

    @abstractmethod
    def why(self, owed: Must) -> tuple[str, str]:
        """Return why this is owed in words, and the rule's name."""

    def passes(self, to_us: int) -> None:
        """Let time go by."""
        self.now_us = to_us

    def power_back(self, gone_us: int) -> None:
        """Take in that there was no power for so long."""

    def moved(self, *, on: bool) -> None:
        """Take in that the switch was seen to move, with power."""

    # Of all --------------------------------------------------------------------------------------

    def take(self, event: Event) -> None:
        """Take in what was seen, up to which the answers have been written."""
        if event.what is What.TYPED and self._powered:
            self._typed(event)
        elif event.what is What.POWER_LOST:
            self._power_lost()
        elif event.what is What.POWER_BACK:
            self._power_back()
        elif event.what in (What.OPENED, What.CLOSED):
            self._on = event.what is What.CLOSED
            if self._powered:
                self.moved(on=self._on)
                self.states = list(dict.fromkeys(self.states))

    def until(self, end_us: int) -> None:
        """Write what the supply must be up to an instant."""
        while self.now_us < end_us:
            must, why, rule = self._answer()
            edges = [end_us, self._grace_us]
            for possible in self.states:
                edges += self.edges(possible)
            to_us = min(us for us in edges if us > self.now_us)
            self._write(Span(self.now_us, to_us, must, why, rule))
            self._believe_what_is_seen()
            self.passes(to_us)

    def fork(self) -> Self:
        """Return one that goes on by itself from here."""
        new = object.__new__(type(self))
        new.__dict__ = {
            name: value.copy() if isinstance(value, list) else value
            for name, value in self.__dict__.items()
        }
        return new

    def _owed(self) -> Must:
        owed = {self.must(possible) for possible in self.states}
        return owed.pop() if len(owed) == 1 else Must.EITHER

    def _answer(self) -> tuple[Must, str, str]:
        if not self._powered:
            return Must.EITHER, _NO_POWER, "no power"
        owed = self._owed()
        if self.now_us < self._grace_us and owed is not self._beside:
            rule = NO_CREDIT if owed is Must.OFF else BEFORE
            return Must.EITHER, _NOT_LOOKED, rule
        if owed is Must.EITHER and len(self.states) > 1:
            return owed, _FAILED, CHANGES
        return owed, *self.why(owed)

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
        left = [one for one in self.states if self.must(one) is not wrong]
        self.states = left or self.states

    def _typed(self, event: Event) -> None:
        self._begin_grace(WORK_US)
        self._typed_us, self._before_typed = self.now_us, self.states
        after = [one for possible in self.states for one in self.after(possible, event)]
        self.states = list(dict.fromkeys(after))

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
        self._powered, self._lost_us = False, self.now_us

    def _power_back(self) -> None:
        self.power_back(self.now_us - self._lost_us)
        self._back_us = self.now_us
        self._powered, self._grace_us = True, self.now_us + self._start_up_us


WalkT = TypeVar("WalkT", bound="TokenWalk[Any]")


def walked(walk: WalkT, campaign: Campaign, events: Sequence[Event]) -> WalkT:
    """Return a walk once it was taken to the end of a story."""
    ended_us = next((e.at_us for e in events if e.what is What.ENDED), campaign.end_us)
    for event in events:
        walk.until(min(event.at_us, ended_us))
        walk.take(event)
    walk.until(ended_us)
    return walk


def row_of_walk(household: Household, campaign: Campaign, spans: Sequence[Span]) -> PromiseRow:
    """Return the row that a walk has written."""
    orders = (first_promise(household, campaign.start_us),)
    return PromiseRow(tuple(spans), orders, (), (), (), (), ())


def ahead_of_walk(walk: TokenWalk[StateT], from_us: int, until_us: int) -> Ahead:
    """Return what is owed from an instant until later if nothing more happens, and `standing`."""
    standing = frozenset(walk.standing(possible) for possible in walk.states)
    walk.until(until_us)
    return tuple(span for span in walk.spans if span.to_us > from_us), standing
