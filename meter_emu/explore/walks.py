"""Walks: an act drawn by chance at nearly every instant, with acts that the scope has not.

A defect that takes three acts in one order is one of thousands of sequences, and each search by
depth comes to it last. A walk through five instants holds ten such threes, so some hundred walks
meet it where a depth takes as many thousand transitions. Of four walks one is through the scope as
it is. The others draw from all acts that a household can have (`acts`), an order brought to the
meter at once: so what no author of a scope thought of crosses what he did. And of these one has a
household whose credit ends soon, and one whose counts are near their bounds (`ages`). What a
walk breaks has its acts taken out again one by one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import Enum, unique
from functools import cache
from random import Random
from typing import Final, NamedTuple, final

from meter_emu.domain import BUDGET
from meter_emu.explore.acts import ACT_ROWS, OUTAGE, OUTAGE_US, Placed, acts_in
from meter_emu.explore.lives import Lives, Path
from meter_emu.explore.roots import campaign_named
from meter_emu.explore.scope import Scope, ScopeAct, act_of, outage_act, scope_of
from meter_emu.explore.search import by_the_judge, lived_as_trial, smaller, wrong_in
from meter_emu.laws import laws
from meter_emu.laws.law import Broken
from meter_emu.stories.ages import aged
from meter_emu.stories.chooser import seeded
from meter_emu.units import HOUR_US, MINUTE_US, MWH_PER_WH, UEUR_PER_CENT
from meter_emu.verify.report import Counterexample, counterexample
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, Visit, VisitKind

_REST: Final = 0.25  # ours: at how many instants nothing happens
_READ_ONE_IN: Final = 4  # ours: walks whose cards are read as well; that takes another life
_PRESSED_TIMES: Final = 3  # ours
_WAY_US: Final = 2 * MINUTE_US  # ours: from an office to the meter
# What is never added: of these the judge may think otherwise than a right meter. An office that is
# wrong moves a lost clock, or leaves a date on the card that the next order brings; of a card that
# is broken in part the meter has another copy; and while a clock is spoilt each may take the hour
# for another. Nobody has another's card or a token there.
NOT_ADDED: Final = frozenset(
    {"office-date", "wrong-fields", "copied-record", "flipped-bit", "anothers-card"}
    | {"upset", "lost-setting", "old-clock-card", "anothers-clock-card"}
    | {"token", "mistyped-token", "type"}
)
_SPOILS: Final = {"upset", "lost-setting"}  # a clock
_OF_LIMITER: Final = frozenset({"limiter-on", "limiter-off"})
_READ: Final = ("card-kept", "office-agrees", "conserved", "write-back")  # and by the judge


@final
@unique
class WalkKind(Enum):
    """What is another than in the scope: nothing, its acts, or its acts and its household."""

    AS_IT_IS = "as it is"
    ALL_ACTS = "all acts"
    CREDIT_ENDS = "credit ends"
    AGED = "aged"


_KINDS: Final = tuple(WalkKind)


@final
class ChanceWalk(NamedTuple):
    """A walk through a scope, by its number: the same on any machine."""

    scope: str
    number: int


@final
class WalkBroken(NamedTuple):
    """What a walk broke; `law` is that which says so, "" for the judge, who reads every life."""

    story: Counterexample
    law: str


@final
class _Wrong(NamedTuple):
    words: str
    law: str = ""


def broken_by(walk: ChanceWalk, build: str) -> WalkBroken | None:
    """Walk through a scope of a build; return what breaks, as small as taking acts out makes it."""
    kind = _KINDS[walk.number % len(_KINDS)]
    lives = _lives(walk.scope, build, kind)
    random = Random(f"{walk.scope}/{walk.number}")  # noqa: S311  no secrets
    path = _drawn(lives, random, _choices(lives.scope, kind))
    reads = walk.number // len(_KINDS) % _READ_ONE_IN == 0
    found = _wrong_with(lives, reads=reads)
    return None if found is None else _smallest(lives, path, reads=reads)


def _choices(scope: Scope, kind: WalkKind) -> Sequence[int]:
    """Return the acts to draw from: who has no credit presses keys more often than others."""
    acts = range(1, len(scope.acts))
    if kind is not WalkKind.CREDIT_ENDS:
        return acts
    presses = [act for act in acts if any(one.act is not None for one in scope.acts[act].visits)]
    return [*acts, *presses * _PRESSED_TIMES]


def _drawn(lives: Lives, random: Random, acts: Sequence[int]) -> Path:
    """Walk, and return the acts; one that is not possible where it is drawn is left out."""
    path: Path = ()
    lives.go(())
    while not lives.over:
        act = 0 if random.random() < _REST else random.choice(acts)
        if not lives.do(lives.scope.acts[act]):
            _play(lives, path)
            act = 0
            lives.do(lives.scope.acts[act])
        path = (*path, act)
    return path


def _play(lives: Lives, path: Path) -> bool:
    """Live along a path from the start; return whether all of it was possible."""
    lives.go(())
    return all(not lives.over and lives.do(lives.scope.acts[act]) for act in path)


def _wrong_with(lives: Lives, *, reads: bool) -> _Wrong | None:
    """Return what is wrong with the life that was lived last, `None` for nothing."""
    words = wrong_in(lives, lives.seen())
    if words is not None:
        return _Wrong(words)
    if not reads or lives.scope.household.model.device != BUDGET:
        return None
    trial = lived_as_trial(lives)
    found = ((name, laws()[name].asked(trial)) for name in _READ)
    return next((_Wrong(one.words, name) for name, one in found if isinstance(one, Broken)), None)


def _smallest(lives: Lives, path: Path, *, reads: bool) -> WalkBroken:
    """Return a walk that breaks something without the acts that it does not need."""

    def breaks(shorter: Path) -> bool:
        return _play(lives, shorter) and _wrong_with(lives, reads=reads) is not None

    path, runs = smaller(path, breaks)
    possible = _play(lives, path)
    wrong = _wrong_with(lives, reads=reads) if possible else None
    if wrong is None:
        raise lives.unsteady("it broke before, and nothing is left to chance")
    if not wrong.law:
        return WalkBroken(by_the_judge(lives, runs), wrong.law)
    return WalkBroken(counterexample(lived_as_trial(lives), wrong.words, runs=runs), wrong.law)


@cache
def _lives(name: str, build: str, kind: WalkKind) -> Lives:
    """Return the household of a scope, of a kind of walk, with the acts of that kind."""
    campaign = campaign_named(name, build)
    scope = scope_of(campaign, build)
    return Lives(scope if kind is WalkKind.AS_IT_IS else widened(campaign, scope, kind))


def widened(campaign: Campaign, scope: Scope, kind: WalkKind) -> Scope:
    """Return a scope with the acts that it has not, after its own, at its own instants.

    Its household has the credit, or the age, of that kind of walk. Of a device that obeys tokens
    the scope stays as it is; so does one whose office writes wrong fields, as they stay on a card.
    """
    household = scope.household
    if household.model.device != BUDGET or "wrong-fields" in acts_in(scope):
        return scope
    acts = list(scope.acts)
    for act in added(campaign, campaign.households[0], scope):
        acts += [act] if act not in acts else []
    doubted = household.rtc_found or acts_in(scope) & _SPOILS
    if kind is WalkKind.CREDIT_ENDS and not doubted:
        household = replace(household, balance_cents=_until_cents(scope))
    if kind is WalkKind.AGED:
        age = aged(seeded(f"walks/{campaign.name}"), household.carrier)
        household = replace(household, age=age)
    return scope._replace(acts=tuple(acts), household=household)


def _until_cents(scope: Scope) -> int:
    """Return the credit that is used up before the second instant of a scope."""
    household, model = scope.household, scope.household.model
    until_us = scope.instants[min(1, len(scope.instants) - 1)]
    hours = (until_us - scope.campaign.start_us) / HOUR_US
    used_wh = hours * max(household.load) * model.credit.mwh_per_unit / MWH_PER_WH
    price_ueur = model.credit.pricing.price_ueur_per_wh
    return max(1, int(used_wh * price_ueur / UEUR_PER_CENT))


def added(campaign: Campaign, household: Household, scope: Scope) -> Iterator[ScopeAct]:
    """Yield the acts that a household can have and its scope has not."""
    placed = Placed(campaign, household, scope.instants[len(scope.instants) // 2])
    limited = household.model.limiter_a > 0
    has = acts_in(scope) | NOT_ADDED
    for name in (name for name in ACT_ROWS if name not in has):
        if name in _OF_LIMITER and not limited:
            continue
        visit = ACT_ROWS[name].made(placed)
        visits = [visit]
        if visit.desk is not None and not visit.desk.torn:
            visits.append(Visit(at_us=visit.at_us + _WAY_US, kind=VisitKind.INSERT))
        yield act_of(visits, household)
    if OUTAGE not in has:
        yield outage_act(OUTAGE_US)
