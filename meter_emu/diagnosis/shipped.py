"""Signatures that come with the package: a first look at a built-in incident takes seconds.

`make signatures` runs every single mistake, and the pairs that matter, in the built-in incidents
and writes the file. They are believed as long as they were made by this very source, apart from its
comments and docstrings; else everything is run, as for an incident of one's own.
"""

import ast
import lzma
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Final, final

import msgspec

from meter_emu.diagnosis.hypotheses import pairs_of, singles
from meter_emu.diagnosis.signatures import Signature
from meter_emu.resources import folder_of

_NOT_RUN: Final = 0  # of a hypothesis in a story; else a signature's number from 1
_UNPACKED_MAX: Final = 1 << 26  # bytes, ours: ten times of what is shipped


class _Packed(msgspec.Struct, array_like=True):
    """The file: which source made it, and for each story the signature under each hypothesis.

    Hypotheses are in the order of `singles` and then `pairs_of`; what was not run at the end of it
    is left out.
    """

    source: str
    signatures: list[Signature]
    stories: dict[str, list[int]]


def shipped_file() -> Path:
    """Return the place of the shipped signatures."""
    return folder_of("incidents") / "signatures.xz"


def meaning_digest(paths: Iterable[Path], root: Path) -> str:
    """Return the digest of modules, by their names below `root`, for what they do.

    Comments on lines of their own, docstrings and blank lines are left out.
    """
    found = sha256()
    for path in sorted(paths):
        found.update(path.relative_to(root).as_posix().encode())
        found.update("\n".join(_code_lines(path.read_text("utf-8"))).encode())
    return found.hexdigest()


def _code_lines(text: str) -> Iterator[str]:
    said = set[int]()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                said.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare and not bare.startswith("#") and number not in said:
            yield line


def packed(source: str, stories: Mapping[str, Mapping[str, Signature]]) -> bytes:
    """Return the file of signatures, given by story and hypothesis."""
    numbers: dict[Signature, int] = {}
    which: dict[str, list[int]] = {}
    keys = [one.key for one in chain(singles(), pairs_of())]
    for story, known in sorted(stories.items()):
        row = [
            numbers.setdefault(known[key], len(numbers) + 1) if key in known else _NOT_RUN
            for key in keys
        ]
        while row and row[-1] == _NOT_RUN:
            row.pop()
        which[story] = row
    whole = msgspec.msgpack.encode(_Packed(source, list(numbers), which))
    return lzma.compress(whole, preset=9 | lzma.PRESET_EXTREME)


@final
class ShippedSignatures:
    """The signatures in a file that this source made; none in another source's, or without it."""

    def __init__(self, path: Path, source: Callable[[], str]) -> None:
        self._path, self._source = path, source

    def of(self, story: str) -> dict[str, Signature]:
        """Return the signatures of a story by their hypotheses."""
        row = self._packed.stories.get(story, [])
        return {
            key: self._packed.signatures[number - 1]
            for key, number in zip(self._keys(len(row)), row, strict=False)
            if number != _NOT_RUN
        }

    def _keys(self, count: int) -> Sequence[str]:
        """Return the hypotheses in the file's order: pairs are listed where a story has some."""
        return self._of_singles if count <= len(self._of_singles) else self._of_all

    @cached_property
    def _of_singles(self) -> list[str]:
        return [one.key for one in singles()]

    @cached_property
    def _of_all(self) -> list[str]:
        return [*self._of_singles, *(one.key for one in pairs_of())]

    @cached_property
    def _packed(self) -> _Packed:
        if not self._path.exists():
            return _Packed("", [], {})
        with lzma.open(self._path) as file:
            found = msgspec.msgpack.decode(file.read(_UNPACKED_MAX), type=_Packed)
        return found if found.source == self._source() else _Packed(found.source, [], {})
