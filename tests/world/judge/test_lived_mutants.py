"""Each small change of the account of what households lived is denied by the other account."""

import ast
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from meter_emu.world.judge import lived
from tests.mutants.changes import Change, changes, routine_in, swapped
from tests.world.judge.lived_cases import LivedCase, drawn

SOURCE = Path(lived.__file__).read_text("utf-8")
DRAWN = 4_000  # ours: enough that every change shows


def routines() -> Iterator[tuple[str, str]]:
    """Yield the functions of the account, each with its class."""
    for node in ast.parse(SOURCE).body:
        if isinstance(node, ast.FunctionDef):
            yield "", node.name
        elif isinstance(node, ast.ClassDef):
            yield from (
                (node.name, one.name) for one in node.body if isinstance(one, ast.FunctionDef)
            )


def mutants() -> Iterator[tuple[Change, ModuleType]]:
    """Yield the account with each change in it."""
    for part, name in routines():
        for number in count():
            tree = ast.parse(SOURCE)
            routine = routine_in(tree, part, name)
            all_of_it = list(changes(routine))
            if number == len(all_of_it):
                break
            swapped(routine, all_of_it[number])
            module = ModuleType("mutant_of_lived")
            sys.modules[module.__name__] = module  # a dataclass looks its module up
            exec(compile(ast.fix_missing_locations(tree), name, "exec"), module.__dict__)
            yield all_of_it[number], module
    del sys.modules["mutant_of_lived"]


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


@pytest.mark.slow("reads some households by each of 160 changed accounts")
def test_every_change_of_the_account_is_denied():
    cases = [drawn(seed) for seed in range(DRAWN)]
    said = [case.naive for case in cases]
    assert not any(denied(lived, case, one) for case, one in zip(cases, said, strict=True))
    found = list(mutants())
    assert len(found) > 150
    alive = [
        f"{change.before} -> {change.after}"
        for change, module in found
        if not any(denied(module, case, one) for case, one in zip(cases, said, strict=True))
    ]
    assert alive == []
