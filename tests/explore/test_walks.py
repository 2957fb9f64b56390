"""Walks by chance: what no author of a scope thought of crosses what he did."""

import re
import shlex
from itertools import count

import pytest

from meter_emu.errors import ConfigError
from meter_emu.explore import every
from meter_emu.explore.acts import ALL_ACTS, acts_in
from meter_emu.explore.lives import Lives
from meter_emu.explore.roots import campaign_named, scope_named
from meter_emu.explore.scope import Scope
from meter_emu.explore.search import Explored, explore
from meter_emu.explore.walks import NOT_ADDED, ChanceWalk, WalkKind, broken_by, widened
from meter_emu.resources import built_in
from meter_emu.world.meter.age import NEW
from meter_emu.world.meter.events import What
from tests.cells import each_cell, few
from tests.cli.outcome import runner
from tests.explore import by_chance
from tests.explore.field import entered
from tests.explore.mistakes import OURS

LIMITED = {"limiter-on", "limiter-off"}
TOKENS = {"paygo", "sts", "faulty"}  # whose scopes stay as they are: devices, and a wrong office


def acts_of(name: str) -> frozenset[str]:
    return acts_in(of_kind(name, WalkKind.ALL_ACTS))


@each_cell("name", lambda: sorted(built_in("scopes")), short=6)
def test_a_walk_has_all_acts_that_its_household_can_have(name: str):
    scope = scope_named(name, "reference")
    if name.partition("-")[0] in TOKENS:
        assert acts_of(name) == acts_in(scope)
        return
    gas = scope.household.model.energy == "gas"
    missing = set(ALL_ACTS) - NOT_ADDED - acts_of(name)
    assert missing == (LIMITED if gas else set())
    assert acts_in(scope) <= acts_of(name), "its own are among them"


def of_kind(name: str, kind: WalkKind) -> Scope:
    return widened(campaign_named(name, "reference"), scope_named(name, "reference"), kind)


@each_cell("name", ["new", "armed", "gas", "spring", "memory-card"])
def test_credit_ends_before_the_second_instant(name: str):
    """Or soon after it, where none is cut by night; in households that begin with no load."""
    lives = Lives(of_kind(name, WalkKind.CREDIT_ENDS))
    assert (
        0 < lives.household.balance_cents < scope_named(name, "reference").household.balance_cents
    )
    while not lives.over and all(event.what is not What.OPENED for event in lives.events):
        lives.do(lives.scope.acts[0])
    assert any(event.what is What.OPENED for event in lives.events)


def test_meters_of_many_ages_are_walked_through():
    budget = [name for name in built_in("scopes") if name.partition("-")[0] not in TOKENS]
    ages = {of_kind(name, WalkKind.AGED).household.age for name in budget}
    assert NEW in ages
    assert len(ages) > len(budget) / 2


@pytest.mark.slow("eight walks each")
@each_cell("name", lambda: sorted(built_in("scopes")), short=3)
def test_walks_find_nothing_in_the_reference(name: str):
    for number in range(8):
        found = broken_by(ChanceWalk(name, number), "reference")
        assert found is None, number


@pytest.mark.slow("some hundred walks: the first 750 are clean")
def test_a_walk_finds_what_the_acts_of_a_scope_cannot_show():
    """Nobody has a limiter in this scope, and no order brings other prices."""
    build = "reference+limiter-lost-with-prices"
    with entered(OURS):
        assert explore(Explored(scope_named("session", build)), depth=6).broken is None
        found = next(
            filter(
                None,
                (
                    broken_by(ChanceWalk("session", n), build)
                    for n in range(few(0, short=750), 4_000)
                ),
            )
        )
    assert "10 A" in found.story.words
    assert not found.law, "the judge says so"
    orders = [visit.desk for visit in found.story.campaign.households[0].visits if visit.desk]
    assert any(order.limiter for order in orders)
    assert any(order.tariff for order in orders)


def test_a_program_that_does_otherwise_when_it_is_run_again_is_named_in_a_line(monkeypatch, capsys):
    monkeypatch.setattr(by_chance, "MADE", count(1))
    build = "tests.explore.by_chance:fails_once"
    said = runner(monkeypatch, capsys)("explore", build, "--scope", "session", "--jobs", 1)
    assert (said.code, next(by_chance.MADE) > by_chance.FAILS) == (2, True)
    assert f"{build}: not reproducible: run again it does otherwise" in said.err
    monkeypatch.setattr(by_chance, "MADE", count(by_chance.FAILS))
    with pytest.raises(ConfigError, match="not reproducible"):
        broken_by(ChanceWalk("session", 0), build)


@pytest.mark.slow("a walk, and its story again by a law")
def test_what_a_law_alone_says_is_shown_by_that_law(tmp_path, monkeypatch, capsys):
    """The judge reads no estimate on a card, so `rehearse` would show nothing."""
    emu = runner(monkeypatch, capsys)
    monkeypatch.setattr(every, "built_in", lambda _kind: {"session": None})
    build = "reference+setting-error-forgotten"
    found = emu("explore", build, "--scope", "all", "--time", 120, "--jobs", 1, "--to", tmp_path)
    assert re.search(r"beyond that: \d+ walks? by chance", found.out), "a time has room for walks"
    (command,) = re.findall(r"shown by: meter-emu (.*)", found.out)
    assert "--law write-back" in command
    again = emu(*shlex.split(command), "--to", tmp_path)
    assert (found.code, again.code) == (1, 1)
    assert "the card says an uncertainty" in again.out
