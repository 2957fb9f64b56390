"""The small changes of a routine, and how one is made while its module is imported.

A change is of one node: a comparison at its edge or turned round, a number by one, plus and minus,
`and` and `or`, a condition negated, a statement dropped. What a drop would only make a name unknown
by is not among them: the program would end at once, and nothing be learned.

This imports nothing of ours: in the process of a mutant its module has to be imported afterwards.
"""

import ast
import sys
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import partial
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any, Final, NamedTuple

REACHED: Final = [0]  # how often the changed routine was called in this process

_OTHER: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


class Place(NamedTuple):
    """Which change of which routine: `part` is its class, nothing for one of a module alone."""

    module: str
    part: str
    routine: str
    number: int


class Change(NamedTuple):
    """What a node becomes, and what is said of it; words are costlier than the change."""

    node: ast.AST
    make: Callable[[ast.AST], ast.AST]

    @property
    def before(self) -> str:
        """The first line of what the node is."""
        return _said(self.node)

    @property
    def after(self) -> str:
        """The first line of what it becomes."""
        made = self.make(self.node)
        return "nothing" if isinstance(made, ast.Pass) else _said(made)


class Changing(SourceFileLoader):
    """Loads a module with one change in it."""

    place: Place

    def get_code(self, _fullname: str) -> CodeType:
        """Return the code of the changed source, and never what is cached of another."""
        tree = ast.parse(self.get_data(self.path))
        routine = routine_in(tree, self.place.part, self.place.routine)
        change = list(changes(routine))[self.place.number]
        swapped(routine, change)
        noted = ast.parse(f"import {__name__} as _changes\n_changes.REACHED[0] += 1").body
        at = int(ast.get_docstring(routine) is not None)
        routine.body[at:at] = noted
        return compile(ast.fix_missing_locations(tree), self.path, "exec")


class _Finder:
    """Has one module loaded with its change; all others as ever."""

    def __init__(self, place: Place) -> None:
        self._place: Final = place

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of the one module."""
        if fullname != self._place.module:
            return None
        others = (one for one in sys.meta_path if one is not self)
        found = (one.find_spec(fullname, path, target) for one in others)
        spec = next(one for one in found if one is not None)
        assert spec.origin is not None, "it is a file of ours"
        spec.loader = Changing(fullname, spec.origin)
        spec.loader.place = self._place
        return spec


def put_in(place: Place) -> None:
    """Make the change in this process, in which nobody has imported its module so far."""
    assert place.module not in sys.modules, f"{place.module}: it is too late"
    sys.meta_path.insert(0, _Finder(place))


def routine_in(tree: ast.Module, part: str, routine: str) -> ast.FunctionDef:
    """Return a function of a module, or a method of one of its classes."""
    body: Sequence[ast.stmt] = tree.body
    if part:
        body = next(n for n in body if isinstance(n, ast.ClassDef) and n.name == part).body
    return next(n for n in body if isinstance(n, ast.FunctionDef) and n.name == routine)


def changes(tree: ast.FunctionDef) -> Iterator[Change]:
    """Yield the changes of a routine, in the order of its source."""
    body = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
    for statement in body:
        if not isinstance(statement, ast.Assert):
            for node in ast.walk(statement):
                yield from _of_node(node)


def _of_node(node: ast.AST) -> Iterator[Change]:
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
        yield Change(node, lambda _: bare)
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


def _dropped(node: ast.AST) -> Iterator[Change]:
    plain = isinstance(node, ast.AugAssign | ast.Raise) or (
        isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)
    )
    kept = isinstance(node, ast.Assign) and not any(
        isinstance(target, ast.Name | ast.Tuple) for target in node.targets
    )
    if plain or kept:
        yield Change(node, lambda _: ast.Pass())


def _change(node: ast.AST, alter: Callable[[Any], object]) -> Change:
    def make(old: ast.AST) -> ast.AST:
        new = deepcopy(old)
        alter(new)
        return new

    return Change(node, make)


def _said(node: ast.AST) -> str:
    """Return the first line of what a node is."""
    return ast.unparse(ast.fix_missing_locations(deepcopy(node))).splitlines()[0]


def swapped(routine: ast.FunctionDef, change: Change) -> None:
    """Make a change in a routine."""
    _Swapped(change).visit(routine)


class _Swapped(ast.NodeTransformer):
    """Puts the change in place of its node."""

    def __init__(self, change: Change) -> None:
        self._change = change

    def visit(self, node: ast.AST) -> Any:
        if node is self._change.node:
            return self._change.make(node)
        return self.generic_visit(node)
