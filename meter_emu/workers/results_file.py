"""Results of a long work, in a file from which a second run goes on.

A line is one result, behind a digest over it and over the digest of the line before. The first line
is the key: all that the results depend on, the source of both packages with it. A line whose digest
does not hold ends what counts, so a file that was cut off or changed costs time and is never
believed; one with another key counts for nothing. Results are added as they come, so who is killed
loses those that were under way.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from pathlib import Path, PurePath
from typing import BinaryIO, Final, Generic, NamedTuple, TypeVar, final

import msgspec

from meter_emu.errors import OutputError

_LINE_MAX: Final = 1 << 20  # ours: a result has some hundred bytes, a batch of them some thousand
_DIGEST_SIZE: Final = 64
_PACKAGES: Final = ("card_protocol", "meter_emu")

HeldT = TypeVar("HeldT")


class GoOn(NamedTuple):
    """Where interrupted work leaves what it has, and who hears that it goes on from there."""

    path: Path
    say: Callable[[str], None]


@final
class ResultsFile(Generic[HeldT]):
    """The results of one work, in their order; `key` says of which."""

    def __init__(self, path: Path, key: str, result_type: type[HeldT]) -> None:
        self.path: Final = path
        self._key: Final = sha256(key.encode()).hexdigest().encode()
        self._type: Final = result_type
        self._digest = b""
        self._good = 0  # so many bytes hold

    def held(self) -> Iterator[HeldT]:
        """Yield the results that are there, up to the first that does not hold.

        A file that cannot be read has none.
        """
        self._digest, self._good = b"", 0
        with suppress(OSError), self.path.open("rb") as file:
            most = self.path.stat().st_size // _DIGEST_SIZE
            for number in range(most):
                line = file.readline(_LINE_MAX)
                said, _, text = line.removesuffix(b"\n").partition(b" ")
                holds = line[-1:] == b"\n" and said == self._of(text)
                if not holds or (number == 0 and text != self._key):
                    return
                try:
                    result = msgspec.json.decode(text, type=self._type) if number else None
                except msgspec.DecodeError:
                    return
                self._digest = said
                self._good += len(line)
                if result is not None:
                    yield result

    def add(self, result: HeldT) -> None:
        """Write a result after those that hold; raise `OutputError` where that cannot be."""
        with self._naming(), self.path.open("ab") as file:
            file.truncate(self._good)
            if self._good == 0:
                self._write(file, self._key)
            self._write(file, msgspec.json.encode(result))

    def remove(self) -> None:
        """Remove the file: what it was for is done."""
        with self._naming():
            self.path.unlink(missing_ok=True)

    def _write(self, file: BinaryIO, text: bytes) -> None:
        self._digest = self._of(text)
        self._good += file.write(self._digest + b" " + text + b"\n")

    def _of(self, text: bytes) -> bytes:
        return sha256(self._digest + b" " + text).hexdigest().encode()

    @contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(str(self.path), (error.strerror or str(error)).lower()) from error


@cache
def source_digest(counts: Callable[[PurePath], bool] = lambda _path: True) -> str:
    """Return the digest of the modules of both packages that count, by their paths."""
    found, root = sha256(), Path(__file__).parents[2]
    for package in _PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            named = path.relative_to(root)
            if counts(named):
                found.update(os.fsencode(named))
                found.update(sha256(path.read_bytes()).digest())
    return found.hexdigest()
