"""Finds what a public function does not say: a parameter, what it returns, an error it raises.

The convention, which the API pages show as tables:

- A parameter has a line under `Args:`, or the text names it in backticks. Who takes three or more
  has the lines. The class docstring speaks for `__init__`, and a dataclass's attributes for theirs.
- What is returned is in the text (return, yield, whether), or under `Returns:`.
- Errors are under `Raises:`: each of ours that can leave it, and each of Python's that its own
  module raises. What is listed there must be able to leave it, by the source (`raised`), or a test
  has seen it do so.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

import griffe

from tests.api.raised import Place, ancestors, of_function, raised

ARGS_FROM: Final = 3  # ours: two parameters fit into a sentence
_ROOTS: Final = {"CardProtocolError", "MeterEmuError"}
_SPECIAL: Final = re.compile(r"__(?!init__)\w+__")
_RETURNS: Final = re.compile(r"\b(returns?|yields?|gives?|whether|answers? with)\b", re.IGNORECASE)
_EMPTY: Final = frozenset(
    re.findall(r"\w+", "a an the of to for and or is it its be in on this that as with which value")
)

Written = griffe.Function | griffe.Attribute


def written(found: griffe.Object) -> Iterator[tuple[Written, Place]]:
    """Yield each function, method and property in it that somebody wrote, with its place."""
    if isinstance(found, griffe.Function) or "property" in found.labels:
        assert isinstance(found, griffe.Function | griffe.Attribute)
        place = of_function(found)
        if place is not None and not _SPECIAL.fullmatch(found.name):
            yield found, place
    elif isinstance(found, griffe.Class):
        for member in found.members.values():
            if not member.is_alias and (member.name == "__init__" or member.name[0] != "_"):
                assert isinstance(member, griffe.Object)
                yield from written(member)


def unsaid(
    all_of: list[tuple[Written, Place]], through: Mapping[Place, Collection[type[Exception]]]
) -> Iterator[str]:
    """Yield a line for each thing that these functions do not say, or say of nobody.

    `through` has what a call that is not followed was seen to raise.
    """
    places = [place for _, place in all_of]
    far, near = raised(places), raised(places, near=True)
    for found, place in all_of:
        seen = frozenset(Place(one.__module__, one.__name__) for one in through.get(place, ()))
        for what in _unsaid(found, far[place] | seen, near[place]):
            yield f"{found.path}: {what}"


def _unsaid(found: Written, far: frozenset[Place], near: frozenset[Place]) -> Iterator[str]:
    text, said = _said(found)
    params = _parameters(found)
    for name in params:
        if name not in said.args and not re.search(rf"`{re.escape(name)}\b", text):
            yield f"parameter {name}"
        elif name in said.args and _says_nothing(name, said.args[name]):
            yield f"parameter {name} says no more than its name"
    if len(params) >= ARGS_FROM and not set(params) <= set(said.args):
        yield f"{len(params)} parameters, and no line under Args for each"
    yield from (f"no parameter {name}" for name in said.args if name not in params)
    if _returns(found) and not (said.returns or _RETURNS.search(text)):
        yield "what it returns"
    yield from _errors(said.raises, far, near)


def _errors(listed: set[str], far: frozenset[Place], near: frozenset[Place]) -> Iterator[str]:
    must = {one for one in far if _ROOTS & ancestors(*one)} | near
    for name in sorted({one.name for one in must if not listed & ancestors(*one)}):
        if not name.startswith("_"):
            yield f"raises {name}"
    reached = {name for one in far | near for name in ancestors(*one)}
    yield from (f"does not raise {name}" for name in sorted(listed - reached))


class _Said:
    """What the sections of a docstring say."""

    def __init__(self) -> None:
        self.args: dict[str, str] = {}
        self.raises: set[str] = set()
        self.returns = False


def _said(found: Written) -> tuple[str, _Said]:
    """Return the text of a function, of `__init__` with its class's, and its sections."""
    texts = [found.docstring]
    if found.name == "__init__" and isinstance(found.parent, griffe.Class):
        texts.append(found.parent.docstring)
    said = _Said()
    for one in filter(None, texts):
        for part in one.parse(griffe.Parser.google, warnings=False):
            if isinstance(part, griffe.DocstringSectionParameters):
                said.args |= {row.name.lstrip("*"): row.description for row in part.value}
            elif isinstance(part, griffe.DocstringSectionRaises):
                said.raises |= {str(row.annotation) for row in part.value}
            elif isinstance(part, griffe.DocstringSectionReturns | griffe.DocstringSectionYields):
                said.returns = True
    return "\n".join(one.value for one in texts if one), said


def _parameters(found: Written) -> list[str]:
    if isinstance(found, griffe.Attribute):
        return []
    names = [one.name for one in found.parameters]
    static = "staticmethod" in found.labels or not isinstance(found.parent, griffe.Class)
    own = names if static else names[1:]
    return [name for name in own if not name.startswith("_")]


def _returns(found: Written) -> bool:
    is_function = isinstance(found, griffe.Function) and found.name != "__init__"
    return is_function and str(found.returns) != "None"  # type: ignore[union-attr]


def _says_nothing(name: str, sentence: str) -> bool:
    words = set(re.findall(r"[a-z]+", sentence.lower())) - _EMPTY
    return not words - set(re.findall(r"[a-z]+", name.lower()))
