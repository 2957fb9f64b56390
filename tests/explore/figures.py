"""One scope explored on the reference, and one defect looked for in all scopes."""

import time
from functools import cache
from math import comb
from typing import NamedTuple

from meter_emu.explore.roots import scope_named
from meter_emu.explore.scope import Scope
from meter_emu.explore.search import Explored, explore
from meter_emu.resources import built_in
from meter_emu.stories.story import ModelAndCards
from meter_emu.verify.program import traits
from meter_emu.world.meter.build import parse_build

DEEPEST = 4  # acts


def row(unit: tuple[str, int]) -> str:
    name, depth = unit
    began_s = time.process_time()
    explored = explore(Explored(scope_named(name, "reference")), depth=depth)
    took_s = time.process_time() - began_s
    assert explored.broken is None, f"{name}: {explored.broken.words}"
    scope = explored.scope
    return (
        f"| {name} | {len(scope.acts)} | {len(scope.instants)} | {explored.depth} | "
        f"{explored.states:,} | {explored.transitions:,} | {took_s:.0f} | "
        f"{explored.pairs:,}, {explored.differing} |"
    )


class Step(NamedTuple):
    """A scope to a depth, and how many sequences that is if none are merged."""

    sequences: int
    scope: str
    depth: int


class Looked(NamedTuple):
    """What came of looking for a build's defect: the scope that shows it, or none.

    `steps` is how many were taken or left out up to now, to go on from there.
    """

    build: str
    scope: str
    acts: int
    transitions: int
    words: str
    cpu_s: float
    steps: int


def looked(unit: tuple[str, int, float]) -> Looked:
    """Look for what a build breaks, from one of the steps on, for some processor time.

    It ends before a step that may take longer than what is left, at a millisecond a sequence.
    """
    build, first, time_s = unit
    began_s, transitions, number = time.process_time(), 0, first
    whole: set[str] = set()
    for number, step in enumerate(steps()[first:], first):
        left_s = time_s - (time.process_time() - began_s)
        if step.sequences / 1000 > left_s:
            break
        scope = scope_named(step.scope, build)
        if step.scope in whole or not has_what_it_needs(scope):
            continue
        explored = explore(Explored(scope), depth=step.depth)
        transitions += explored.transitions
        whole |= {step.scope} if explored.whole else set()
        if explored.broken is not None:
            acts = sum(act > 0 for act in explored.broken_path)
            words, took_s = explored.broken.words, time.process_time() - began_s
            return Looked(build, step.scope, acts, transitions, words, took_s, number)
    return Looked(build, "", 0, transitions, "", time.process_time() - began_s, number)


@cache
def steps() -> tuple[Step, ...]:
    """Return every scope to every depth, what may be least first."""
    scopes = {name: scope_named(name, "reference") for name in built_in("scopes")}
    depths = range(DEEPEST + 1)
    found = (Step(_sequences(scope, n), name, n) for name, scope in scopes.items() for n in depths)
    return tuple(sorted(found))


def _sequences(scope: Scope, depth: int) -> int:
    instants, acts = len(scope.instants), len(scope.acts) - 1
    return sum(comb(instants, n) * acts**n for n in range(min(depth, instants) + 1))


def has_what_it_needs(scope: Scope) -> bool:
    """Whether the household has the meter and card without which no defect of its build shows."""
    home = scope.household
    card = (home.card_generation, home.carrier)
    have = set(traits([ModelAndCards(home.model.name, home.model, (card,))]))
    return all(set(defect.needs) <= have for defect in parse_build(home.build).defects)
