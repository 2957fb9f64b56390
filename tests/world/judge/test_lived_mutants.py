"""Each small change of the account of what households lived is denied by the other account.

So is each of some pairs of changes, of which one might have made up for the other.
"""

import ast
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from meter_emu.world.judge import lived
from tests.cells import drawn as drawn_cells
from tests.cells import few
from tests.mutants.changes import changes, routine_in, swapped
from tests.world.judge.lived_cases import LivedCase, drawn

SOURCE = Path(lived.__file__).read_text("utf-8")
DRAWN = 12_000  # ours: enough that every change shows, the last one in the 8,312th
PAIRS = 400 if "METER_EMU_LIVED" in os.environ else 20


def routines() -> Iterator[tuple[str, str]]:
    """Yield the functions of the account, each with its class.

    Light belongs to the account of OpenPAYGO, whose own test denies the changes of it.
    """
    for node in ast.parse(SOURCE).body:
        if isinstance(node, ast.FunctionDef):
            yield "", node.name
        elif isinstance(node, ast.ClassDef) and node.name != lived.PaidLight.__name__:
            yield from (
                (node.name, one.name) for one in node.body if isinstance(one, ast.FunctionDef)
            )


class Place(NamedTuple):
    """One change: of which routine, and which of its changes."""

    part: str
    name: str
    number: int


def places() -> Iterator[Place]:
    for part, name in routines():
        routine = routine_in(ast.parse(SOURCE), part, name)
        yield from (Place(part, name, number) for number, _ in enumerate(changes(routine)))


def pairs(count: int) -> list[tuple[Place, Place]]:
    """Return pairs of changes of two routines, the same ones each time."""
    both = [(one, two) for one, two in combinations(places(), 2) if one[:2] != two[:2]]
    return Random(0).sample(both, count)


@contextmanager
def mutant(*changed: Place) -> Iterator[tuple[str, ModuleType]]:
    """Have the account with these changes in it, and what they are."""
    tree, said = ast.parse(SOURCE), []
    for place in changed:
        routine = routine_in(tree, place.part, place.name)
        change = list(changes(routine))[place.number]
        said.append(f"{place.name}: {change.before} -> {change.after}")
        swapped(routine, change)
    module = ModuleType("mutant_of_lived")
    sys.modules[module.__name__] = module  # a dataclass looks its module up
    exec(compile(ast.fix_missing_locations(tree), "mutant", "exec"), module.__dict__)
    yield "; ".join(said), module
    del sys.modules[module.__name__]


def of(module: Any, case: LivedCase) -> tuple[str, int | None, str]:
    """Return what a changed account says."""
    heard = case.heard and [module.HeardAnnouncement(*one) for one in case.heard]
    acts = [
        module.HouseholdAct(one.at_us, module.HouseholdDeed(one.what.value)) for one in case.acts
    ]
    supply = [
        module.LivedStretch(
            one.from_us, one.to_us, module.Had(one.had.value), module.LossReason(one.why.value)
        )
        for one in case.supply
    ]
    found = module.account_lived(heard, acts, supply, case.start_up_us)
    return found.verdict.value, found.at_us, found.why.value


def denied(module: Any, case: LivedCase, said: tuple[str, int | None, str]) -> bool:
    try:
        return of(module, case) != said
    except Exception:  # noqa: BLE001  it does not even end
        return True


@pytest.mark.slow("reads some households by each of 180 changed accounts")
def test_every_change_of_the_account_is_denied():
    """`make test-lived` has 400 pairs."""
    cases = [drawn(seed) for seed in range(DRAWN)]
    said = [case.naive for case in cases]
    some = range(0, DRAWN, few(1, short=8))
    assert not any(denied(lived, cases[one], said[one]) for one in some)
    alone = [(place,) for place in places()]
    assert len(alone) > 150
    changes_of_all = [*alone, *pairs(PAIRS)]
    alive = []
    for number in drawn_cells(len(changes_of_all), short=25):
        with mutant(*changes_of_all[number]) as (words, module):
            if not any(denied(module, case, one) for case, one in zip(cases, said, strict=True)):
                alive.append(words)
    assert alive == []
