"""Every small change that can be made to a routine of ours, by area."""

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from tests.defects.test_fit import PARTS
from tests.mutants.changes import Place, changes, routine_in

PROGRAM: Final = "program"
TOKENS: Final = "tokens"
# Whose routines are changed, by their modules; of the programs, those of their parts. What is of no
# area explains to a person what is on a card (`desk/card_image`, the views), or is a tool's.
AREAS: Final[dict[str, tuple[str, ...]]] = {
    PROGRAM: ("meter_emu.firmware",),
    TOKENS: ("meter_emu.firmware.token",),
    "office": tuple(
        f"meter_emu.desk.{name}"
        for name in ("desk", "dates", "pricing", "confirmed", "as_is", "clock.clock_card")
    ),
    "formats": (
        "card_protocol.formats.budget", "card_protocol.formats.clock",
        "card_protocol.formats.container", "card_protocol.layout", "card_protocol.keys",
        "card_protocol.carrier", "card_protocol.card.image",
    ),
    "chips": ("meter_emu.hardware",),
}  # fmt: skip
_PROGRAMS: Final = (PROGRAM, TOKENS)


class Mutant(NamedTuple):
    """One change, and in which line of its module's file it is made."""

    place: Place
    line: int
    before: str
    after: str

    @property
    def id(self) -> str:
        """Its name, which stays while the routine's source does."""
        module, part, routine, number = self.place
        where = part or module.rpartition(".")[2]
        return f"{where}.{routine}#{number}: {self.before} -> {self.after}"


@cache
def mutants(area: str = PROGRAM) -> dict[str, Mutant]:
    """Return every mutant of an area by its name, in the order of parts, routines and lines."""
    found: dict[str, Mutant] = {}
    for module, part, routine in _routines(area):
        tree = routine_in(_tree(module), part, routine)
        said = set() if area in _PROGRAMS else set(_in_words(tree))
        for number, change in enumerate(changes(tree)):
            if change.node in said:
                continue
            line = getattr(change.node, "lineno", 1)
            place = Place(module, part, routine, number)
            one = Mutant(place, line, change.before, change.after)
            assert one.id not in found, f"{one.id}: two parts of {area} have one name"
            found[one.id] = one
    return found


def area_of(name: str) -> str:
    """Return the area of a mutant's name."""
    return next(area for area in AREAS if name in mutants(area))


def mutant_of(name: str) -> Mutant:
    """Return the mutant of a name, in any area."""
    return mutants(area_of(name))[name]


def _in_words(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what is inside a text with values in it: outside the program a person reads those."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield from ast.walk(node)


def _routines(area: str) -> Iterator[tuple[str, str, str]]:
    """Return module, class if any, and name of each routine of an area."""
    return _of_parts(area) if area in _PROGRAMS else _of_modules(area)


def _of_parts(area: str) -> Iterator[tuple[str, str, str]]:
    """Yield module, class and name of each routine of a part of a program."""
    for kind in dict.fromkeys(kind for part in PARTS for kind in part.__mro__):
        of_tokens = kind.__module__.startswith(AREAS[TOKENS])
        if kind.__module__.startswith(AREAS[PROGRAM]) and of_tokens == (area == TOKENS):
            yield from (
                (kind.__module__, kind.__name__, name)
                for name in _plain(_class(_tree(kind.__module__), kind.__name__))
                if name != "__init__"
            )


def _of_modules(area: str) -> Iterator[tuple[str, str, str]]:
    """Yield module, class if any, and name of each routine of an area."""
    for module in _modules(area):
        tree = _tree(module)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                yield module, "", node.name
            elif isinstance(node, ast.ClassDef):
                names = dict.fromkeys(n.name for n in node.body if isinstance(n, ast.FunctionDef))
                yield from ((module, node.name, name) for name in names)


def _plain(kind: ast.ClassDef) -> list[str]:
    """Return the methods that have no decorator but that they override."""
    return [
        node.name
        for node in kind.body
        if isinstance(node, ast.FunctionDef)
        and {ast.unparse(by) for by in node.decorator_list} <= {"override"}
    ]


def _class(tree: ast.Module, name: str) -> ast.ClassDef:
    return next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name)


def _modules(area: str) -> Iterator[str]:
    for name in AREAS[area]:
        path = _file(name)
        yield name
        if path.name == "__init__.py":
            for inner in sorted(path.parent.rglob("*.py")):
                if inner != path:
                    steps = inner.relative_to(path.parent).with_suffix("").parts
                    yield ".".join((name, *(step for step in steps if step != "__init__")))


def _file(module: str) -> Path:
    spec = find_spec(module)
    assert spec is not None, module
    assert spec.origin is not None, module
    return Path(spec.origin)


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_file(module).read_text("utf-8"))
