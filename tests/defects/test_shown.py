"""Every defect shows: at its first failing input a home fares otherwise, and as its entry says.

The input is a campaign of one home. The reference keeps its promise there; the same home with the
defect does not, in the way the entry names. No two defects behave the same in every home of all.
"""

from collections import Counter
from collections.abc import Callable
from copy import copy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

from meter_emu.defects import Defect, Effect, Showing, catalogue
from meter_emu.laws import laws
from meter_emu.laws.law import Broken, Trial
from meter_emu.stories.story import ModelAndCards, models
from meter_emu.verify.program import traits
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.verdicts import GOOD, FindingKind, Verdict
from meter_emu.world.meter.devices import DEVICES
from meter_emu.world.meter.events import Event, What
from meter_emu.world.rehearsal.campaign import load_campaign
from tests.cells import each_cell

DEFECTS = list(catalogue().values())
SHOWN = DEFECTS


class Seen(NamedTuple):
    """How a home fared, and all that was seen of its meter."""

    outcome: Outcome
    events: tuple[Event, ...]


@cache
def trial(showing: Showing, build: str) -> Trial:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "shown.toml"
        path.write_text(showing.toml("a home", build), "utf-8")
        return Trial(load_campaign(path), build)


@cache
def lived(showing: Showing, build: str) -> Seen:
    run = trial(showing, build).run
    return Seen(run.outcome, tuple(run.events))


def served(seen: Seen, what: What) -> int:
    return sum(event.what is what for event in seen.events)


def verdict(*wanted: Verdict) -> Callable[[Seen, Seen], bool]:
    return lambda right, wrong: wrong.outcome.verdict in wanted


def finding(kind: FindingKind) -> Callable[[Seen, Seen], bool]:
    return lambda right, wrong: kind in {one.kind for one in wrong.outcome.findings}


def refuses(right: Seen, wrong: Seen) -> bool:
    kinds = (What.CARD_REFUSED, What.DESK_FAILED)
    return any(served(wrong, what) > served(right, what) == 0 for what in kinds)


def accepts(right: Seen, wrong: Seen) -> bool:
    return served(right, What.CARD_REFUSED) > served(wrong, What.CARD_REFUSED) == 0


SEEN_AS = {
    Effect.EARLY: verdict(Verdict.EARLY),
    Effect.LATE: verdict(Verdict.LATE),
    Effect.NEVER: verdict(Verdict.NEVER, Verdict.HELD),
    Effect.CUT_WRONGLY: verdict(Verdict.WRONGLY_CUT),
    Effect.REFUSES: refuses,
    Effect.ACCEPTS: accepts,
    Effect.NOT_RESTORED: verdict(Verdict.NOT_RESTORED),
    Effect.CRASHES: verdict(Verdict.CRASHED),
    Effect.HANGS: verdict(Verdict.HUNG),
    Effect.WRONG_MONEY: finding(FindingKind.WRONG_MONEY),
    Effect.WRONG_DISPLAY: finding(FindingKind.WRONG_DISPLAY),
    Effect.DOUBTS: finding(FindingKind.GROUNDLESS_DOUBT),
    Effect.NOT_CREDITED: finding(FindingKind.PAID_NOT_CREDITED),
    Effect.CREDITED_TWICE: finding(FindingKind.CREDITED_TWICE),
}


@pytest.mark.slow("lives a home for each defect")
@each_cell("defect", SHOWN, ids=[defect.id for defect in SHOWN], short=10)
def test_a_defect_shows_in_its_home_and_the_reference_keeps_its_promise_there(defect: Defect):
    assert isinstance(defect.shown, Showing)
    right, wrong = lived(defect.shown, "reference"), lived(defect.shown, defect.build)
    assert right.outcome.verdict in GOOD
    assert right.outcome.findings == ()
    assert SEEN_AS[defect.effect](right, wrong), wrong.outcome
    assert right.events != wrong.events


@pytest.mark.slow("lives a home for each defect")
@each_cell("defect", SHOWN, ids=[defect.id for defect in SHOWN], short=20)
def test_the_law_that_catches_a_defect_is_broken_in_its_home_and_kept_by_the_reference(defect):
    law = laws(defect.device)[defect.law]
    assert isinstance(law.check(trial(defect.shown, defect.build)), Broken)
    assert not isinstance(law.check(trial(defect.shown, "reference")), Broken)


TRAITS = {device: set(traits(models(device))) for device in DEVICES}


@each_cell("defect", DEFECTS, ids=[defect.id for defect in DEFECTS])
def test_what_a_defect_needs_is_a_thing_that_meters_or_cards_have(defect):
    assert set(defect.needs) <= TRAITS[defect.device]
    assert defect.law in laws(defect.device)


@each_cell("defect", DEFECTS, ids=[defect.id for defect in DEFECTS])
def test_a_home_in_which_a_defect_shows_has_what_it_needs(defect):
    if isinstance(defect.shown, Showing):
        (household,) = trial(defect.shown, "reference").campaign.households
        assert household.model.device == defect.device
        kit = ModelAndCards(
            household.model.name, household.model, ((household.card_generation, household.carrier),)
        )
        assert set(defect.needs) <= set(traits([kit]))


@each_cell("defect", SHOWN, ids=[defect.id for defect in SHOWN])
def test_a_home_is_a_campaign_of_a_page(defect: Defect):
    assert isinstance(defect.shown, Showing)
    lines = defect.shown.toml(defect.id, defect.build).splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 125


@pytest.mark.slow("lives a home for each defect")
@each_cell("place", sorted({defect.where for defect in DEFECTS}), short=1)
@each_cell("effect", Effect)
def test_no_two_defects_of_a_place_and_effect_behave_the_same_in_every_home(effect, place):
    """Each group's own homes are enough to tell its members apart; `make test-alike` tries all."""
    group = [one for one in SHOWN if one.effect is effect and one.where == place]
    assert alike(group, SHOWN) == []


def alike(defects: list[Defect], households: list[Defect]) -> list[list[str]]:
    """Return which defects behave the same in all homes: each is tried until it is alone."""
    groups = [defects] if len(defects) > 1 else []
    often = Counter(one.shown for one in households)
    for household in sorted(households, key=lambda one: (one not in defects, -often[one.shown])):
        assert isinstance(household.shown, Showing)
        split: dict[tuple[int, tuple[Event, ...]], list[Defect]] = {}
        for number, group in enumerate(groups):
            for defect in group:
                events = lived(household.shown, defect.build).events
                split.setdefault((number, events), []).append(defect)
        groups = [group for group in split.values() if len(group) > 1]
        if not groups:
            break
    return [[defect.id for defect in group] for group in groups]


def test_two_that_behave_the_same_are_found():
    twin = copy(SHOWN[0])
    assert alike([*SHOWN[:3], twin], SHOWN[:3]) == [[SHOWN[0].id, SHOWN[0].id]]


if __name__ == "__main__":
    found = alike(SHOWN, SHOWN)
    assert not found, f"alike in every home: {found}"
