"""One scope explored on the reference, and one defect looked for in all scopes."""

import time
from typing import NamedTuple

from meter_emu.explore.roots import scope_named
from meter_emu.explore.search import Explored, explore
from meter_emu.resources import built_in


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
    """Look for what a build breaks in all scopes, so many acts deep, for some processor time."""
    build, depth, time_s = unit
    began_s, transitions = time.process_time(), 0
    for name in built_in("scopes"):
        if time.process_time() - began_s > time_s:
            break
        explored = explore(Explored(scope_named(name, build)), depth=depth)
        transitions += explored.transitions
        if explored.broken is not None:
            acts = sum(act > 0 for act in explored.broken_path)
            words = explored.broken.words
            return Looked(build, name, acts, transitions, words, time.process_time() - began_s)
    return Looked(build, "", 0, transitions, "", time.process_time() - began_s)
