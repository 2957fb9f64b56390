"""Whatever is keyed by a kind has every member of it, or says here why it has not.

A dictionary that is written out with members of one of our enumerations as its keys, or with texts
of one of our `Literal` names, is a table of it: a new member has to be put into it. What is written
twice on purpose, a data sheet next to its chip, has its second there.
"""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain
from typing import get_args

import pytest

from card_protocol.tokens.openpaygo.counter import PaygoKind
from card_protocol.tokens.sts.fields import CreditKind, SettingKind
from meter_emu.cli import openpaygo, printed, sts
from meter_emu.cli.live.screen import BUTTONS
from meter_emu.cli.printed.base import Printed
from meter_emu.cli.schema import schemas
from meter_emu.laws.board.clock_chip import SHEETS
from meter_emu.ports import Button, ButtonName
from meter_emu.sitting.commands import WORDS
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS
from tests.cells import each_cell
from tests.tidy.repository import modules, walked

ENUMS = {"Enum", "IntEnum", "Flag", "IntFlag"}

# A table that is not one of all members, by its file and its enumeration, and why.
PARTIAL = {
    (
        "meter_emu/world/meter/model.py",
        "DeviceName",
    ): "the file of a budget meter is the model itself",
    (
        "meter_emu/world/households/ledger_files.py",
        "DeviceName",
    ): "the office of a budget meter writes cards",
    ("meter_emu/diagnosis/signatures.py", "What"): "what a card did, and nothing else",
    (
        "meter_emu/firmware/supply.py",
        "Permission",
    ): "what a limiter turns into another, which is none",
    ("meter_emu/report/facts.py", "Must"): "nothing is drawn where either is right",
    (
        "meter_emu/report/timeline.py",
        "What",
    ): "what people do is drawn as a sign, the rest as a line",
    ("meter_emu/report/words.py", "RepairName"): "what a meter did has the advice of its verdict",
    ("meter_emu/world/judge/repairs.py", "RepairName"): "the others are said of tokens too",
    ("meter_emu/world/judge/lived.py", "_State"): "an announced cut that has come is no loss",
    ("meter_emu/verify/met.py", "VisitKind"): "a situation: what everybody does is none",
    ("meter_emu/world/judge/breaches.py", "Must"): "nothing is promised where either is right",
    ("card_protocol/formats/budget/making.py", "Sfi"): "the office writes no write-back",
    (
        "card_protocol/tokens/openpaygo/encode.py",
        "PaygoKind",
    ): "two kinds have a value of their own",
}


@cache
def words() -> Mapping[str, frozenset[str]]:
    """Return the texts of each `Literal` that has a name."""
    found: dict[str, frozenset[str]] = {}
    for node in chain.from_iterable(map(walked, modules().values())):
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Subscript):
            texts = [one.value for one in ast.walk(node.value) if isinstance(one, ast.Constant)]
            if ast.unparse(node.value.value) == "Literal" and isinstance(texts[0], str):
                found[ast.unparse(node.target)] = frozenset(map(str, texts))
    return found


@cache
def kinds() -> Mapping[str, frozenset[str]]:
    """Return the members of each enumeration of the packages, by its name."""
    found: dict[str, frozenset[str]] = {}
    for node in chain.from_iterable(map(walked, modules().values())):
        if isinstance(node, ast.ClassDef) and ENUMS & {ast.unparse(base) for base in node.bases}:
            assert node.name not in found, f"two kinds of the name {node.name}"
            names = (one.targets[0] for one in node.body if isinstance(one, ast.Assign))
            found[node.name] = frozenset(one.id for one in names if isinstance(one, ast.Name))
    return found


def tables(tree: ast.Module) -> Iterator[tuple[str, set[str]]]:
    """Yield the kind and the members of each dictionary that is keyed by two of them or more."""
    for node in walked(tree):
        keyed: dict[str, set[str]] = {}
        texts: set[str] = set()
        for key in node.keys if isinstance(node, ast.Dict) else ():
            if isinstance(key, ast.Attribute) and isinstance(key.value, ast.Name):
                if key.attr in kinds().get(key.value.id, ()):
                    keyed.setdefault(key.value.id, set()).add(key.attr)
            elif isinstance(key, ast.Constant):
                texts.add(str(key.value))
        keyed |= {kind: texts for kind, all_of_it in words().items() if texts <= all_of_it}
        yield from ((kind, members) for kind, members in keyed.items() if len(members) > 1)


def lacking(trees: Mapping[str, ast.Module]) -> Iterator[tuple[tuple[str, str], list[str]]]:
    """Yield each table that lacks members: its place and its kind, and which."""
    for name, tree in trees.items():
        for kind, members in tables(tree):
            missing = {**kinds(), **words()}[kind] - members
            if missing:
                yield (name, kind), sorted(missing)


@pytest.mark.slow("parses the repository, where it is the first")
def test_what_is_keyed_by_a_kind_has_every_member_or_a_reason() -> None:
    found = dict(lacking(modules()))
    assert {place: missing for place, missing in found.items() if place not in PARTIAL} == {}
    assert PARTIAL.keys() - found.keys() == set(), "a reason that nothing needs any more"


@each_cell(
    ("source", "missing"),
    [
        ("WORDS = {CardKind.SECURE: 1, CardKind.PLAIN: 2}", ["MEMORY"]),
        ("WORDS = {CardKind.SECURE: 1, CardKind.PLAIN: 2, CardKind.MEMORY: 3}", None),
        ("units = {'contactor': 'Wh', 'valve': 'dm³'}", None),
        ("units = {'red': 1, 'blue': 2}", None),
        ("words = {'order': 1, 'wallet': 2, 'tarif': 3}", None),  # another word: no table of it
        ("one = {CardKind.SECURE: 1}", None),  # a fact, not a table
        ("others = {Anything.SECURE: 1, Anything.PLAIN: 2}", None),
    ],
)
def test_a_member_that_is_missing_is_named(source: str, missing: list[str] | None) -> None:
    found = dict(lacking({"here": ast.parse(source)}))
    assert found == ({} if missing is None else {("here", "CardKind"): missing})
    assert dict(lacking({"here": ast.parse("one = {'order': 1, 'wallet': 2}")})) == {
        ("here", "RecordWord"): ["tariff"]
    }


# What is written twice, and what is found by walking ----------------------------------------------


def test_each_clock_chip_has_a_data_sheet_written_apart() -> None:
    assert SHEETS.keys() == {row.chip.NAME for row in CLOCK_CHIPS.values()}


def test_each_button_can_be_named_in_a_file_and_pressed_at_a_live_meter() -> None:
    names = {str(button.name).lower() for button in Button}
    assert set(get_args(ButtonName)) == names
    assert names <= WORDS.keys()
    assert names == BUTTONS.keys(), "and it has its colour on the screen"


def test_each_kind_of_token_can_be_encoded() -> None:
    """The commands have the words apart: their help answers before any token is imported."""
    said = {kind.name.lower().replace("_", "-") for kind in (*CreditKind, *SettingKind)}
    assert set(sts.STS_KINDS) == said | {"meter-test"}
    assert set(openpaygo.PAYGO_KINDS) == {kind.value for kind in PaygoKind}


def test_whatever_is_printed_as_json_has_a_schema() -> None:
    """The structs of the other rooms would be printed, and have none."""
    rooms = printed.__name__.replace(".", "/") + "/"
    structs = {
        (name.startswith(rooms), node.name)
        for name, tree in modules().items()
        for node in walked(tree)
        if isinstance(node, ast.ClassDef)
        if "Printed" in map(ast.unparse, node.bases)
    }
    of_schemas = {of.__name__ for of in schemas().values() if issubclass(of, Printed)}
    assert structs == {(True, name) for name in of_schemas}
