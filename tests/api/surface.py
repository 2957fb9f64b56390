"""Lists what is public, a name a line with its signature: `python -m tests.api.surface` writes it.

The list, public.txt, is read in a change like any other line: what is taken out or changed there is
what somebody's program will miss. Signatures are as the source has them, whatever Python runs.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import griffe

from tests.docs.pages import ROOT
from tests.site.staged import PUBLIC

LIST: Final = Path(__file__).with_name("public.txt")
_SPECIAL: Final = {"__enter__", "__exit__", "__iter__", "__len__", "__eq__", "__call__"}


def surface() -> Iterator[str]:
    """Yield each public name of each public module."""
    for name, found in exported():
        yield from _lines(name, found)


@cache
def exported() -> tuple[tuple[str, griffe.Object], ...]:
    """Return each name that a public module exports, with what it is."""
    return tuple(_exported())


def _exported() -> Iterator[tuple[str, griffe.Object]]:
    loader = griffe.GriffeLoader(search_paths=[ROOT], allow_inspection=False)
    for package in ("card_protocol", "meter_emu"):
        loader.load(package, try_relative_path=False)
    for module in PUBLIC:
        found = loader.modules_collection[module]
        assert found.exports is not None, f"{module} has no __all__"
        for name in sorted(map(str, found.exports)):
            yield f"{module}.{name}", _of(found.members[name])


def _of(member: griffe.Object | griffe.Alias) -> griffe.Object:
    found = member.final_target if isinstance(member, griffe.Alias) else member
    assert isinstance(found, griffe.Object)
    return found


def _lines(name: str, found: griffe.Object) -> Iterator[str]:
    if isinstance(found, griffe.Function):
        yield f"{name}{_signature(found)}"
    elif isinstance(found, griffe.Class):
        yield f"{name}({', '.join(map(str, found.bases))})"
        for member in found.members.values():
            if not member.is_alias and _is_public(member.name):
                yield from _lines(f"{name}.{member.name}", _of(member))
    elif isinstance(found, griffe.Attribute):
        said = f": {found.annotation}" if found.annotation is not None else ""
        word = ": property" if "property" in found.labels else ""
        yield f"{name}{word}{said}"
    else:
        yield name


def _is_public(name: str) -> bool:
    return not name.startswith("_") or name in _SPECIAL or name == "__init__"


def _signature(found: griffe.Function) -> str:
    """Return parameters and what comes back, as they are written."""
    said: list[str] = []
    kinds = [one.kind for one in found.parameters]
    for place, one in enumerate(found.parameters):
        kind = one.kind
        star = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}
        before = kinds[place - 1] if place else None
        if kind is griffe.ParameterKind.keyword_only and before not in (
            griffe.ParameterKind.keyword_only,
            griffe.ParameterKind.var_positional,
        ):
            said.append("*")
        text = star.get(kind, "") + one.name if kind else one.name
        text += f": {one.annotation}" if one.annotation is not None else ""
        shown = one.default is not None and kind not in star
        said.append(f"{text} = {one.default}" if shown else text)
    returns = f" -> {found.returns}" if found.returns is not None else ""
    return f"({', '.join(said)}){returns}"


def text() -> str:
    """Return the list."""
    return "".join(f"{line}\n" for line in surface())


if __name__ == "__main__":
    LIST.write_text(text(), "utf-8")
