"""Finds what is public and says nothing: attributes without a sentence, functions without one.

An attribute has its sentence below it, or the docstring of its class names it in backticks. The
members of an enumeration may have theirs in a table of words in their module, keyed by member.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import griffe


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
    return re.search(rf"`{re.escape(found.name)}\b", parent.docstring.value) is not None


def _in_a_table(found: griffe.Attribute) -> bool:
    parent = found.parent
    if not isinstance(parent, griffe.Class) or not isinstance(parent.parent, griffe.Module):
        return False
    member = re.escape(f"{parent.name}.{found.name}")
    file = parent.parent.filepath
    assert isinstance(file, Path), "a module is one file"
    source = "\n".join(parent.lines_collection[file])
    return re.search(rf'(?m)^    {member}: "', source) is not None
