"""One word, one meaning: public names, parameters and private names in the whole code base."""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

import pytest

from tests.tidy.repository import modules, walked

CHIPS = (
    "card_protocol/card/sle4442.py",
    "meter_emu/hardware/eeprom.py",
    "meter_emu/hardware/rtc/",
)  # their constants are called what the data sheet of each calls them
BY_THE_COMMAND_LINE = {"argument", "command", "fixture", "group", "hookimpl"}
ALLOWED = {
    "Desk": "what the fixture `desk` gives is a desk to anyone who writes a test",
    "Difference": "a field in which two images differ, and a story in which two builds do",
    "GENERATION": "each format's number of itself",
    "LAW": "each file of a law has one, and `laws` finds it by this name",
    "DESK": "the desk's record as each generation lays it out; `DESK_RECORDS` has both",
    "PLAIN": "verdicts in plain words, and targets that are not instrumented",
    "SEQUENCE_MAX": "the last write of a container, which is another on a memory card",
    "TARGETS": "each file of fuzz targets has some, and `targets` finds them by this name",
    "verify": "the card's command as the standard calls it, and the laws as run against a build",
    "main": "where a program starts, by custom; a reader's process is a program too",
}
FILES_ALLOWED = {
    "desk": "the office, its commands, and the desk that tests have",
    "image": "a card's, a meter's, and the commands for these",
}
TYPES_MAX = 7  # ours: of one parameter name; more is a word that means anything
PARAMETERS_ALLOWED = {
    "answer": "the reply to a command or request, of each protocol",
    "at": "a place in bytes or an instant; which one is plain from the unit or type",
    "before": "the value before the change at hand, of whatever changes",
    "card": "a card to each layer: slot, link, reader, desk",
    "error": "the exception at hand",
    "found": "the result of the search at hand",
    "key": "a cryptographic key, a button, the key of a file: the field's word for each",
    "kind": "the row of the enum that the type names",
    "one": "the first of two that are compared",
    "other": "the second of two that are compared",
    "part": "of a program, an image or a memory card, as its type says",
    "record": "a record of the format that its type names",
    "said": "the words that a card, a driver or a person gave",
}
PRIVATE_MAX = 4  # ours: modules with a private name of their own
PRIVATE_ALLOWED = {
    "_check": "refuses the bad input of its module",
    "_day": "the day in the words of its module",
    "_end": "the end of a command, of a deferral, of an image",
    "_fields": "the fields of the record at hand",
    "_lines": "the lines that its module prints",
    "_row": "makes one row of its module's table",
    "_said": "puts its module's result in words",
    "_seeds": "the first inputs of a fuzz target",
    "_shown": "what its module shows",
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


def types_of_parameters(trees: Mapping[str, ast.Module]) -> dict[str, set[str]]:
    """Return the types that the annotations of each parameter name state, `None` left out."""
    types: dict[str, set[str]] = defaultdict(set)
    for tree in trees.values():
        for node in walked(tree):
            if isinstance(node, ast.FunctionDef):
                for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                    if one.annotation is not None:
                        stated = ast.unparse(one.annotation).replace("'", "").replace('"', "")
                        types[one.arg].add(stated.removesuffix(" | None"))
    return types


def private_names(trees: Mapping[str, ast.Module]) -> dict[str, list[str]]:
    """Return the modules that define each private name."""
    where: dict[str, set[str]] = defaultdict(set)
    for module, tree in trees.items():
        if not module.startswith(CHIPS):
            for node in tree.body:
                if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name.startswith("_"):
                    where[node.name].add(module)
    return {name: sorted(modules) for name, modules in where.items()}


def test_a_parameter_does_not_mean_anything() -> None:
    many = {
        name for name, types in types_of_parameters(modules()).items() if len(types) > TYPES_MAX
    }
    assert many - set(PARAMETERS_ALLOWED) == set(), "name it by what it is: card_id, raw_household"
    assert set(PARAMETERS_ALLOWED) <= many, "what has few types again needs no leave"


def test_a_raw_parameter_says_of_what() -> None:
    assert types_of_parameters(modules())["raw"] == {"bytes"}, (
        "bytes; else raw_household, registers"
    )


def test_a_private_name_does_not_mean_anything() -> None:
    many = {name for name, where in private_names(modules()).items() if len(where) > PRIVATE_MAX}
    assert many - set(PRIVATE_ALLOWED) == set(), "name it by what it does in its module"
    assert set(PRIVATE_ALLOWED) <= many, "what is in few modules again needs no leave"


def test_many_types_and_many_modules_are_found() -> None:
    sources = {
        "a.py": "def f(raw: int, *, other: 'B | None' = None): ...\ndef _said(): ...",
        "b.py": "class _Said:\n    def g(self, raw: bytes | None, other: B): ...\ndef _said(): ...",
    }
    trees = {name: ast.parse(source) for name, source in sources.items()}
    assert types_of_parameters(trees) == {"raw": {"int", "bytes"}, "other": {"B"}}
    assert private_names(trees) == {"_said": ["a.py", "b.py"], "_Said": ["b.py"]}


@pytest.mark.slow("reads every file of the repository")
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
