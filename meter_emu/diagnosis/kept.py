"""Signatures kept on disk, so that a second look at an incident takes seconds.

A file a household, under the hash of everything that its signatures depend on: its unknowns, its
story, and the source of every module that runs it. An unreadable file counts as missing.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from shutil import rmtree
from typing import Final, final

import msgspec

from meter_emu.diagnosis.hypotheses import Hypothesis
from meter_emu.diagnosis.sampling import SampledHousehold
from meter_emu.diagnosis.signatures import HouseholdRuns, Running, Signature, batches
from meter_emu.errors import OutputError
from meter_emu.workers.engines import here_or_processes

_PACKAGES: Final = (Path(__file__).parents[2] / "card_protocol", Path(__file__).parents[1])
_NOT_RUN: Final = frozenset({"cli", "report", "fuzz", "laws", "verify", "stories", "driver_bench"})
_OF_DIAGNOSIS: Final = frozenset({"signatures.py", "hypotheses.py"})
_VERSIONS_KEPT: Final = 3  # ours: of the source; older ones are removed
_DIGEST: Final = re.compile("[0-9a-f]{16}")
_ALONE_MAX: Final = 60  # ours: runs that take less than starting a worker


class _File(msgspec.Struct, array_like=True):
    """The contents of a file: equal signatures are stored once."""

    keys: list[str]
    which: list[int]
    signatures: list[Signature]


@cache
def source_digest() -> str:
    """Return the hash of every module that a signature depends on."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for path in sorted(package.rglob("*.py")):
            room = path.relative_to(package).parts[0]
            if room in _NOT_RUN or (room == "diagnosis" and path.name not in _OF_DIAGNOSIS):
                continue
            digest.update(path.relative_to(package.parent).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def default_folder() -> Path:
    """Return the default folder for kept signatures."""
    root = os.environ.get("XDG_CACHE_HOME") or Path(os.environ.get("HOME", "."), ".cache")
    return Path(root) / "meter-emu" / "signatures"


@final
class KeptSignatures:
    """The signatures of an incident's households, from disk or run now."""

    def __init__(self, folder: Path, households: Sequence[SampledHousehold]) -> None:
        self._households: Final = tuple(households)
        self._folder: Final = folder / source_digest()
        self._known: Final = [self._read(one) for one in self._households]
        self.runs = 0

    def of(self, place: int, hypothesis: Hypothesis) -> Signature:
        """Return the signature of a household; `complete` must have run it."""
        return self._known[place][hypothesis.key]

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
            known = self._known[place]
            units += batches(place, [one for one in hypotheses if one.key not in known])
        total, done = sum(len(unit.hypotheses) for unit in units), 0
        if not total:
            return
        engine = here_or_processes(1 if total <= _ALONE_MAX else jobs)
        last = units[0].place
        try:
            with closing(engine.results(Running(self._households), units)) as results:
                for unit, found in zip(units, results, strict=True):
                    if unit.place != last:
                        self._write(last)
                        last = unit.place
                    keys = (one.key for one in unit.hypotheses)
                    self._known[unit.place].update(zip(keys, found, strict=True))
                    done += len(found)
                    hear(done, total)
        finally:
            self.runs += done
            self._write(last)

    def _path(self, one: SampledHousehold) -> Path:
        story = (one.household, one.campaign.start_us, one.campaign.end_us, one.campaign.seed)
        return self._folder / hashlib.sha256(repr(story).encode()).hexdigest()[:32]

    def _read(self, one: SampledHousehold) -> dict[str, Signature]:
        try:
            held = msgspec.msgpack.decode(self._path(one).read_bytes(), type=_File)
            return {
                key: held.signatures[number]
                for key, number in zip(held.keys, held.which, strict=True)
            }
        except (OSError, ValueError, IndexError):
            return {}

    def _write(self, place: int) -> None:
        known = self._known[place]
        different = {signature: number for number, signature in enumerate(set(known.values()))}
        held = _File(list(known), [different[one] for one in known.values()], list(different))
        path = self._path(self._households[place])
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            if not self._folder.is_dir():
                self._folder.mkdir(parents=True)
                _forget_old(self._folder.parent)
            part.write_bytes(msgspec.msgpack.encode(held))
            part.replace(path)
        except OSError as error:
            raise OutputError(str(path), (error.strerror or str(error)).lower()) from error


def _forget_old(folder: Path) -> None:
    """Remove the signatures of all but the last versions of the source."""
    with suppress(OSError):
        versions = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in versions[_VERSIONS_KEPT:]:
            if path.is_dir() and _DIGEST.fullmatch(path.name):
                rmtree(path, ignore_errors=True)
