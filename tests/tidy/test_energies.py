"""An energy is one row: nothing else in the packages knows one by its name, or a unit by heart."""

import ast
import re
from collections.abc import Iterator

import pytest

from meter_emu.energies import ENERGIES
from tests.cells import each_cell
from tests.tidy.repository import found_by, modules, walked

ROW = "meter_emu/energies.py"
ON_CARDS = "card_protocol/formats/budget/__init__.py"  # the DF of each energy's cards, by its code
STS = (
    "card_protocol/tokens/sts/",
    "meter_emu/cli/sts",
    "meter_emu/firmware/token/sts",
    "meter_emu/world/households/sts_ledger.py",
    "meter_emu/world/judge/sts_credit.py",
)  # kinds of credit, as that standard has them
MODEL = "meter_emu/fuzz/models/meter_models.py"  # what a page refuses, without a line of ours
ALLOWED = (ROW, ON_CARDS, MODEL, *STS)
PANELS = (
    "meter_emu/firmware/",
    "meter_emu/explain/",
    "meter_emu/cli/live/",
    "meter_emu/sitting/",
    "meter_emu/rows.py",
)

NAMES = frozenset(ENERGIES)
UNIT = re.compile("kwh", re.IGNORECASE)


def is_energy(name: str) -> bool:
    """Whether a constant's name is that of an energy, or of its folder on cards."""
    return name.lower().removeprefix("df_") in NAMES


def named_energies(tree: ast.Module) -> Iterator[str]:
    """Yield each text and each constant that is the name of an energy."""
    for node in walked(tree):
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str) and node.value.lower() in NAMES:
                yield f"line {node.lineno}: {node.value!r}"
        elif isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            if is_energy(name):
                yield f"line {node.lineno}: {name}"
        elif isinstance(node, ast.ImportFrom):
            imports = (one.name for one in node.names if is_energy(one.name))
            yield from (f"line {node.lineno}: import {name}" for name in imports)


def written_units(tree: ast.Module) -> Iterator[str]:
    """Yield each text with a unit that some energies are not priced in; docstrings are none."""
    docs = {id(node.value) for node in walked(tree) if isinstance(node, ast.Expr)}
    for node in walked(tree):
        match node:
            case ast.Constant(value=str(text)) if UNIT.search(text) and id(node) not in docs:
                yield f"line {node.lineno}: {text!r}"


@pytest.mark.slow("reads every file of the repository")
def test_an_energy_is_named_in_its_row_alone() -> None:
    elsewhere = {name: tree for name, tree in modules().items() if not name.startswith(ALLOWED)}
    assert found_by(named_energies, elsewhere) == []
    assert list(named_energies(modules()[ROW]))


def test_no_panel_and_no_explanation_writes_a_unit_by_heart() -> None:
    shown = {name: tree for name, tree in modules().items() if name.startswith(PANELS)}
    assert len(shown) > len(PANELS)
    assert found_by(written_units, shown) == []


@each_cell(
    "source",
    [
        'if energy == "gas":\n    pass\n',
        'LOADS = {"electricity": 1}\n',
        "tariff = Energy.GAS\n",
        'Energy["ELECTRICITY"]\n',
        "from meter_emu.energies import GAS\n",
        "tree = secure_tree(DF_GAS, 1)\n",
        "match energy:\n    case 'gas':\n        pass\n",
    ],
)
def test_an_energy_by_its_name_is_found(source: str) -> None:
    assert list(named_energies(ast.parse(source)))


def test_a_unit_by_heart_is_found_and_prose_is_not() -> None:
    assert list(written_units(ast.parse('text = f"{price} EUR/KWH"\n')))
    assert not list(written_units(ast.parse('"""Of a kWh."""\n')))
