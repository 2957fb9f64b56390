"""One scope explored on the reference, and one defect looked for in all scopes."""

import time

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


def found(unit: tuple[str, float]) -> tuple[str, str, int, int]:
    """Return a defect, the scope that shows it or nothing, in how many acts and transitions."""
    defect, time_s = unit
    ends_s, transitions = time.monotonic() + time_s, 0
    for name in built_in("scopes"):
        if time.monotonic() > ends_s:
            break
        explored = explore(Explored(scope_named(name, f"reference+{defect}")), depth=2)
        transitions += explored.transitions
        if explored.broken is not None:
            return defect, name, sum(act > 0 for act in explored.broken_path), transitions
    return defect, "", 0, transitions
