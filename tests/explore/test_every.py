"""Every built-in scope in turn: what can be least goes first, and what breaks ends it."""

import pytest

from meter_emu.explore import every
from meter_emu.explore.every import EveryExplored, explore_every, sequences
from meter_emu.explore.roots import scope_named
from meter_emu.explore.search import Explored, explore
from meter_emu.resources import built_in
from tests.cells import few

SMALL = ("session", "one-end", "leap-2000")
DEPTH = few(2, short=1)


@pytest.fixture(autouse=True)
def three_scopes_and_no_more(monkeypatch):
    monkeypatch.setattr(every, "built_in", lambda _kind: dict.fromkeys(SMALL))


def test_as_many_sequences_as_there_can_be():
    """Counted by hand: at each of so many instants one of the acts, or nothing."""
    session = scope_named("session", "reference")
    acts, instants = len(session.acts) - 1, len(session.instants)
    assert (acts, instants) == (2, 6)
    assert [sequences(session, depth) for depth in (0, 1, 2, 6)] == [1, 1 + 12, 13 + 15 * 4, 3**6]


@pytest.mark.slow("three scopes to two acts, twice")
def test_it_finds_nothing_in_the_reference_and_counts_as_one_scope_alone_does():
    explored = explore_every(EveryExplored("reference"), depth=DEPTH)
    assert explored.broken is None
    assert set(explored.depths) == set(SMALL)
    assert set(explored.depths.values()) == {DEPTH}
    assert explored.differing == 0
    alone = [
        explore(Explored(scope_named(name, "reference")), depth=depth).transitions
        for name in SMALL
        for depth in range(DEPTH + 1)
    ]
    assert explored.transitions == sum(alone)


def test_what_breaks_ends_it_and_is_a_campaign():
    explored = explore_every(EveryExplored("reference+century-never-leap"), depth=1)
    assert explored.broken_in == "leap-2000"
    assert explored.broken is not None
    assert explored.broken.text.startswith("name = ")
    assert explored.depths["leap-2000"] == 0, "no act is needed"


def test_a_time_ends_it_in_the_middle_of_a_scope():
    explored = explore_every(EveryExplored("reference"), time_s=0.0)
    assert explored.broken is None
    assert not explored.depths


def test_a_scope_in_which_a_defect_cannot_show_is_passed_over():
    explored = explore_every(EveryExplored("reference+waits-for-a-tick"), depth=0)
    assert explored.passed_over == list(SMALL), "none of them has that clock chip"
    assert explored.transitions == 0


def test_small_steps_come_before_large_ones():
    steps = list(every._steps(EveryExplored("reference"), list(SMALL), 3, float("inf")))
    sizes = [sequences(scope_named(step.scope, "reference"), step.depth) for step in steps]
    assert sizes == sorted(sizes)
    assert {(step.scope, step.depth) for step in steps} == {
        (name, depth) for name in SMALL for depth in range(4)
    }


def test_every_built_in_scope_is_one_of_them(monkeypatch):
    monkeypatch.undo()
    explored = EveryExplored("reference")
    assert list(every._covered(explored)) == list(built_in("scopes"))
    assert not explored.passed_over
