"""Finds what is public and says nothing: attributes without a sentence, functions without one.

An attribute has its sentence below it, or the docstring of its class names it in backticks or,
where `__init__` takes it, under `Args:`. Members of an enumeration may have theirs in a table of
words in their module, keyed by member.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import griffe

_UNITS: Final[Mapping[str, str]] = MappingProxyType({
    "us": "µs|microseconds", "ms": "ms|milliseconds", "s": "seconds?", "min": "minutes",
    "days": "days", "wh": "Wh", "w": "W", "units": "Wh", "ueur": "micro-euro", "cents": "cents",
    "eur": "euro", "ppb": "parts per billion", "bytes": "bytes", "cycles": "cycles",
})  # fmt: skip
_INSTANT: Final = re.compile(
    r"(?:^|_)(?:at|start|end|cut|ordered|until|now|from|to|epoch)_(?:us|s|min)$"
)
_EPOCH: Final = re.compile(r"\b(?:since|from) (?:1970|2000|the bench began)")


def undocumented(found: griffe.Object) -> Iterator[str]:
    """Yield the path of each attribute, function and class in it that says nothing of itself."""
    if isinstance(found, griffe.Attribute):
        if not (_says(found) or _named_by_class(found) or in_a_table(found)):
            yield found.path
    elif not _says(found):
        yield found.path
    if isinstance(found, griffe.Class):
        for member in found.members.values():
            if not member.is_alias and not member.name.startswith("_"):
                assert isinstance(member, griffe.Object)
                yield from undocumented(member)


def _says(found: griffe.Object) -> bool:
    return found.docstring is not None and bool(found.docstring.value.strip())


def _named_by_class(found: griffe.Attribute) -> bool:
    parent = found.parent
    if not isinstance(parent, griffe.Class) or parent.docstring is None:
        return False
    name = re.escape(found.name)
    return re.search(rf"`{name}\b|(?m:^    {name}: )", parent.docstring.value) is not None


def in_a_table(found: griffe.Attribute) -> str | None:
    """Return the words that a table in its module has for a member of an enumeration."""
    parent = found.parent
    if not isinstance(parent, griffe.Class) or not isinstance(parent.parent, griffe.Module):
        return None
    file = parent.parent.filepath
    assert isinstance(file, Path), "a module is one file"
    return _tables(file).get(f"{parent.name}.{found.name}")


@cache
def _tables(file: Path) -> dict[str, str]:
    """Return the rows of a module's tables whose values are words, by key as it is written."""
    tree = ast.parse(file.read_text("utf-8"))
    return {
        ast.unparse(key): value.value
        for table in ast.walk(tree)
        if isinstance(table, ast.Dict)
        for key, value in zip(table.keys, table.values, strict=True)
        if isinstance(key, ast.Attribute)
        if isinstance(value, ast.Constant) and isinstance(value.value, str)
    }


def unmeasured(found: griffe.Object) -> Iterator[str]:
    """Yield each attribute in it whose name ends in a unit that its words, or its class's, lack.

    Likewise the epoch of an instant.
    """
    if isinstance(found, griffe.Attribute):
        parent = found.parent
        words = [one.value for one in (found.docstring, parent and parent.docstring) if one]
        unit = _UNITS.get(found.name.rpartition("_")[2], "")
        if not any(re.search(rf"\b(?:{unit})\b", one) for one in words):
            yield f"{found.path}: unit"
        if _INSTANT.search(found.name) and not any(map(_EPOCH.search, words)):
            yield f"{found.path}: epoch"
    elif isinstance(found, griffe.Class):
        for member in found.members.values():
            if not member.is_alias and not member.name.startswith("_"):
                assert isinstance(member, griffe.Object)
                yield from unmeasured(member)
