"""Finds what is public and says nothing: attributes without a sentence, functions without one.

An attribute has its sentence below it, or the docstring of its class names it in backticks or,
where `__init__` takes it, under `Args:`. Members of an enumeration may have theirs in a table of
words in their module, keyed by member.
"""

import re
from collections.abc import Iterator, Mapping
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
        if not (_says(found) or _named_by_class(found) or _in_a_table(found)):
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


def _in_a_table(found: griffe.Attribute) -> bool:
    parent = found.parent
    if not isinstance(parent, griffe.Class) or not isinstance(parent.parent, griffe.Module):
        return False
    member = re.escape(f"{parent.name}.{found.name}")
    file = parent.parent.filepath
    assert isinstance(file, Path), "a module is one file"
    source = "\n".join(parent.lines_collection[file])
    return re.search(rf'(?m)^    {member}: "', source) is not None


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
