"""As announced: what a household heard, against the supply that it had, whatever the reason.

A card, an order or a clock is nothing here. `docs/decisions/announced.md` defines every word below;
the other account, of what the meter was ordered, begins in `ideal`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Final, NamedTuple, final

from meter_emu.world.judge.verdicts import Lived


@final
@unique
class HouseholdDeed(Enum):
    """What a household does that counts: the words at the office, and its own card in the meter."""

    TAKE_PART = "take part"
    REACTIVATE = "reactivate"
    PUT_IN = "put in"


@final
@unique
class Had(Enum):
    """The supply as it was lived; `READY` is off, and only somebody at the button is missing."""

    ON = "on"
    LIMITED = "limited"
    OFF = "off"
    READY = "ready"
    NO_POWER = "no power"


@final
@unique
class LossReason(Enum):
    """Why supply was off or limited, as the other account found; `NONE` where it was not."""

    NONE = ""
    ORDER = "order"
    CREDIT = "credit"
    METER = "meter"


class HeardAnnouncement(NamedTuple):
    """An announcement that reached a household: T1, T2 or both, and how much later T2 may come.

    One for `takers_only` is for those who asked an office for it, and then put the card in.
    """

    made_us: int
    defer_us: int | None
    cut_us: int | None
    takers_only: bool
    late_max_us: int

    @property
    def end_us(self) -> int:
        """T2, or T1 where there is no T2."""
        end_us = self.defer_us if self.cut_us is None else self.cut_us
        assert end_us is not None, "an announcement has one of them"
        return end_us


class HouseholdAct(NamedTuple):
    """What a household did, and when."""

    at_us: int
    what: HouseholdDeed


class LivedStretch(NamedTuple):
    """The supply up to before `to_us`, and why, where it was off or limited."""

    from_us: int
    to_us: int
    had: Had
    why: LossReason = LossReason.NONE


class PaidLight(NamedTuple):
    """The light that was paid for by the day, that there was, and that is still to come."""

    paid_us: int
    on_us: int
    left_us: int

    @property
    def lost_us(self) -> int:
        """What was paid for, and will never be; 0 or less where nothing is missing."""
        return self.paid_us - self.on_us - self.left_us


class LivedAccount(NamedTuple):
    """The verdict, since when, and why the supply was lost, if it was; `light` is of OpenPAYGO."""

    verdict: Lived
    at_us: int | None = None
    why: LossReason = LossReason.NONE
    light: PaidLight | None = None


NOTHING_HEARD: Final = LivedAccount(Lived.NOT_ANNOUNCED)


@unique
class _State(Enum):
    UNHEARD = "unheard"
    PROMISED = "promised"
    FREE = "free"
    ENDED = "ended"
    OVER = "over"


@final
@dataclass(slots=True)
class _Term:
    """A longest time in one state under one newest; `coming_us` is when somebody came for it."""

    from_us: int
    to_us: int
    state: _State
    newest: HeardAnnouncement | None
    coming_us: int | None


@final
@dataclass(slots=True)
class _Loss:
    """A longest time of off or limited, without the times without power in it."""

    at_start: bool
    parts: list[LivedStretch] = field(default_factory=list)
    over: bool = False


_NEW: Final = {  # what a loss is that begins in a term of this state
    _State.PROMISED: Lived.DARK_BEFORE,
    _State.FREE: Lived.DARK_THOUGH_REACTIVATED,
    _State.UNHEARD: Lived.CUT_UNANNOUNCED,
    _State.OVER: Lived.CUT_UNANNOUNCED,
}
_COMING: Final = (_State.PROMISED, _State.FREE)  # in which supply is owed to those who came
_LOST: Final = (Had.OFF, Had.LIMITED)


def account_lived(
    heard: Sequence[HeardAnnouncement] | None,
    acts: Sequence[HouseholdAct],
    supply: Sequence[LivedStretch],
    start_up_us: int,
) -> LivedAccount:
    """Return the account of one household; `heard` is `None` where nobody heard anything.

    `heard` and `acts` are in order of time, `supply` is without a gap; a meter needs `start_up_us`
    after each time without power.
    """
    if heard is None:
        return NOTHING_HEARD
    return _Lived(heard, acts, supply, start_up_us).account()


@final
class _Lived:
    """One household: its terms and losses."""

    def __init__(
        self,
        heard: Sequence[HeardAnnouncement],
        acts: Sequence[HouseholdAct],
        supply: Sequence[LivedStretch],
        start_up_us: int,
    ) -> None:
        self._heard: Final = heard
        self._supply: Final = supply
        self._start_up_us: Final = start_up_us
        self._from_us, self._end_us = supply[0].from_us, supply[-1].to_us
        self._outages: Final = [one for one in supply if one.had is Had.NO_POWER]
        self._terms: Final = self._all_terms(tuple(self._put_in(acts)))
        self._losses: Final = self._all_losses()

    def account(self) -> LivedAccount:
        """Return the first harm, else the first still on, else how it ended."""
        for find in (self._harm, self._still_on):
            for term in self._terms:
                for found in find(term):
                    return found
        if self._ends_too_soon():
            return LivedAccount(Lived.CANNOT_BE_SAID)
        if all(term.state is _State.UNHEARD for term in self._terms):
            return LivedAccount(Lived.NOT_ANNOUNCED)
        return LivedAccount(Lived.AS_ANNOUNCED, self._cut_us())

    # Terms ---------------------------------------------------------------------------------------

    def _put_in(self, acts: Sequence[HouseholdAct]) -> Iterator[HouseholdAct]:
        """Yield what each card carried into the meter, dated by its put in."""
        asked: HouseholdDeed | None = None
        for act in acts:
            if act.what is not HouseholdDeed.PUT_IN:
                asked = act.what
            elif asked is not None and not any(
                outage.from_us <= act.at_us < outage.to_us for outage in self._outages
            ):
                yield HouseholdAct(max(act.at_us, self._started_us(act.at_us)), asked)
                asked = None

    def _started_us(self, us: int) -> int:
        """Return when the meter had started after the last time without power before."""
        back = [one.to_us for one in self._outages if one.to_us <= us]
        return back[-1] + self._start_up_us if back else self._from_us

    def _newest(self, us: int) -> HeardAnnouncement | None:
        made = [one for one in self._heard if one.made_us <= us]
        return made[-1] if made else None

    def _all_terms(self, carried: Sequence[HouseholdAct]) -> list[_Term]:
        moments = {self._from_us, *(act.at_us for act in carried)}
        for one in self._heard:
            moments |= {one.made_us, one.end_us}
        terms: list[_Term] = []
        takes_part = free = False
        for us in sorted(moments):
            if not self._from_us <= us < self._end_us:
                continue
            newest, came = self._newest(us), False
            state = _state(newest, us, takes_part=takes_part, free=free)
            for act in carried:
                if act.at_us != us:
                    continue
                if act.what is HouseholdDeed.TAKE_PART:
                    takes_part, free, came = True, False, True
                elif state is not _State.UNHEARD:
                    free, came = True, True
                state = _state(newest, us, takes_part=takes_part, free=free)
            by_newest = state not in (_State.FREE, _State.UNHEARD)
            came = came and state in _COMING
            last = terms[-1] if terms else None
            if last is None or last.state is not state or (by_newest and last.newest is not newest):
                terms.append(_Term(us, self._end_us, state, newest, us if came else None))
                if last is not None:
                    last.to_us = us
            elif came and last.coming_us is None:
                last.coming_us = us
        return terms

    def _deadline_us(self, us: int, late_max_us: int) -> int:
        """Return by when what is due at an instant must have come, with power for it."""
        deadline_us = us + late_max_us
        for outage in self._outages:
            if outage.from_us < deadline_us and outage.to_us > us:
                deadline_us = outage.to_us + self._start_up_us + late_max_us
        return deadline_us

    def _due_us(self, term: _Term, us: int) -> int:
        assert term.newest is not None, "something was announced"
        return self._deadline_us(us, term.newest.late_max_us)

    # Losses --------------------------------------------------------------------------------------

    def _all_losses(self) -> list[_Loss]:
        losses: list[_Loss] = []
        for one in self._supply:
            if one.had is Had.NO_POWER:
                continue
            last = losses[-1] if losses else None
            if one.had not in _LOST:
                if last is not None:
                    last.over = True
                continue
            more = last is not None and last.parts[-1].had is Had.LIMITED and one.had is Had.OFF
            if last is None or last.over or more:
                last = _Loss(at_start=one.from_us == self._from_us)
                losses.append(last)
            last.parts.append(one)
        return losses

    def _carried(self, loss: _Loss, term: _Term) -> bool:
        return loss.at_start or loss.parts[0].from_us < term.from_us

    def _harm(self, term: _Term) -> Iterator[LivedAccount]:
        """Yield each part of a loss that was not as announced, from when on, in order of time."""
        for loss in self._losses:
            verdict, from_us = _NEW.get(term.state), term.from_us
            if self._carried(loss, term):
                if term.coming_us is None:
                    continue
                verdict, from_us = Lived.NOT_GIVEN_BACK, self._due_us(term, term.coming_us)
            if verdict is None:
                continue
            for part in loss.parts:
                at_us = max(part.from_us, from_us)
                if at_us < min(part.to_us, term.to_us) and not _for_credit(part, at_us, term):
                    yield LivedAccount(verdict, at_us, part.why)

    def _still_on(self, term: _Term) -> Iterator[LivedAccount]:
        """Yield each time with supply, later than L after the cut that was announced."""
        if term.state is not _State.ENDED:
            return
        due_us = self._due_us(term, term.from_us)
        for one in self._supply:
            at_us = max(one.from_us, due_us)
            if one.had is Had.ON and at_us < min(one.to_us, term.to_us):
                yield LivedAccount(Lived.STILL_ON, at_us)

    # The end -------------------------------------------------------------------------------------

    def _ends_too_soon(self) -> bool:
        """Whether something is still to come that nobody has seen."""
        last = self._terms[-1]
        if last.state is _State.UNHEARD:
            return False
        newest = self._newest(self._end_us - 1)
        assert newest is not None, "something was announced"
        dues_us = [self._deadline_us(newest.end_us, newest.late_max_us)]
        if last.state is _State.ENDED:
            dues_us.append(self._due_us(last, last.from_us))
        off = bool(self._losses) and not self._losses[-1].over
        if last.coming_us is not None and off and self._carried(self._losses[-1], last):
            dues_us.append(self._due_us(last, last.coming_us))
        return max(dues_us) > self._end_us

    def _cut_us(self) -> int | None:
        """Return when supply was lost in the last term that an announced cut began."""
        ended = [term for term in self._terms if term.state is _State.ENDED]
        if not ended:
            return None
        last = ended[-1]
        lost = (
            max(part.from_us, last.from_us)
            for loss in self._losses
            for part in loss.parts
            if part.to_us > last.from_us and part.from_us < last.to_us
        )
        return min(lost, default=None)


def _state(newest: HeardAnnouncement | None, us: int, *, takes_part: bool, free: bool) -> _State:
    if free:
        return _State.FREE
    if newest is None or (newest.takers_only and not takes_part):
        return _State.UNHEARD
    if us < newest.end_us:
        return _State.PROMISED
    return _State.OVER if newest.cut_us is None else _State.ENDED


def _for_credit(part: LivedStretch, us: int, term: _Term) -> bool:
    """Whether a loss is for credit, and nothing announced that no credit is needed then."""
    if part.why is not LossReason.CREDIT:
        return False
    if term.state is not _State.PROMISED:
        return True
    assert term.newest is not None, "it is promised"
    return term.newest.defer_us is None or us >= term.newest.defer_us
