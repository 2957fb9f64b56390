"""A household that is put back lives on as if nothing else had ever been tried on it."""

from dataclasses import replace
from random import Random

import pytest

from meter_emu.explore.lives import Lives, Path
from meter_emu.explore.roots import scope_named
from meter_emu.explore.scope import Scope, scope_of
from meter_emu.resources import built_in
from meter_emu.world.judge import forks
from meter_emu.world.judge.knowledge import Knowledge
from meter_emu.world.judge.verdict import judge, judge_so_far
from meter_emu.world.meter.at_rest import AtRest
from meter_emu.world.meter.devices import DEVICES
from meter_emu.world.meter.image import image_of
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import HouseholdStory, run_meter
from tests.cells import each_cell, few

CHAINS = few(150, short=75)
BUILDS = (
    "reference",
    "reference+date-read-at-start",  # a program of its own
    "reference+two-digit-pivot",
    "reference+crystal-out-of-bounds",  # a clock chip's part of its own
    "reference+stands-on-its-backup",
)


def scope(build: str) -> Scope:
    return scope_of(load_campaign(built_in("scopes")["new"]), build)


def chain(lives: Lives, chance: Random) -> Path:
    """Go along drawn acts, with detours from each place that are taken back."""
    path: Path = ()
    lives.go(path)
    while not lives.over:
        for _ in range(2):
            if lives.do(lives.scope.acts[chance.randrange(len(lives.scope.acts))]):
                lives.do(lives.scope.acts[chance.randrange(len(lives.scope.acts))])
            lives.again()
        act = chance.randrange(len(lives.scope.acts)) if chance.random() < 0.6 else 0
        if lives.do(lives.scope.acts[act]):
            assert judged_alike(lives), f"judged on the way: {path}, then {act}"
            lives.keep(act)
            path = (*path, act)
        lives.go(path)
    return path


def judged_alike(lives: Lives) -> bool:
    """Whether the judge who went on from before says the same as one who begins anew."""
    seen = lives.seen()
    if lives.failed:
        return True
    until_us = lives.scope.campaign.end_us
    anew = judge_so_far(lives.household, lives.campaign, seen, until_us)
    return lives.judged(seen)[:3] == anew[:3]


def seen_of(lives: Lives) -> tuple[object, ...]:
    """Return everything of a household that may not depend on how it came there."""
    household, campaign, events = lives.household, lives.campaign, lives.seen()
    image = image_of(lives.story.bench.board, household.model)
    return image, lives.story.card.image.to_bytes(), events, judge(household, campaign, events)


@pytest.mark.slow("30 lives with detours, and each again without")
@each_cell("build", BUILDS, short=1)
def test_chains_of_putting_back_equal_one_life(build):
    lives = Lives(scope(build))
    chance = Random(build)
    for number in range(CHAINS // len(BUILDS)):
        path = chain(lives, chance)
        together = seen_of(lives)
        assert lives.failed or len(path) >= 3, f"chain {number} is short"
        alone = Lives(lives.scope)
        for act in path:
            assert alone.do(alone.scope.acts[act])
        assert seen_of(alone) == together, f"chain {number}: {path}"
        campaign = replace(lives.campaign, end_us=lives.due_us)
        assert run_meter(lives.household, campaign) == together[2], f"rehearsed {number}: {path}"


def test_a_judge_who_goes_on_with_what_came_of_something_else_is_told_apart(monkeypatch):
    lives = Lives(scope("reference"))
    lives.go((1, 2))
    assert lives.do(lives.scope.acts[0])
    assert judged_alike(lives)
    lives.keep(0)
    lives.go((1, 2, 0))
    monkeypatch.setitem(forks._FORKED, Knowledge, lambda shared: shared)
    assert lives.do(lives.scope.acts[9]), "a technician sets the clock"
    lives.judged(lives.seen())
    lives.again()
    assert not judged_alike(lives)


def test_a_household_that_is_not_put_back_whole_is_told_apart(monkeypatch):
    lives = Lives(scope("reference"))
    path = (1, 2, 0, 5)
    lives.go(path)
    whole = seen_of(lives)
    resume = AtRest.resume

    def forgetting(self: AtRest) -> None:
        resume(self)
        lives.story.bench.board.eeprom.cells[0x180] ^= 1

    lives.go(())
    monkeypatch.setattr(AtRest, "resume", forgetting)
    lives.go(path)
    assert seen_of(lives) != whole


@each_cell(
    "build, part",
    (
        ("reference+crystal-out-of-bounds", "Oscillator+crystal-out-of-bounds"),
        ("reference+date-read-at-start", "Program+date-read-at-start"),
    ),
)
def test_what_a_part_with_a_defect_remembers_is_kept(build, part):
    """It is a class of another module: what it holds is the meter's all the same."""
    lives = Lives(scope(build))
    lives.go((0,))
    assert part in {type(kept.thing).__name__ for kept in lives.saved().kept}


def test_the_program_of_every_device_is_kept_and_not_built_anew():
    """Else a state differs by whether somebody has gone back to it, and nobody sees why."""
    named = (scope_named(name, "reference") for name in built_in("scopes"))
    scopes = {scope.household.model.device: scope for scope in named}
    assert scopes.keys() == DEVICES.keys()
    for scope in scopes.values():
        lives = Lives(scope)
        lives.go((0,))
        program = lives.story.bench.firmware
        assert program is not None
        assert lives.do(scope.acts[0])
        lives.again()
        assert lives.story.bench.firmware is program


def test_another_program_keeps_its_memory_because_its_story_is_lived_again():
    lives = Lives(scope("tests.explore.remembering:program"))
    lives.go((0, 0))
    assert lives.do(lives.scope.acts[10])
    pressed = lives.story.bench.board.panel.text
    lives.again()
    assert lives.do(lives.scope.acts[10])
    assert lives.story.bench.board.panel.text == pressed == "PRESSED 1"


def test_a_story_is_saved_with_all_that_was_seen():
    campaign = load_campaign(built_in("scopes")["new"])
    household = campaign.households[0]
    events: list[object] = []
    story = HouseholdStory(household, campaign, events.append)
    story.live_until(household.visits[1].at_us)
    rest, seen = story.saved(), list(events)
    story.receive(household.visits[1], 1)
    assert events != seen
    rest.resume()
    assert events == seen
