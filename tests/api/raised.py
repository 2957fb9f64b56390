"""Which exceptions a function can raise, read from the source: its own and those of what it calls.

A call is followed where the source says whose function it is: a name of the module or an import, a
method of `self`, of a class, of a parameter or variable with a class's name, or one that a single
class has. What a handler catches on the way is taken out. A call through a port, a callback or a
protocol is not followed: what comes that way is the documentation's to say.
"""

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

import griffe

from tests.tidy.repository import modules

Function = ast.FunctionDef | ast.AsyncFunctionDef
_OURS: Final = {"AssertionError", "NotImplementedError", "StopIteration", "SystemExit"}


class Place(NamedTuple):
    """A function or class: its module, and its name in it, with its class before a point."""

    module: str
    name: str


NEVER: Final[Mapping[Place, tuple[str, str]]] = MappingProxyType({
    Place("meter_emu.desk.clock.clock_card", "issue_clock_card"): (
        "LayoutError", "files, contents and PIN of a clock card are of our own making"
    ),
    Place("meter_emu.desk.desk", "Desk.personalised"): (
        "LayoutError", "likewise, and each energy of a model has its DF"
    ),
    Place("meter_emu.world.rehearsal.engine", "HouseholdStory.copied"): (
        "LayoutError", "the record is a card's of the same household"
    ),
    Place("meter_emu.strategies.dates", "pairs"): ("ValueError", "all kinds exist"),
    Place("meter_emu.strategies.dates", "leaps"): ("ValueError", "both kinds exist"),
    Place("meter_emu.stories.story", "own_models"): ("ConfigError", "built-in models are right"),
    Place("meter_emu.stories.draft", "Draft.ledger"): ("TokenError", "its amounts are a token's"),
})  # fmt: skip
"""What a function never lets through, though by the source it could, and why."""


@cache
def _files() -> dict[str, ast.Module]:
    names = {name.removesuffix(".py").replace("/", "."): tree for name, tree in modules().items()}
    return {name.removesuffix(".__init__"): tree for name, tree in names.items()}


@cache
def _defined() -> dict[Place, ast.AST]:
    """Return each function, method and class of both packages."""
    found: dict[Place, ast.AST] = {}
    for module, tree in _files().items():
        for node in tree.body:
            if isinstance(node, Function | ast.ClassDef):
                found[Place(module, node.name)] = node
            if isinstance(node, ast.ClassDef):
                for below in node.body:
                    if isinstance(below, Function):
                        found[Place(module, f"{node.name}.{below.name}")] = below
    return found


@cache
def _methods() -> dict[str, list[Place]]:
    """Return the methods of each name, in whatever class."""
    found: dict[str, list[Place]] = {}
    for place in _defined():
        if "." in place.name:
            found.setdefault(place.name.partition(".")[2], []).append(place)
    return found


@cache
def _imports(module: str) -> dict[str, Place]:
    """Return what a module's imports name, anywhere in it."""
    found = {}
    for node in ast.walk(_files()[module]):
        if isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                found[one.asname or one.name] = Place(node.module, one.name)
    return found


def _resolved(module: str, name: str) -> Place | None:
    """Return what a name means in a module, through any number of imports."""
    for _ in range(8):
        if Place(module, name) in _defined():
            return Place(module, name)
        if module not in _files() or name not in _imports(module):
            return None
        module, name = _imports(module)[name]
    return None


def _method(place: Place, name: str) -> Place | None:
    """Return the method of a class, its own or a base's."""
    own = Place(place.module, f"{place.name}.{name}")
    if own in _defined():
        return own
    node = _defined().get(place)
    for base in node.bases if isinstance(node, ast.ClassDef) else []:
        above = _resolved(place.module, base.id) if isinstance(base, ast.Name) else None
        found = _method(above, name) if above is not None else None
        if found is not None:
            return found
    return None


@cache
def ancestors(module: str, name: str) -> frozenset[str]:
    """Return the names of an exception and of all its bases; none for what is no exception.

    `name` is what the module calls it.
    """
    place = _resolved(module, name)
    if place is None:
        known = getattr(builtins, name, None)
        if isinstance(known, type) and issubclass(known, BaseException):
            return frozenset(one.__name__ for one in known.__mro__)
        return frozenset()
    node = _defined()[place]
    if not isinstance(node, ast.ClassDef):
        return frozenset()
    above = [ancestors(place.module, one.id) for one in node.bases if isinstance(one, ast.Name)]
    own = frozenset().union(*above)
    return own | {place.name} if own else own


class _Read(ast.NodeVisitor):
    """What one function raises itself, and what it calls, each with the handlers round it."""

    def __init__(self, place: Place, node: Function) -> None:
        self.module, self.kind = place.module, place.name.rpartition(".")[0]
        self.own: set[str] = set()
        self.calls: set[tuple[Place, frozenset[str]]] = set()
        self._caught = frozenset(NEVER[place][:1] if place in NEVER else ())
        self._handled: list[tuple[str | None, list[str]]] = []
        self._types = {one.arg: one.annotation for one in _arguments(node) if one.annotation}
        for below in ast.walk(node):
            if isinstance(below, ast.AnnAssign) and isinstance(below.target, ast.Name):
                self._types[below.target.id] = below.annotation
            if isinstance(below, ast.Assign) and isinstance(below.value, ast.Call):
                names = (one.id for one in below.targets if isinstance(one, ast.Name))
                self._types |= dict.fromkeys(names, below.value.func)
        for line in node.body:
            self.visit(line)

    def visit_Try(self, node: ast.Try) -> None:
        before = self._caught
        for handler in node.handlers:
            if not any(isinstance(one, ast.Raise) and one.exc is None for one in ast.walk(handler)):
                self._caught |= set(_named(handler))
        for line in node.body:
            self.visit(line)
        self._caught = before
        for handler in node.handlers:
            self._handled.append((handler.name, _named(handler)))
            self.generic_visit(handler)
            self._handled.pop()
        for line in (*node.orelse, *node.finalbody):
            self.visit(line)

    def visit_With(self, node: ast.With) -> None:
        before = self._caught
        for item in node.items:
            self.visit(item)
            call = item.context_expr
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "suppress":
                self._caught |= {one.id for one in call.args if isinstance(one, ast.Name)}
        for line in node.body:
            self.visit(line)
        self._caught = before

    def visit_Raise(self, node: ast.Raise) -> None:
        self.own |= {one for one in self._raised(node.exc) if not self._stops(one)}
        self.generic_visit(node)

    def _raised(self, said: ast.expr | None) -> Iterator[str]:
        func = said.func if isinstance(said, ast.Call) else said
        if not isinstance(func, ast.Name):
            return
        if ancestors(self.module, func.id):
            yield func.id
            return
        for name, kinds in self._handled:
            if name == func.id:
                yield from kinds
        place = _resolved(self.module, func.id)
        made = _defined().get(place) if place is not None else None
        if isinstance(made, Function) and isinstance(made.returns, ast.Name):
            yield made.returns.id

    def _stops(self, name: str) -> bool:
        return bool(ancestors(self.module, name) & self._caught)

    def visit_Call(self, node: ast.Call) -> None:
        place = self._called(node.func)
        if place is not None:
            self.calls.add((place, self._caught))
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Take a property of `self` as the call that it is."""
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            place = _method(Place(self.module, self.kind), node.attr)
            found = _defined().get(place) if place is not None else None
            if place is not None and isinstance(found, Function) and _is_property(found):
                self.calls.add((place, self._caught))
        self.generic_visit(node)

    def _called(self, func: ast.expr) -> Place | None:
        if isinstance(func, ast.Name):
            return _made(_resolved(self.module, func.id))
        if not isinstance(func, ast.Attribute):
            return None
        kind = self._kind_of(func.value)
        if kind is not None:
            return _method(kind, func.attr)
        alone = _methods().get(func.attr, [])
        return alone[0] if len(alone) == 1 else None

    def _kind_of(self, value: ast.expr) -> Place | None:
        """Return the class of what a method is called on, where the source says it."""
        if isinstance(value, ast.Call):
            return self._class_of_result(self._called(value.func), value.func)
        if isinstance(value, ast.Attribute):
            whose = self._kind_of(value.value)
            return _class_of_attribute(whose, value.attr) if whose is not None else None
        if not isinstance(value, ast.Name):
            return None
        if value.id in {"self", "cls"}:
            return Place(self.module, self.kind)
        said = self._types.pop(value.id, None)  # not there meanwhile: `x = x.next()`
        if said is None:
            return self._class(value.id)
        if isinstance(said, ast.Name) and self._class(said.id):
            found = self._class(said.id)
        else:
            found = self._class_of_result(self._called(said), said)
        self._types[value.id] = said
        return found

    def _class(self, name: str) -> Place | None:
        return _class_in(self.module, name)

    def _class_of_result(self, called: Place | None, func: ast.expr) -> Place | None:
        """Return the class that is made here, or that a function says it returns."""
        if isinstance(func, ast.Name) and self._class(func.id):
            return self._class(func.id)
        node = _defined().get(called) if called is not None else None
        if (
            called is None
            or not isinstance(node, Function)
            or not isinstance(node.returns, ast.Name)
        ):
            return None
        if node.returns.id == "Self":
            return Place(called.module, called.name.rpartition(".")[0])
        return _class_in(called.module, node.returns.id)


def _class_in(module: str, name: str) -> Place | None:
    place = _resolved(module, name)
    return place if place and isinstance(_defined()[place], ast.ClassDef) else None


@cache
def _class_of_attribute(kind: Place, name: str) -> Place | None:
    """Return the class of an attribute: as it is declared, or as `__init__` makes it."""
    node = _defined().get(kind)
    if not isinstance(node, ast.ClassDef):
        return None
    found = _defined().get(Place(kind.module, f"{kind.name}.{name}"))
    if isinstance(found, Function) and isinstance(found.returns, ast.Name):
        return _class_in(kind.module, found.returns.id)
    params: dict[str, ast.expr | None] = {}
    for below in ast.walk(node):
        if isinstance(below, Function) and below.name == "__init__":
            params = {one.arg: one.annotation for one in _arguments(below)}
    for below in ast.walk(node):
        said = None
        if isinstance(below, ast.AnnAssign) and _is_called(below.target, name):
            said = below.annotation
        elif isinstance(below, ast.Assign) and any(_is_called(one, name) for one in below.targets):
            made = below.value
            said = made.func if isinstance(made, ast.Call) else made
            said = params.get(said.id, said) if isinstance(said, ast.Name) else None
        if isinstance(said, ast.Name):
            return _class_in(kind.module, said.id)
    return None


def _is_called(target: ast.expr, name: str) -> bool:
    """Whether an assignment is to a field of that name, of the class or of `self`."""
    if isinstance(target, ast.Name):
        return target.id == name
    if not isinstance(target, ast.Attribute) or not isinstance(target.value, ast.Name):
        return False
    return target.attr == name and target.value.id == "self"


def _named(handler: ast.ExceptHandler) -> list[str]:
    if handler.type is None:
        return ["BaseException"]
    several = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return [one.id if isinstance(one, ast.Name) else getattr(one, "attr", "") for one in several]


def _arguments(node: Function) -> list[ast.arg]:
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def _is_property(node: Function) -> bool:
    return any("property" in ast.unparse(one) for one in node.decorator_list)


def _made(place: Place | None) -> Place | None:
    """Return the function that a call of it runs: of a class what makes one."""
    if place is None or not isinstance(_defined()[place], ast.ClassDef):
        return place
    return _method(place, "__init__") or _method(place, "__post_init__")


@cache
def _read(place: Place) -> _Read:
    node = _defined()[place]
    assert isinstance(node, Function)
    return _Read(place, node)


def raised(places: Iterable[Place], *, near: bool = False) -> dict[Place, frozenset[Place]]:
    """Return the exceptions that leave each function, but those that are bugs.

    With `near` no call is followed out of the module of the function that calls.
    """
    out: dict[Place, set[tuple[str, str]]] = {}
    waiting = list(places)
    while waiting:
        place = waiting.pop()
        if place not in out:
            out[place] = {(place.module, one) for one in _read(place).own}
            waiting += [called for called, _ in _calls(place, near=near)]
    changed = True
    while changed:
        changed = False
        for place, own in out.items():
            for called, caught in _calls(place, near=near):
                more = {one for one in out[called] - own if not ancestors(*one) & caught}
                own.update(more)
                changed = changed or bool(more)
    return {
        place: frozenset(Place(*one) for one in own if not ancestors(*one) & _OURS)
        for place, own in out.items()
    }


def _calls(place: Place, *, near: bool) -> Iterator[tuple[Place, frozenset[str]]]:
    return (one for one in _read(place).calls if not near or one[0].module == place.module)


def of_function(found: griffe.Function | griffe.Attribute) -> Place | None:
    """Return the place of a function or property that somebody wrote; none of a made one."""
    module = found.module.path
    place = Place(module, found.path.removeprefix(f"{module}."))
    return place if place in _defined() else None
