"""Who knows a family of cards by its name has a reason: what a third one would have to touch."""

import ast
from collections.abc import Iterator

from tests.tidy.repository import modules, walked

# Who may name a family besides its own folders and the table, and what for.
NAMED_BY = {
    "budget": {
        "card_protocol/__init__.py": "its public names: how its cards are made",
        "meter_emu/explore/canonical.py": "which of its bytes may be merged",
        "meter_emu/explore/left_out.py": "which of its bytes may be merged",
        "meter_emu/laws/formats/": "laws of its cards",
        "meter_emu/laws/office": "laws of its office",
        "meter_emu/laws/written_back.py": "a law of what its cards bring back",
        "meter_emu/laws/card_kept.py": "a law of what its cards keep",
        "meter_emu/laws/hazards/edge_bytes.py": "it looks for a MAC of its cards",
        "card_protocol/carrier/": "the ways to write its records on a kind of card",
        "meter_emu/desk/": "the office is the one of budget cards",
        "meter_emu/defects/desk/": "each swaps a routine of that office",
        "meter_emu/defects/dialogue/": "some swap a routine of the dialogue with its card",
        "meter_emu/cli/desk.py": "its commands",
        "meter_emu/cli/get.py": "a memory card's code is its own",
        "meter_emu/fuzz/targets/card_records.py": "its own target, which knows the MACs",
        "meter_emu/sitting/office.py": "the counter reads back what the meter wrote on one",
        "meter_emu/world/rehearsal/": "the card of a household is one",
        "meter_emu/world/judge/": "what is stated on a card, to the step of its compact record",
    },
    "clock": {
        "meter_emu/cli/card.py": "its command",
        "meter_emu/laws/office.py": "a law of its office",
        "meter_emu/world/rehearsal/": "a technician brings one",
    },
}
ROOMS = ("card_protocol/formats/{}/", "meter_emu/desk/{}/", "meter_emu/firmware/dialogues/{}.py")
PACKAGES = (
    "card_protocol.formats.{}", "meter_emu.desk.{}", "meter_emu.firmware.dialogues.{}",
)  # fmt: skip


def whatever_it_imports(tree: ast.Module) -> Iterator[str]:
    for node in walked(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def naming(family: str, trees: dict[str, ast.Module]) -> set[str]:
    """Return the modules outside the family's own rooms that import from them."""
    packages = tuple(f"{package.format(family)}." for package in PACKAGES)
    rooms = tuple(room.format(family) for room in ROOMS)
    return {
        name
        for name, tree in trees.items()
        if not name.startswith((*rooms, "meter_emu/families.py"))
        if any(f"{what}.".startswith(packages) for what in whatever_it_imports(tree))
    }


def test_who_knows_a_family_by_its_name_has_a_reason():
    trees = modules()
    for family, reasons in NAMED_BY.items():
        found = naming(family, trees)
        assert [name for name in found if not name.startswith(tuple(reasons))] == []
        assert [place for place in reasons if not any(n.startswith(place) for n in found)] == []
    for stray in ("from card_protocol.formats.clock import CLOCK", "import meter_emu.desk.clock"):
        one = {"meter_emu/rows.py": ast.parse(stray)}
        assert naming("clock", one) == {"meter_emu/rows.py"}
        assert naming("budget", one) == set()
