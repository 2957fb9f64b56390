"""Whose doing it was that a household did not live what it heard: it is lived again, repaired.

One thing at a time is put right, and the household runs again. What lets it live what it heard is
an actual cause; if none does alone, two together are tried (`docs/decisions/announced.md`).
"""

from itertools import combinations
from typing import Final

from meter_emu.errors import ConfigError
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.judge.lived import LossReason
from meter_emu.world.judge.outcome import Doing, Outcome
from meter_emu.world.judge.repairs import REPAIRS, Life
from meter_emu.world.judge.verdict import lived_as
from meter_emu.world.judge.verdicts import (
    LIVED_WRONG,
    FindingKind,
    Lived,
    RepairName,
)
from meter_emu.world.meter.build import parse_build
from meter_emu.world.rehearsal.engine import run_meter

PAIRS_MAX: Final = 10  # ours: with a life for each of `REPAIRS` at most 17 for a household


def doing_of(
    household: Household, campaign: Campaign, outcome: Outcome
) -> tuple[Doing, ...] | None:
    """Return the smallest repairs of which each lets a household live what it heard.

    None suffices: `()`. `None` where it lived that, or where a program that is not ours would have
    to be run again unwatched.
    """
    at_us = outcome.lived.at_us
    if at_us is None or outcome.lived.verdict not in LIVED_WRONG:
        return None
    life = Life(household, household, campaign, at_us, _erred(outcome, at_us))
    changed = {name: row.change(life) for name, row in REPAIRS.items()}
    able = [name for name, repaired in changed.items() if repaired != life]
    wrong = LIVED_WRONG
    if outcome.lived.verdict is Lived.PAID_NEVER_GOT:  # who can buy is another question
        wrong -= {Lived.CANNOT_BUY}
    ours = {name for name in able if _is_bounded(changed[name].run)}
    for size, most in ((1, len(REPAIRS)), (2, PAIRS_MAX)):
        found = []
        for names in list(combinations(able, size))[:most]:
            lives = _lives(life, names) if ours.intersection(names) else None
            if lives is not None and lives not in wrong:
                found.append(Doing(names, lives))
        if found:
            return tuple(found)
    return () if len(ours) == len(able) else None


def _is_bounded(household: Household) -> bool:
    """Whether its program can be run again by itself: another's in Python may never come back."""
    build = parse_build(household.build)
    return build.factory is None or build.hosted


def _erred(outcome: Outcome, at_us: int) -> bool:
    """Whether the meter had broken its orders by then, or does while the supply stays as it is."""
    refused = any(
        one.kind is FindingKind.GROUNDLESS_REFUSAL and one.from_us <= at_us
        for one in outcome.findings
    )
    changes = (one.from_us for one in outcome.supply if one.from_us > at_us)
    until_us = next(changes, outcome.seen_until_us)
    breached = any(one.to_us > at_us and one.from_us < until_us for one in outcome.breaches)
    return refused or breached or outcome.lived.why is LossReason.METER


def _lives(life: Life, names: tuple[RepairName, ...]) -> Lived | None:
    """Return what a repaired life comes to, up to the end; `None` where it cannot be lived."""
    for name in names:
        life = REPAIRS[name].change(life)
    try:
        events = run_meter(life.run, life.campaign)
    except ConfigError:  # an office of ours refuses it
        return None
    if events[-1].failure is not None:
        return None
    return lived_as(life.run, life.heard, life.campaign, events).verdict
