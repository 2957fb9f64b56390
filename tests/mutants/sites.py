"""Every small change that can be made to a routine of a part of our program, and how one is made.

A change is of one node: a comparison at its edge or turned round, a number by one, plus and minus,
`and` and `or`, a condition negated, a statement dropped. What a drop would only make a name unknown
by is not among them: the program would end at once, and nothing be learned.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache, partial
from types import FunctionType
from typing import Any, Final, NamedTuple

from tests.defects.test_fit import PARTS

_OTHER: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


# Whose routines are changed. The page is about the program: the office and the chips are the world
# that it is judged in, and are asked of apart.
AREAS: Final = {
    "program": "meter_emu.firmware.",
    "office": "meter_emu.desk.",
    "chips": "meter_emu.hardware.",
}


class Mutant(NamedTuple):
    """One change of one routine: `number` counts its changes."""

    part: str
    routine: str
    number: int
    line: int
    before: str
    after: str

    @property
    def id(self) -> str:
        """Its name, which stays while the routine's source does."""
        return f"{self.part}.{self.routine}#{self.number}: {self.before} -> {self.after}"


class _Change(NamedTuple):
    node: ast.AST
    before: str
    after: str
    make: Callable[[ast.AST], ast.AST]


@cache
def mutants(area: str = "program") -> dict[str, Mutant]:
    """Return every mutant of an area by its name, in the order of parts, routines and lines."""
    found = {}
    for part, routine, own in _routines(AREAS[area]):
        tree, first_line = _parsed(own)
        for number, change in enumerate(_changes(tree)):
            line = first_line + getattr(change.node, "lineno", 1) - 1
            one = Mutant(part.__name__, routine, number, line, change.before, change.after)
            found[one.id] = one
    return found


def put_in(mutant: Mutant, reached: Callable[[], None]) -> None:
    """Make the change in this process; `reached` is called whenever the routine is."""
    ((part, own),) = (
        (part, own)
        for prefix in AREAS.values()
        for part, routine, own in _routines(prefix)
        if (part.__name__, routine) == (mutant.part, mutant.routine)
    )
    tree, _ = _parsed(own)
    change = list(_changes(tree))[mutant.number]
    changed = _Swapped(change).visit(tree)
    body = changed.body
    body.insert(int(ast.get_docstring(changed) is not None), ast.parse("_reached()").body[0])
    # Within a function of `__class__` a bare super() finds its class.
    maker = ast.parse("def make(__class__):\n    return None")
    maker.body[0].body = [changed, ast.parse(f"return {changed.name}").body[0]]  # type: ignore[attr-defined]
    names = {**own.__globals__, "_reached": reached}
    exec(compile(ast.fix_missing_locations(maker), "mutant", "exec"), names)
    setattr(part, mutant.routine, names["make"](part))


def mutant_of(name: str) -> Mutant:
    """Return the mutant of a name, in any area."""
    return next(mutants(area)[name] for area in AREAS if name in mutants(area))


def _routines(prefix: str) -> Iterator[tuple[type, str, FunctionType]]:
    kinds = dict.fromkeys(
        kind for part in PARTS for kind in part.__mro__ if kind.__module__.startswith(prefix)
    )
    for kind in kinds:
        for name, own in vars(kind).items():
            abstract = getattr(own, "__isabstractmethod__", False)
            if isinstance(own, FunctionType) and name != "__init__" and not abstract:
                yield kind, name, own


def _parsed(own: FunctionType) -> tuple[ast.FunctionDef, int]:
    source, first_line = inspect.getsourcelines(own)
    tree = ast.parse(textwrap.dedent("".join(source))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    tree.decorator_list = []
    tree.returns = None
    for arg in ast.walk(tree):
        if isinstance(arg, ast.arg):
            arg.annotation = None
    return tree, first_line


def _changes(tree: ast.FunctionDef) -> Iterator[_Change]:
    """Yield the changes of a routine, in the order of its source."""
    body = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
    for statement in body:
        if not isinstance(statement, ast.Assert):
            for node in ast.walk(statement):
                yield from _of_node(node)


def _of_node(node: ast.AST) -> Iterator[_Change]:
    if isinstance(node, ast.Compare):
        for at in range(len(node.ops)):
            yield _change(node, partial(_turn, at=at))
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        for by in (1, -1):
            yield _change(node, partial(_add, by=by))
    elif isinstance(node, ast.BoolOp) or (
        isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _OTHER
    ):
        yield _change(node, _other)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        bare = node.operand
        yield _Change(node, _said(node), _said(bare), lambda _: bare)
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield _change(node, _negate)
    yield from _dropped(node)


def _turn(node: Any, *, at: int) -> None:
    node.ops[at] = _OTHER[type(node.ops[at])]()


def _add(node: Any, *, by: int) -> None:
    node.value += by


def _other(node: Any) -> None:
    node.op = _OTHER[type(node.op)]()


def _negate(node: Any) -> None:
    node.test = ast.UnaryOp(op=ast.Not(), operand=node.test)


def _dropped(node: ast.AST) -> Iterator[_Change]:
    plain = isinstance(node, ast.Expr | ast.AugAssign | ast.Raise)
    kept = isinstance(node, ast.Assign) and not any(
        isinstance(target, ast.Name | ast.Tuple) for target in node.targets
    )
    if plain or kept:
        yield _Change(node, _said(node), "nothing", lambda _: ast.Pass())


def _change(node: ast.AST, alter: Callable[[Any], object]) -> _Change:
    def make(old: ast.AST) -> ast.AST:
        new = deepcopy(old)
        alter(new)
        return new

    return _Change(node, _said(node), _said(make(node)), make)


def _said(node: ast.AST) -> str:
    """Return the first line of what a node is."""
    return ast.unparse(ast.fix_missing_locations(deepcopy(node))).splitlines()[0]


class _Swapped(ast.NodeTransformer):
    """Puts the change in place of its node."""

    def __init__(self, change: _Change) -> None:
        self._change = change

    def visit(self, node: ast.AST) -> Any:
        if node is self._change.node:
            return self._change.make(node)
        return self.generic_visit(node)
