"""Logs of the reference, changed by hand: each change is seen, or nobody could see it.

`make test-judge` asks for 5,000 changes and says how many were seen, and why the others were not.
"""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Final

import pytest

from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import story
from meter_emu.world.meter.events import Event
from meter_emu.world.rehearsal.account import UEUR
from meter_emu.world.rehearsal.breaches import SupplySpan, supply_of
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.engine import run_meter
from meter_emu.world.rehearsal.household import Household
from meter_emu.world.rehearsal.obligations import Must, row_of
from meter_emu.world.rehearsal.outcome import Supplied
from meter_emu.world.rehearsal.verdict import judge
from tests.world.rehearsal.changing import Change, changes
from tests.world.rehearsal.naive import Naive

CHANGES: Final = int(os.environ.get("JUDGE_CHANGES", "250"))
LAWFUL: Final = {
    Must.ON: {Supplied.ON, Supplied.NO_POWER},
    Must.OFF: {Supplied.OFF, Supplied.NO_POWER},
    Must.LIMITED: {Supplied.ON, Supplied.LIMITED, Supplied.NO_POWER},
    Must.EITHER: set(Supplied),
    None: set(Supplied),
}
SMALL_UEUR: Final = 20_000  # two cents: an account that has parted may be as wide


def differs(
    events: Sequence[Event], change: Change, campaign: Campaign
) -> list[tuple[int, Supplied]]:
    """Return instants at which the changed supply is another one, and what it is there."""
    span = (campaign.start_us, campaign.end_us)
    before, after = (list(supply_of(of, *span)) for of in (events, change.events))
    edges = sorted({one.from_us for one in (*before, *after)} | {campaign.end_us})
    found = []
    for from_us, to_us in pairwise(edges):
        middle_us = (from_us + to_us) // 2
        had, has = (_at(of, middle_us) for of in (before, after))
        if had is not has:
            found += [(us, has) for us in (from_us, middle_us, to_us - 1)]
    return found


def _at(spans: Sequence[SupplySpan], us: int) -> Supplied:
    return next(one.had for one in spans if one.from_us <= us < one.to_us)


def why_unseen(
    household: Household, campaign: Campaign, events: Sequence[Event], change: Change
) -> str | None:
    """Return why nobody could see a change, `None` if somebody could."""
    if change.subject == "charge":
        # Two cents, or a deferral that ended while gas flowed and the battery was out.
        books = row_of(household, campaign, events).books[change.place]
        width_ueur = max(SMALL_UEUR, (books.high - books.low) // UEUR)
        return "narrower than the account" if change.by_ueur <= width_ueur else None
    if change.subject == "display":
        return "its end had come, and a meter may have forgotten it" if change.gone else None
    naive = Naive(household, campaign, change.events)
    moments = differs(events, change, campaign)
    if any(has not in LAWFUL[naive.must(us)] for us, has in moments):
        return None  # the second oracle sees it
    if not moments:
        return "nothing is otherwise"
    # What was lawful just before the two part, and lets them.
    parts_us = max(campaign.start_us, moments[0][0] - 1)
    spans = row_of(household, campaign, change.events).spans
    rule = next(span.rule for span in spans if span.from_us <= parts_us < span.to_us)
    return f"lawful either way: {rule}"


@pytest.mark.slow("lives and judges many homes")
def test_each_change_of_a_log_is_seen_unless_nobody_could():
    seen: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    missed, seed = [], 0
    while seen.total() + reasons.total() < CHANGES:
        campaign = story(seeded(seed))
        (household,) = campaign.households
        events = run_meter(household, campaign)
        for change in changes(events, Random(seed)):
            outcome = judge(household, campaign, change.events)
            if outcome.breaches or outcome.findings:
                seen[change.subject] += 1
                continue
            why = why_unseen(household, campaign, events, change)
            reasons[f"{change.subject}: {why}"] += 1
            if why is None:
                missed.append((seed, change.subject, change.how, change.place))
        seed += 1
    sys.stderr.write(f"\nseen {dict(seen)}\nnot seen {dict(reasons)}\n")
    assert missed == []
    assert seen.total() >= 9 * reasons.total()
    assert {"cut", "restoration", "charge", "display"} <= set(seen)
