"""`fuzz(...)`: worker processes side by side, each with one target and its share of the time.

A corpus is a folder a target, in libFuzzer's layout, so it can be shared between machines and
merged by libFuzzer itself. What is found is made small and kept, one file each.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import IO, Final, final

from meter_emu.errors import OutputError
from meter_emu.fuzz.finds import FoundInput, find_of
from meter_emu.fuzz.target import Target
from meter_emu.fuzz.trying import CASE_S
from meter_emu.fuzz.worker import ENV_BUILD, ENV_SEED, ENV_TARGET, ENV_UNGUIDED, FOUND

_MEMORY_MB: Final = 2_048  # ours
_GRACE_S: Final = 60  # ours: for the import of everything, and for the last case
_LINE_MAX: Final = 10_000  # characters of one line of a worker
_TAIL_LINES: Final = 30  # of a worker that failed by itself
_STATUS: Final = re.compile(
    r"^#(?P<done>\d+)\s+\S+\s+(?:cov: (?P<cov>\d+) ft: \d+ )?"
    r"(?:corp: (?P<corpus>\d+)/\S+ )?.*?exec/s: (?P<rate>\d+)"
)
_GUIDED_NOT: Final = "without coverage"


@final
@dataclass(slots=True)
class Figures:
    """What became of one target: executions, the last rate, coverage in edges, inputs, a find."""

    target: Target
    time_s: int
    executions: int = 0
    rate: int = 0
    edges: int | None = None
    corpus: int = 0
    guided: bool = True
    found: FoundInput | None = None
    failed: str = ""
    tail: list[str] = field(default_factory=list)

    def hear(self, line: str) -> None:
        """Take what a line of the worker says."""
        self.tail = [*self.tail[-_TAIL_LINES:], line]
        if _GUIDED_NOT in line:
            self.guided = False
        said = _STATUS.match(line)
        if said is None:
            return
        self.executions = int(said["done"])
        self.rate = int(said["rate"])
        self.edges = int(said["cov"]) if said["cov"] else self.edges
        self.corpus = int(said["corpus"]) if said["corpus"] else self.corpus


HearFigures = Callable[[Figures, bool], None]


def fuzz(
    chosen: Sequence[Target],
    *,
    build: str,
    time_s: int,
    seed: int,
    jobs: int,
    corpus: Path,
    guided: bool = True,
    runs: int | None = None,
    hear: HearFigures = lambda _figures, _over: None,
) -> list[Figures]:
    """Fuzz each target for its share of `time_s` seconds of `jobs` processes; return the figures.

    `hear` is given the figures as they change, and whether the target is over; it is called from
    several threads, one at a time for a target. `runs` ends a target after so many executions.
    Raise `OutputError` for a corpus that cannot be written.
    """
    share_s = max(1, time_s * jobs // len(chosen)) if len(chosen) > jobs else time_s
    folders = {target.id: _folder(target, corpus) for target in chosen}
    figures = [Figures(target, share_s) for target in chosen]
    running = _Running()

    def work(one: Figures) -> None:
        options = {"runs": runs} if runs is not None else {}
        _work(one, build, seed, folders[one.target.id], running, hear, guided=guided, **options)

    with ThreadPoolExecutor(jobs) as pool:
        try:
            list(pool.map(work, figures))
        except BaseException:
            running.end_all()
            raise
    for one in figures:
        if one.found is not None:
            one.found = find_of(one.target, one.found.data, build)
    return figures


class _Running:
    """The processes there are: Ctrl-C ends them all, and no new one begins."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[str]] = []
        self.over = False

    def begin(self, process: subprocess.Popen[str]) -> None:
        self._processes.append(process)
        if self.over:
            process.kill()

    def end_all(self) -> None:
        self.over = True
        for process in self._processes:
            with suppress(OSError):
                process.kill()


def _folder(target: Target, corpus: Path) -> Path:
    """Return the target's corpus; a new one has its seeds."""
    folder = corpus / target.id
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for data in target.seeds():
            path = folder / sha1(data).hexdigest()  # noqa: S324 - libFuzzer's names
            if not path.exists():
                path.write_bytes(data)
    except OSError as error:
        raise OutputError(str(folder), (error.strerror or str(error)).lower()) from None
    return folder


def _work(
    one: Figures,
    build: str,
    seed: int,
    folder: Path,
    running: _Running,
    hear: HearFigures,
    *,
    guided: bool,
    runs: int = -1,
) -> None:
    if running.over:
        return
    with TemporaryDirectory(prefix="meter-emu-fuzz-") as scratch:
        command = [
            sys.executable, "-m", "meter_emu.fuzz.worker", f"-max_total_time={one.time_s}",
            f"-artifact_prefix={scratch}/", f"-timeout={CASE_S}", f"-rss_limit_mb={_MEMORY_MB}",
            f"-max_len={one.target.size_max}", f"-seed={seed}", f"-runs={runs}", str(folder),
        ]  # fmt: skip
        if one.target.words:
            words = Path(scratch) / "words.dict"
            words.write_text("".join(f'"{_escaped(word)}"\n' for word in one.target.words))
            command.append(f"-dict={words}")
        known = {ENV_TARGET: one.target.id, ENV_BUILD: build, ENV_SEED: str(seed)}
        unguided = {} if guided else {ENV_UNGUIDED: "1"}
        process = subprocess.Popen(  # noqa: S603 - our own worker
            command,
            env={**os.environ, **known, **unguided, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # the keyboard's interrupt is ours to pass on
        )
        running.begin(process)
        assert process.stderr is not None, "it was asked for"
        ending = Timer(one.time_s + _GRACE_S, process.kill)
        ending.start()
        try:
            with process.stderr as said:
                for line in _lines(said):
                    one.hear(line)
                    hear(one, False)
            status = process.wait()
        finally:
            ending.cancel()
        _see(one, build, status, Path(scratch), over=running.over)
    hear(one, True)


def _see(one: Figures, build: str, status: int, scratch: Path, *, over: bool) -> None:
    """Note what a worker that has ended left: a find, or that it failed by itself."""
    for path in sorted(scratch.glob("*-*")):
        if path.name.startswith(("crash-", "timeout-", "oom-", "leak-")):
            data = path.read_bytes()
            why = path.name.partition("-")[0]
            one.found = FoundInput(target=one.target.id, build=build, input=data.hex(), why=why)
            return
    if status not in {0, FOUND} and not over:
        how = f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
        last = next((line for line in reversed(one.tail) if line.strip()), "nothing said")
        one.failed = f"the worker ended with {how}: {last}"


def _lines(stream: IO[str]) -> Iterator[str]:
    while line := stream.readline(_LINE_MAX):
        yield line.rstrip("\n")


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)
