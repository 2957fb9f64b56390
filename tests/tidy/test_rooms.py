"""The order of the rooms, as `pyproject.toml` has it: what breaks it is found."""

import ast
import tomllib
from copy import deepcopy
from functools import cache
from itertools import pairwise

import pytest
from grimp import ImportGraph, build_graph
from importlinter.contracts.layers import LayersContract

from tests.cells import drawn
from tests.tidy.repository import ROOT, modules, walked

LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
(RULE,) = (one for one in LINTER["contracts"] if one["type"] == "layers")
LAYERS = [[f"meter_emu.{room.strip()}" for room in layer.split("|")] for layer in RULE["layers"]]


@cache
def graph() -> ImportGraph:
    return build_graph(*LINTER["root_packages"])


def kept(changed: ImportGraph) -> bool:
    options = RULE | {"exhaustive": str(RULE["exhaustive"])}  # as the linter reads a file
    contract = LayersContract(name=RULE["name"], session_options=LINTER, contract_options=options)
    return bool(contract.check(changed, verbose=False).kept)


def test_the_order_holds():
    assert kept(graph())


@pytest.mark.slow("reads every file of the repository")
def test_an_import_from_a_room_above_or_of_its_layer_is_found():
    """One planted import at a time, from a file deep in each room to one above or of its layer."""
    changed, unseen = deepcopy(graph()), []
    upwards = [(room, above[0]) for above, below in pairwise(LAYERS) for room in below]
    level = [(room, layer[place - 1]) for layer in LAYERS if len(layer) > 1
              for place, room in enumerate(layer)]  # fmt: skip
    pairs = upwards + level
    for pair in (pairs[number] for number in drawn(len(pairs), short=12)):
        importer, imported = (max(changed.find_descendants(room), default=room) for room in pair)
        changed.add_import(importer=importer, imported=imported)
        if kept(changed):
            unseen.append(pair)
        changed.remove_import(importer=importer, imported=imported)
    assert unseen == []
    assert kept(changed)


def test_a_room_that_has_no_place_is_found():
    changed = deepcopy(graph())
    changed.add_module("meter_emu.attic")
    assert not kept(changed)


def test_every_room_of_the_world_has_a_place():
    """The linter looks for places of whole rooms only."""
    places = {room for layer in LAYERS for room in layer}
    assert graph().find_children("meter_emu.world") == {r for r in places if ".world." in r}


@pytest.mark.slow("reads every file of the repository")
def test_a_home_is_put_together_in_one_place():
    """The board of a new meter, its bench, its watch, and a live meter are made there alone."""
    parts = {"install", "Bench", "Observer", "LiveMeter"}
    made = {
        (name, node.func.id)
        for name, tree in modules().items()
        for node in walked(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in parts
    }
    assert made == {("meter_emu/world/rehearsal/rig.py", part) for part in parts}
