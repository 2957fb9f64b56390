"""What is done of a long rehearsal, in a file next to its output: a second run goes on from there.

A line is the outcome of one household, behind a digest over it and over the digest of the line
before. The first line is the key: the campaign as text, the places that are lived, and the source
of both packages. A line whose digest does not hold ends what counts, so a file that was cut off or
changed costs time and is never believed; one with another key counts for nothing.

Programs that are not ours have no source here, and an image is a file that may change: a rehearsal
with either keeps nothing.
"""

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final, final

import msgspec

from meter_emu.errors import OutputError
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.meter.build import parse_build
from meter_emu.world.rehearsal.travelling import campaign_as_text

_LINE_MAX: Final = 1 << 20  # ours: an outcome has some hundred bytes
_PACKAGES: Final = ("card_protocol", "meter_emu")


@final
class Checkpoint:
    """The file of one rehearsal; `say` gets a line where it goes on."""

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        self._path: Final = path
        self._say: Final = say

    def through(
        self,
        campaign: Campaign,
        places: Sequence[int],
        results: Callable[[Sequence[int]], Generator[Outcome, None, None]],
    ) -> Generator[Outcome, None, None]:
        """Yield the outcome of each place: those that are kept, then `results`, keeping each.

        Raise `OutputError` where they cannot be kept.
        """
        done, key = 0, _key(campaign, places)
        with self._opened() as file:
            chain = _Chain()
            good = 0
            for size, outcome in chain.read(file, key, len(places)):
                good += size
                if outcome is not None:
                    done += 1
                    if done == len(places):  # who takes as many as there are asks for no more
                        self._say_done(done, len(places))
                    yield outcome
            with self._naming():
                file.truncate(good)
            if 0 < done < len(places):
                self._say_done(done, len(places))
            elif good == 0:
                self._keep(file, chain.line(key))
            with closing(results(places[done:])) as rest:
                for outcome in rest:
                    self._keep(file, chain.line(msgspec.json.encode(outcome)))
                    yield outcome

    def remove(self) -> None:
        """Remove the file: what it was for is written."""
        self._path.unlink(missing_ok=True)

    def _say_done(self, done: int, total: int) -> None:
        self._say(f"{self._path}: {done:,} of {total:,} are done")

    def _keep(self, file: BinaryIO, line: bytes) -> None:
        with self._naming():
            file.write(line)
            file.flush()

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        with self._naming():
            file = self._path.open("a+b")
            file.seek(0)
        with file:
            yield file

    @contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(str(self._path), (error.strerror or str(error)).lower()) from error


@final
class _Chain:
    """Digests over lines and all that came before."""

    def __init__(self) -> None:
        self._digest = b""

    def line(self, text: bytes) -> bytes:
        """Return the next line."""
        self._digest = self._of(text)
        return self._digest + b" " + text + b"\n"

    def read(self, file: BinaryIO, key: bytes, most: int) -> Iterator[tuple[int, Outcome | None]]:
        """Yield the size of each line that holds, with its outcome; the first is the key."""
        for number in range(most + 1):
            line = file.readline(_LINE_MAX)
            said, _, text = line.removesuffix(b"\n").partition(b" ")
            if line[-1:] != b"\n" or said != self._of(text) or (number == 0 and text != key):
                return
            try:
                outcome = msgspec.json.decode(text, type=Outcome) if number else None
            except msgspec.DecodeError:
                return
            self._digest = said
            yield len(line), outcome

    def _of(self, text: bytes) -> bytes:
        return sha256(self._digest + b" " + text).hexdigest().encode()


def may_be_kept(campaign: Campaign) -> bool:
    """Whether all that the outcomes depend on is in the key."""
    entries = campaign.households.entries
    return all(
        entry.first.image is None and parse_build(entry.first.build).factory is None
        for entry in entries
    )


def _key(campaign: Campaign, places: Sequence[int]) -> bytes:
    found = sha256()
    for text in (campaign_as_text(campaign), repr(list(places)), campaign.path, _source()):
        found.update(sha256(text.encode()).digest())
    return found.hexdigest().encode()


@cache
def _source() -> str:
    found, root = sha256(), Path(__file__).parents[3]
    for package in _PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            found.update(os.fsencode(path.relative_to(root)))
            found.update(sha256(path.read_bytes()).digest())
    return found.hexdigest()
