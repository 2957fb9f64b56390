"""One scope explored on the reference, and one defect looked for in all scopes."""

import time
from typing import NamedTuple

from meter_emu.explore.every import can_show
from meter_emu.explore.roots import scope_named
from meter_emu.explore.search import Explored, explore

CHEAP_S = 0.2  # of processor time
DEARER = 8
LATER = 5  # what takes more than two acts is rare


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
    """A scope to a depth, and what that costs on the reference."""

    cost_s: float
    scope: str
    depth: int

    @property
    def turn(self) -> float:
        """When it is its turn: what costs least goes first."""
        return self.cost_s * (LATER if self.depth > 2 else 1)


class Looked(NamedTuple):
    """What came of looking for a build's defect: the scope that shows it, or none.

    `ahead` are the steps that are not taken yet.
    """

    build: str
    scope: str
    acts: int
    transitions: int
    words: str
    cpu_s: float
    ahead: tuple[Step, ...]


def steps_of(name: str) -> tuple[list[Step], float]:
    """Return the steps of a scope as the reference takes them, and the processor time that took.

    It goes an act deeper while that is cheap; the step after is taken to cost more by `DEARER`.
    """
    steps: list[Step] = []
    began_s = time.process_time()
    while not steps or steps[-1].cost_s < CHEAP_S:
        this_s = time.process_time()
        explored = explore(Explored(scope_named(name, "reference")), depth=len(steps))
        assert explored.broken is None, f"{name}: {explored.broken.words}"
        steps.append(Step(_since_s(this_s), name, len(steps)))
        if explored.whole:
            return steps, _since_s(began_s)
    return [*steps, Step(steps[-1].cost_s * DEARER, name, len(steps))], _since_s(began_s)


def looked(unit: tuple[str, tuple[Step, ...], float]) -> Looked:
    """Look for what a build breaks, a step after the other, for some processor time."""
    build, steps, time_s = unit
    began_s, transitions = time.process_time(), 0
    for number, step in enumerate(steps):
        if step.cost_s > time_s - (time.process_time() - began_s):
            return Looked(build, "", 0, transitions, "", _since_s(began_s), steps[number:])
        scope = scope_named(step.scope, build)
        if not can_show(scope):
            continue
        explored = explore(Explored(scope), depth=step.depth)
        transitions += explored.transitions
        if explored.broken is not None:
            acts = sum(act > 0 for act in explored.broken_path)
            words, took_s = explored.broken.words, _since_s(began_s)
            return Looked(build, step.scope, acts, transitions, words, took_s, steps[number:])
    return Looked(build, "", 0, transitions, "", _since_s(began_s), ())


def _since_s(began_s: float) -> float:
    return time.process_time() - began_s
