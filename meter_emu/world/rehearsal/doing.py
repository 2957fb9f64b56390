"""Whose doing it was that a household did not live what it heard: it is lived again, repaired.

One thing at a time is put right, and the household runs again. What lets it live what it heard is
an actual cause; if nothing does alone, two together are tried (`docs/decisions/doing.md`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Final, TypeAlias

from meter_emu.errors import ConfigError
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.judge.lived import LossReason
from meter_emu.world.judge.outcome import Doing, Outcome
from meter_emu.world.judge.repairs import REPAIRS, RepairCase
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import LIVED_WRONG, FindingKind, Lived, RepairName
from meter_emu.world.meter.build import parse_build
from meter_emu.world.rehearsal.engine import run_meter

PAIRS_MAX: Final = 10  # ours: with a life for each of `REPAIRS` at most 17 for a household
_Repaired: TypeAlias = tuple[tuple[RepairName, ...], RepairCase]


def doing_of(
    household: Household, campaign: Campaign, outcome: Outcome
) -> tuple[Doing, ...] | None:
    """Return the smallest repairs of which each lets a household live what it heard.

    None suffices: `()`. `None` where it lived that, or where a program that is not ours would have
    to be run again unwatched.
    """
    at_us, verdict, asked = outcome.lived.at_us, outcome.lived.verdict, True
    if at_us is None or verdict not in LIVED_WRONG:
        return None
    wrong = LIVED_WRONG
    if verdict is Lived.PAID_NEVER_GOT:  # who can buy is another question
        wrong -= {Lived.CANNOT_BUY}
    case = RepairCase(household, household, campaign, at_us, _erred(outcome))
    lives: list[_Repaired] = [((), case)]
    for most in (len(REPAIRS), PAIRS_MAX):
        found, left = [], list[_Repaired]()
        for names, life in islice(_repaired(lives), most):
            if not _is_bounded(life.run):
                asked = False
                continue
            after = _lived(life)
            if after is None:
                continue
            if after.lived.verdict not in wrong:
                found.append(Doing(names, after.lived.verdict))
            elif after.lived.at_us is not None:
                left.append((names, replace(life, at_us=after.lived.at_us, erred=_erred(after))))
        if found:
            return tuple(found)
        lives = left
    return () if asked else None


def _repaired(lives: Iterable[_Repaired]) -> Iterator[_Repaired]:
    """Yield each life with one thing more put right, if that changes anything."""
    order = list(REPAIRS)
    for names, life in lives:
        for name in order[order.index(names[-1]) + 1 :] if names else order:
            changed = REPAIRS[name].change(life)
            if changed != life:
                yield (*names, name), changed


def _lived(life: RepairCase) -> Outcome | None:
    """Return the outcome of a repaired life; `None` if an office refuses it, or it fails."""
    try:
        events = run_meter(life.run, life.campaign)
    except ConfigError:
        return None
    return None if events[-1].failure else judge(life.run, life.campaign, events, life.heard)


def _is_bounded(household: Household) -> bool:
    """Whether its program can be run again by itself: another's in Python may never come back."""
    build = parse_build(household.build)
    return build.factory is None or build.hosted


def _erred(outcome: Outcome) -> bool:
    """Whether the meter broke its orders while a household did not live what it heard."""
    at_us = outcome.lived.at_us
    if at_us is None:
        return False
    changes = (one.from_us for one in outcome.supply if one.from_us > at_us)
    until_us = next(changes, outcome.seen_until_us)
    return outcome.lived.why is LossReason.METER or any(
        (
            *(one.to_us > at_us and one.from_us < until_us for one in outcome.breaches),
            *(
                one.kind is FindingKind.GROUNDLESS_REFUSAL and one.from_us <= at_us
                for one in outcome.findings
            ),
        )
    )
