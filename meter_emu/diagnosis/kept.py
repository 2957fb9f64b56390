"""Signatures kept on disk, so that a second look at an incident takes seconds.

A file a household (`results_file`), under the hash of everything that its signatures depend on: its
unknowns, its story, and the source of every module that runs it. So a diagnosis that was
interrupted goes on from the batch before.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from functools import cache
from hashlib import sha256
from pathlib import Path, PurePath
from shutil import rmtree
from typing import Final, NamedTuple, final

import msgspec

from meter_emu.diagnosis.hypotheses import Hypothesis
from meter_emu.diagnosis.sampling import SampledHousehold
from meter_emu.diagnosis.shipped import ShippedSignatures, meaning_digest
from meter_emu.diagnosis.signatures import HouseholdRuns, Running, Signature, batches
from meter_emu.errors import OutputError
from meter_emu.workers.engines import here_or_processes
from meter_emu.workers.results_file import ResultsFile, source_digest

# What runs a meter, or gives it its name: `card_protocol` with it, but for readers of cards.
_ROOMS: Final = frozenset(
    {"defects", "desk", "firmware", "hardware", "world", "domain.py", "energies.py", "families.py"}
    | {"ports.py", "rows.py", "units.py", "zones.py"}
)
_OF_DIAGNOSIS: Final = frozenset({"signatures.py", "hypotheses.py"})
_VERSIONS_KEPT: Final = 3  # ours: of the source; older ones are removed
_DIGEST: Final = re.compile("[0-9a-f]{16}")
_ALONE_MAX: Final = 60  # ours: runs that take less than starting a worker


class _Batch(msgspec.Struct, array_like=True):
    """The signatures of a household under some hypotheses: equal ones are stored once."""

    keys: list[str]
    which: list[int]
    signatures: list[Signature]

    @classmethod
    def of(cls, found: Mapping[str, Signature]) -> "_Batch":
        """Return what is kept of these signatures by their hypotheses."""
        different = {signature: number for number, signature in enumerate(set(found.values()))}
        return cls(list(found), [different[one] for one in found.values()], list(different))

    def each(self) -> Iterator[tuple[str, Signature]]:
        """Yield the hypotheses, each with its signature."""
        for key, number in zip(self.keys, self.which, strict=True):
            yield key, self.signatures[number]


class _Kept(NamedTuple):
    """A story's signatures: on disk, and those that are known by their hypotheses."""

    story: str
    file: ResultsFile[_Batch]
    known: dict[str, Signature]


def _matters(path: PurePath) -> bool:
    """Whether a signature depends on a module."""
    package, room, *rest = path.parts
    if package == "card_protocol":
        return room not in {"link", "serve"}  # real readers, and cards for other programs
    if room == "world" and rest[0] == "judge":  # a signature has no verdicts
        return False
    return room in _ROOMS or (room == "diagnosis" and path.name in _OF_DIAGNOSIS)


@cache
def code_digest() -> str:
    """Return the digest of what signatures depend on, apart from comments and docstrings."""
    root = Path(__file__).parents[2]
    every = (
        path
        for package in ("card_protocol", "meter_emu")
        for path in (root / package).rglob("*.py")
    )
    return meaning_digest([path for path in every if _matters(path.relative_to(root))], root)


def default_folder() -> Path:
    """Return the default folder for kept signatures."""
    root = os.environ.get("XDG_CACHE_HOME") or Path(os.environ.get("HOME", "."), ".cache")
    return Path(root) / "meter-emu" / "signatures"


@final
class KeptSignatures:
    """The signatures of an incident's households, from disk or run now."""

    def __init__(
        self,
        folder: Path,
        households: Sequence[SampledHousehold],
        shipped: Path | None = None,
    ) -> None:
        self._households: Final = tuple(households)
        self._shipped: Final = None if shipped is None else ShippedSignatures(shipped, code_digest)
        self._folder: Final = folder / source_digest(_matters)[:16]
        # Households with the same story, as two fleets may have them, share a file.
        self._stories: Final[dict[str, _Kept]] = {}
        self._kept: Final = [self._of_story(one) for one in self._households]
        self.held: Final = sum(len(one.known) for one in self._stories.values())
        self.runs = 0

    def of(self, place: int, hypothesis: Hypothesis) -> Signature:
        """Return the signature of a household; `complete` must have run it."""
        return self._kept[place].known[hypothesis.key]

    def knows(self, place: int, hypotheses: Sequence[Hypothesis]) -> bool:
        """Whether none of these need be run in a household."""
        return not self._unknown(self._kept[place], hypotheses)

    def stories(self) -> dict[str, dict[str, Signature]]:
        """Return all that is known, by story and hypothesis."""
        return {key: one.known for key, one in self._stories.items()}

    def complete(
        self,
        wanted: Mapping[int, Iterable[Hypothesis]],
        *,
        jobs: int | None,
        hear: Callable[[int, int], None] = lambda _done, _of: None,
    ) -> None:
        """Run what is not kept, in several processes; `hear` gets the number done and the total.

        Raise `OutputError` where they cannot be kept.
        """
        units: list[HouseholdRuns] = []
        for place, hypotheses in wanted.items():
            units += batches(place, self._unknown(self._kept[place], tuple(hypotheses)))
        total, done = sum(len(unit.hypotheses) for unit in units), 0
        if not total:
            return
        engine = here_or_processes(1 if total <= _ALONE_MAX else jobs)
        self._make_folder()
        with closing(engine.results(Running(self._households), units)) as results:
            for unit, found in zip(units, results, strict=True):
                signatures = {
                    one.key: signature
                    for one, signature in zip(unit.hypotheses, found, strict=True)
                }
                kept = self._kept[unit.place]
                kept.file.add(_Batch.of(signatures))
                kept.known.update(signatures)
                self.runs += len(found)
                done += len(found)
                hear(done, total)

    def _unknown(self, kept: "_Kept", hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
        """Return the hypotheses that are to be run: neither kept nor shipped."""
        if self._shipped and any(one.key not in kept.known for one in hypotheses):
            kept.known.update(self._shipped.of(kept.story) | kept.known)
        return [one for one in hypotheses if one.key not in kept.known]

    def _of_story(self, one: SampledHousehold) -> "_Kept":
        story = (one.household, one.campaign.start_us, one.campaign.end_us, one.campaign.seed)
        key = sha256(repr(story).encode()).hexdigest()
        if key not in self._stories:
            file = ResultsFile(self._folder / key[:32], key, _Batch)
            held = dict(each for batch in file.held() for each in batch.each())
            self._stories[key] = _Kept(key, file, held)
        return self._stories[key]

    def _make_folder(self) -> None:
        if self._folder.is_dir():
            return
        try:
            self._folder.mkdir(parents=True)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise OutputError(str(self._folder), why) from error
        _forget_old(self._folder.parent)


def _forget_old(folder: Path) -> None:
    """Remove the signatures of all but the last versions of the source."""
    with suppress(OSError):
        versions = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in versions[_VERSIONS_KEPT:]:
            if path.is_dir() and _DIGEST.fullmatch(path.name):
                rmtree(path, ignore_errors=True)
