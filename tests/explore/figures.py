"""One scope explored on the reference, and one defect looked for in all scopes."""

import time
from typing import NamedTuple

from meter_emu.explore.roots import scope_named
from meter_emu.explore.scope import Scope
from meter_emu.explore.search import Explored, explore
from meter_emu.resources import built_in
from tests.explore import field

assert field.REPORTS, "a worker has their builds as well"
SMALL = 7  # acts


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


class Looked(NamedTuple):
    """What came of looking for a build's defect: the scope that shows it, or none."""

    build: str
    scope: str
    acts: int
    transitions: int
    words: str
    cpu_s: float


def looked(unit: tuple[str, int, float]) -> Looked:
    """Look for what a build breaks in all scopes, small ones first, for some processor time.

    So many acts deep: with 1, two in the small ones, which cost less than one in the others.
    """
    build, depth, time_s = unit
    began_s, transitions = time.process_time(), 0
    scopes = sorted((scope_named(name, build) for name in built_in("scopes")), key=_cost)
    for scope in scopes:
        if time.process_time() - began_s > time_s:
            break
        small = len(scope.acts) <= SMALL
        explored = explore(Explored(scope), depth=depth + (small and depth == 1))
        transitions += explored.transitions
        if explored.broken is not None:
            acts = sum(act > 0 for act in explored.broken_path)
            words, took_s = explored.broken.words, time.process_time() - began_s
            return Looked(build, scope.campaign.name, acts, transitions, words, took_s)
    return Looked(build, "", 0, transitions, "", time.process_time() - began_s)


def _cost(scope: Scope) -> int:
    return len(scope.acts) * len(scope.instants)
