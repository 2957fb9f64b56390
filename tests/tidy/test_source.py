"""What holds for every Python file: each check names all offenders at once."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.cells import each_cell
from tests.tidy.repository import PACKAGES, found_by, imported, modules, texts, trees, walked

FILE_LINES_MAX = 500  # that are no comment: to say why costs nobody a line
FUNCTION_LINES_MAX = 60
# Nor does it to say what a function takes and raises: these lines of a docstring count nowhere.
TABLE = re.compile(r"(?ms)^ +(?:Args|Raises):\n.*\Z")

POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{[\d,]+\})\+(?![+*])")

DOCUMENTED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def lines_of_tables(node: DOCUMENTED) -> int:
    found = TABLE.search(ast.get_docstring(node, clean=False) or "")
    return found[0].count("\n") if found else 0


def long_functions(tree: ast.Module) -> Iterator[str]:
    for node in walked(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1 - lines_of_tables(node)
            if lines > FUNCTION_LINES_MAX:
                yield f"{node.name} has {lines} lines"


def silent_modules(tree: ast.Module) -> Iterator[str]:
    text = ast.get_docstring(tree)
    if not text:
        yield "no docstring"
    elif text.splitlines()[0][-1] not in ".:!?":
        yield "the first line is no sentence"
    elif any(text.splitlines()[1:2]):
        yield "what it is for takes more than the first line"


def prints_and_exits(tree: ast.Module) -> Iterator[str]:
    for node in walked(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in {"print", "exit", "quit", "sys.exit", "os._exit", "input"}:
                yield f"line {node.lineno}: {called}"


def swallowed(tree: ast.Module) -> Iterator[str]:
    for node in walked(tree):
        if isinstance(node, ast.ExceptHandler):
            caught = "nothing named" if node.type is None else ast.unparse(node.type)
            passed_on = isinstance(node.body[-1], ast.Raise)
            if caught in {"nothing named", "Exception", "BaseException"} and not passed_on:
                yield f"line {node.lineno}: except {caught}"


def possessive_groups(tree: ast.Module) -> Iterator[str]:
    """Yield what CPython before 3.11.5 misreads (gh-106052): `(?>(...)*)` says the same."""
    for node in walked(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = POSSESSIVE_GROUP.findall(node.value)
            yield from (f"line {node.lineno}: {one}" for one in found)


def outside_the_command_line() -> dict[str, ast.Module]:
    return {name: tree for name, tree in modules().items() if not name.startswith("meter_emu/cli/")}


@pytest.mark.slow("reads every file of the repository")
def test_a_file_is_short() -> None:
    lines = {
        name: len(re.findall(r"(?m)^(?! *#).*\n", texts()[name]))
        - sum(lines_of_tables(one) for one in walked(tree) if isinstance(one, DOCUMENTED))
        for name, tree in trees().items()
        if name in texts()
    }
    assert not {name: count for name, count in lines.items() if count > FILE_LINES_MAX}


@pytest.mark.slow("reads every file of the repository")
def test_a_function_is_short() -> None:
    assert found_by(long_functions, trees()) == []


@pytest.mark.slow("reads every file of the repository")
def test_a_module_says_what_it_is_for() -> None:
    assert found_by(silent_modules, modules()) == []


def test_only_the_command_line_prints_and_exits() -> None:
    assert found_by(prints_and_exits, outside_the_command_line()) == []


def test_no_group_of_a_pattern_is_possessive() -> None:
    assert found_by(possessive_groups, modules()) == []


# How often, and why: each of them raises what is a mistake of ours.
SWALLOWS = {
    "meter_emu/foreign/room.py": 1,  # whatever a library raises of a file is said in a line
    "meter_emu/fuzz/watched.py": 1,  # it records a find and tries the next input, when so asked
}


def test_nothing_is_swallowed() -> None:
    others = {name: tree for name, tree in modules().items() if name not in SWALLOWS}
    assert found_by(swallowed, others) == []
    assert {name: len(list(swallowed(modules()[name]))) for name in SWALLOWS} == SWALLOWS


@each_cell(
    ("check", "source"),
    [
        (long_functions, "def f():\n" + "    pass\n" * FUNCTION_LINES_MAX),
        (silent_modules, "x = 1\n"),
        (silent_modules, '"""A heading without an end"""\n'),
        (silent_modules, '"""Two lines: the first goes on, and on.\nTo here."""\n'),
        (prints_and_exits, "def f():\n    sys.exit(1)\n"),
        (possessive_groups, "_WORD = r'(?:a|b)*+c'\n"),
        (swallowed, "try:\n    f()\nexcept:\n    pass\n"),
        (swallowed, "try:\n    f()\nexcept Exception:\n    pass\n"),
    ],
)
def test_each_check_finds_its_mistake(check, source) -> None:
    assert list(check(ast.parse(source)))


def circles(imports: dict[str, set[str]]) -> list[str]:
    """Return the modules that import themselves in the end, whatever a command imports late too."""
    left = {name: imports[name] & set(imports) - {name} for name in imports}
    while free := [name for name, wanted in left.items() if not wanted]:
        for name in free:
            del left[name]
        left = {name: wanted - set(free) for name, wanted in left.items()}
    wanted_by_others = set().union(*left.values())
    return sorted(name for name in left if name in wanted_by_others)


def test_no_module_imports_itself_in_a_circle() -> None:
    imports = {
        name.removesuffix(".py").removesuffix("/__init__").replace("/", "."): set(imported(tree))
        for name, tree in modules().items()
    }
    assert circles(imports) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == ["a", "b", "c"]


def test_chip_and_driver_share_no_constant() -> None:
    """A shared mistake would cancel: neither imports from the other's side, nor from a third."""
    allowed = {
        "meter_emu/hardware/rtc/": ("meter_emu.hardware",),
        "meter_emu/firmware/rtc/": ("meter_emu.firmware.rtc", "meter_emu.ports"),
    }
    common = ("card_protocol.errors", "card_protocol.timestamp")
    found = [
        f"{name} imports {module}"
        for side, mine in allowed.items()
        for name, tree in modules().items()
        if name.startswith(side)
        for module in imported(tree)
        if module.split(".")[0] in PACKAGES and not module.startswith((*mine, *common))
    ]
    assert found == []
