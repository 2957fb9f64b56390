"""One word, one meaning: a public name stands for one thing in the whole code base."""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from tests.tidy.repository import modules

CHIPS = (
    "card_protocol/card/sle4442.py",
    "meter_emu/hardware/eeprom.py",
    "meter_emu/hardware/rtc/",
)  # their constants are called what the data sheet of each calls them
BY_THE_COMMAND_LINE = {"argument", "command", "fixture", "group", "hookimpl"}
ALLOWED = {
    "DEFECT": "each file of the catalogue has one, and the catalogue reads it by this name",
    "Desk": "what the fixture `desk` gives is a desk to anyone who writes a test",
    "GENERATION": "each format's number of itself",
    "LAW": "each file of a law has one, and `laws` finds it by this name",
    "ORDER": "the order as each generation lays it out; `ORDERS` has both",
    "SEQUENCE_MAX": "the last write of a container, which is another on a memory card",
    "TARGETS": "each file of fuzz targets has some, and `targets` finds them by this name",
    "verify": "the card's command as the standard calls it, and the laws as run against a build",
    "main": "where a program starts, by custom; a reader's process is a program too",
}
FILES_ALLOWED = {
    "desk": "the office, its commands, and the desk that tests have",
    "image": "a card's, a meter's, and the commands for these",
}


def named(tree: ast.Module) -> Iterator[str]:
    """Yield the public names that a module defines, but commands, options and fixtures."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.FunctionDef):
            made = {ast.unparse(one).split("(")[0].split(".")[-1] for one in node.decorator_list}
            if not made & BY_THE_COMMAND_LINE:
                yield node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        elif isinstance(node, ast.Assign):
            yield from (one.id for one in node.targets if isinstance(one, ast.Name))


def shared(trees: Mapping[str, ast.Module]) -> dict[str, list[str]]:
    """Return the names that more than one module defines, and which modules these are."""
    modules_of: dict[str, set[str]] = defaultdict(set)
    for module, tree in trees.items():
        if not module.startswith(CHIPS):
            for name in named(tree):
                if not name.startswith("_"):
                    modules_of[name].add(module)
    return {name: sorted(where) for name, where in modules_of.items() if len(where) > 1}


def test_a_public_name_has_one_meaning() -> None:
    found = shared(modules())
    assert {name: where for name, where in found.items() if name not in ALLOWED} == {}
    assert set(ALLOWED) <= set(found), "what has one meaning again needs no leave"


def test_a_file_name_stands_twice_at_the_most() -> None:
    files = [name.removesuffix(".py").rpartition("/") for name in modules()]
    count = Counter(name for folder, _, name in files)
    chips = {name for folder, _, name in files if folder == "meter_emu/hardware/rtc"}
    often = {name for name, times in count.items() if times > 2}
    assert often - chips == set(FILES_ALLOWED), "a chip has a driver and words of its name"


def test_a_second_meaning_is_found() -> None:
    sources = {
        "a.py": "class Row: ...\n_KEPT = 1\nclass One: ...",
        "b.py": "Row: int = 3\n_KEPT = 2\n@click.command()\ndef One(): ...",
    }
    trees = {name: ast.parse(source) for name, source in sources.items()}
    assert shared(trees) == {"Row": ["a.py", "b.py"]}
