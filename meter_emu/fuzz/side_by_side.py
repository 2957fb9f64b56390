"""`SideBySide(...)`: worker processes side by side, each with one target and its share of the time.

A corpus is a folder a target, in libFuzzer's layout, so it can be shared between machines and
merged by libFuzzer itself. Whatever ends the work early, the workers finish the input they are at,
so that corpus and figures are whole. `WorkerProcess` is one of them, seen from outside.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, SIGUSR1
from tempfile import TemporaryDirectory
from threading import Event, Lock, Timer
from typing import Final, NamedTuple, final

import msgspec

from meter_emu.fuzz.corpus import dictionary
from meter_emu.fuzz.finds import FoundInput, find_of
from meter_emu.fuzz.reach import ReachCounts
from meter_emu.fuzz.target import CASE_S, Target
from meter_emu.fuzz.targets import place_of
from meter_emu.fuzz.watched import ENV_RUN, RunPlan, WorkerReport
from meter_emu.fuzz.worker import (
    BEGINS,
    ENV_BUILD,
    ENV_LEASH,
    ENV_SEED,
    ENV_TARGET,
    ENV_UNGUIDED,
    FOUND,
    UNGUIDED,
)
from meter_emu.last_words import signal_name
from meter_emu.resources import read_file

_LINE_MAX: Final = 10_000  # characters of one line of a worker
_LOOK_S: Final = 0.01


class WorkerEnd(NamedTuple):
    """How a worker ended: its status, negative for a signal, and the processor time it used."""

    status: int
    cpu_s: float


@final
class WorkerProcess:
    """One worker. `lines` is read by one thread to its end, then `wait`; any may end it."""

    def __init__(self, options: Sequence[str], known: Mapping[str, str]) -> None:
        path = os.pathsep.join(sys.path)
        theirs, self._leash = os.pipe()  # it closes when we are gone, and they end
        try:
            self._process: Final = subprocess.Popen(  # noqa: S603 - our own worker
                [sys.executable, "-m", "meter_emu.fuzz.worker", *options],
                env={**os.environ, **known, "PYTHONPATH": path, ENV_LEASH: str(theirs)},
                pass_fds=(theirs,),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,  # the keyboard's interrupt is ours to pass on
            )
        except BaseException:
            os.close(self._leash)
            raise
        finally:
            os.close(theirs)
        self._lock: Final = Lock()
        self._over = False
        self._killing: Timer | None = None

    def lines(self) -> Iterator[str]:
        """Yield what it says until nobody is left to say more."""
        assert self._process.stderr is not None, "it was asked for"
        with self._process.stderr as said:
            while line := said.readline(_LINE_MAX):
                yield line.rstrip("\n")

    def ask_to_end(self, grace_s: float) -> None:
        """Have it end after the input it is at; kill it when it has not after `grace_s`."""
        self._send(SIGUSR1)
        with self._lock:
            if not self._over:
                self._killing = Timer(grace_s, self.kill)
                self._killing.daemon = True
                self._killing.start()

    def kill(self) -> None:
        """End it now."""
        self._send(SIGKILL)

    def wait(self) -> WorkerEnd:
        """Return how it ended, when it has."""
        while True:
            with self._lock:  # its number is its own until it was waited for, and no longer
                done, status, used = os.wait4(self._process.pid, os.WNOHANG)
                if done:
                    self._over = True
                    if self._killing is not None:
                        self._killing.cancel()
                    os.close(self._leash)
                    self._process.returncode = os.waitstatus_to_exitcode(status)
                    return WorkerEnd(self._process.returncode, used.ru_utime + used.ru_stime)
            time.sleep(_LOOK_S)

    def _send(self, number: int) -> None:
        with self._lock, suppress(ProcessLookupError):
            if not self._over:
                os.kill(self._process.pid, number)


MEMORY_MB: Final = 2_048  # ours
_TRIED_MIN: Final = 100  # ours: inputs, and each of the corpus, before a mark is missed


def length_control(target: Target) -> str:
    """Return libFuzzer's option for how slowly inputs grow: at once where choices are drawn."""
    return f"-len_control={0 if target.drawn else 100}"


_OVER: Final = 0.05  # ours: of the whole time, for the last case and for making finds small
_BEGUN_AGAIN_MAX: Final = 20  # ours: of a target whose worker runs out of time or memory
_TAIL_LINES: Final = 30  # of a worker that failed by itself
_TICK_S: Final = 1.0
_STATUS: Final = re.compile(
    r"^#(?P<done>\d+)\s+\S+\s+(?:cov: (?P<cov>\d+) ft: \d+ )?"
    r"(?:corp: (?P<corpus>\d+)/\S+ )?.*?exec/s: (?P<rate>\d+)"
)
_LAST: Final = re.compile(r"^stat::number_of_executed_units: (?P<done>\d+)")
_BEGINS: Final = re.compile(rf"^{re.escape(BEGINS)} (?P<used>[\d.]+) s")


@final
@dataclass(slots=True)
class Figures:
    """What became of one target: executions, processor time, coverage in edges, inputs, finds.

    `cpu_s` is without the import of everything, and 0 until the target is over. `again` is how
    often a find was met that was known.
    """

    target: Target
    time_s: float = 0.0
    begun: bool = False
    over: bool = False
    executions: int = 0
    rate: int = 0
    cpu_s: float = 0.0
    edges: int | None = None
    corpus: int = 0
    guided: bool = True
    found: dict[str, FoundInput] = field(default_factory=dict)  # by the frame
    again: int = 0
    reach: ReachCounts = field(default_factory=ReachCounts)
    failed: str = ""
    tail: list[str] = field(default_factory=list)
    _imports_s: float = 0.0
    _before: int = 0  # executions of workers that ended early

    def hear(self, line: str) -> None:
        """Take what a line of the worker says."""
        self.tail = [*self.tail[-_TAIL_LINES:], line]
        if line.startswith(UNGUIDED):
            self.guided = False
        elif last := _LAST.match(line):
            self.executions = self._before + int(last["done"])
        elif begins := _BEGINS.match(line):
            self._imports_s += float(begins["used"])
            self._before = self.executions
        elif said := _STATUS.match(line):
            self.executions = self._before + int(said["done"])
            self.rate = int(said["rate"])
            self.edges = int(said["cov"]) if said["cov"] else self.edges
            self.corpus = int(said["corpus"]) if said["corpus"] else self.corpus

    def add(self, report: WorkerReport) -> None:
        """Take what a worker reached, besides what others did before it."""
        self.again += report.again
        self.reach.add(report.met, report.held, report.idle)

    def end(self, cpu_s: float) -> None:
        """Take the processor time of the workers, which are over."""
        self.cpu_s = max(0.0, cpu_s - self._imports_s)
        self.over = True

    @property
    def missing(self) -> list[str]:
        """What it was to reach and did not, and oracles that held of nothing that had changed."""
        return self.reach.missing(self.target.reaches)

    @property
    def reached(self) -> int:
        """How many of the declared marks were met."""
        return sum(mark in self.reach.met for mark in self.target.reaches)

    @property
    def held_least(self) -> int:
        """How often the oracle held of a change that did so least often."""
        return min(self.oracles.values(), default=0)

    @property
    def oracles(self) -> dict[str, int]:
        """How often each oracle held for a change, 0 for one that was checked for none."""
        reach = self.reach
        return {what: reach.held.get(what, 0) for what in sorted({*reach.held, *reach.idle})}

    @property
    def per_cpu_s(self) -> int:
        """Executions in a second of the processor."""
        return round(self.executions / self.cpu_s) if self.cpu_s else 0


@final
class SideBySide:
    """Each target fuzzed for its share of what is left of `time_s` seconds of `jobs` processes.

    It is over within a tenth more than that, counted from `began_s`, by `monotonic`. The corpus has
    a folder a target. `runs` ends a target after so many executions, -1 never. `known` are finds
    that do not stop their target; with `keep_going` none does. `figures` are there at any time.
    `seeded` says that each corpus has the seeds, and that the program is the one that they suit.
    """

    def __init__(
        self,
        chosen: Sequence[Target],
        *,
        build: str,
        time_s: int,
        seed: int,
        jobs: int,
        corpus: Path,
        guided: bool = True,
        runs: int = -1,
        began_s: float | None = None,
        known: Sequence[FoundInput] = (),
        keep_going: bool = False,
        seeded: bool = False,
    ) -> None:
        self._seeded: Final = seeded
        self.figures: Final = [Figures(target) for target in chosen]
        self._known: Final = known
        self._keep_going: Final = keep_going
        self._time_s: Final = time_s
        self._ends_s: Final = time_s + (time.monotonic() if began_s is None else began_s)
        self._waiting = len(chosen)
        self._build: Final = build
        self._seed: Final = seed
        self._jobs: Final = jobs
        self._corpus: Final = corpus
        self._guided: Final = guided
        self._runs: Final = runs
        self._workers: Final[list[WorkerProcess]] = []
        self._ending: Final = Event()

    def run(self, tick: Callable[[], None] = lambda: None) -> None:
        """Fuzz them all; `tick` is called about once a second.

        What interrupts it, in `tick` too, comes out of it when the workers have ended.
        """
        with ThreadPoolExecutor(self._jobs) as pool:
            left = {pool.submit(self._work, one) for one in self.figures}
            try:
                while left:
                    done, left = wait(left, timeout=_TICK_S)
                    for future in done:
                        future.result()
                    tick()
            except BaseException:
                self._end(lambda worker: worker.ask_to_end(CASE_S))
                try:
                    wait(left)
                except BaseException:  # a second time: now
                    self._end(WorkerProcess.kill)
                    raise
                raise
        until_s = self._ends_s + self._time_s * _OVER
        for one in self.figures:
            for at, found in list(one.found.items()):
                small = find_of(one.target, found.data, self._build, until_s=until_s)
                one.found[at] = small if small.at else found

    def _end(self, how: Callable[[WorkerProcess], None]) -> None:
        self._ending.set()
        for worker in self._workers:
            how(worker)

    def _work(self, one: Figures) -> None:
        if self._ending.is_set():
            return
        one.begun, now_s = True, time.monotonic()
        turns = -(-self._waiting // self._jobs)
        self._waiting -= 1
        one.time_s = max(0.0, self._ends_s - now_s) / turns
        until_s, cpu_s = now_s + one.time_s, 0.0
        for _ in range(_BEGUN_AGAIN_MAX):
            with TemporaryDirectory(prefix="meter-emu-fuzz-") as scratch:
                ended = self._once(one, Path(scratch), until_s)
                cpu_s += ended.cpu_s
                early = self._see(one, ended, Path(scratch))
            if not early or self._ending.is_set() or time.monotonic() > until_s:
                break
        one.end(cpu_s)
        one.failed = one.failed or self._unreached(one)

    def _unreached(self, one: Figures) -> str:
        """Return in words which marks of the seeds were missed: a program refuses what is right."""
        begun = sum(1 for _ in (self._corpus / one.target.id).iterdir())
        tried = one.executions >= max(_TRIED_MIN, 2 * begun)
        marks = [mark for mark in one.target.reaches if mark not in one.reach.met]
        if one.found or not (self._seeded and tried and marks):
            return ""
        return f"what its seeds reach was not reached: {'; '.join(marks)}"

    def _once(self, one: Figures, scratch: Path, until_s: float) -> WorkerEnd:
        """Run one worker to its end."""
        known = (find.at for find in self._known if find.target == one.target.id)
        plan = RunPlan(
            until_s=until_s,
            folder=str(scratch),
            known=(*known, *one.found),
            keep_going=self._keep_going,
        )
        environment = {
            ENV_TARGET: place_of(one.target),
            ENV_BUILD: self._build,
            ENV_SEED: str(self._seed),
            ENV_RUN: msgspec.json.encode(plan).decode(),
            "TMPDIR": str(scratch),
        }
        environment |= {} if self._guided else {ENV_UNGUIDED: "1"}
        worker = WorkerProcess(self._options(one, scratch), environment)
        self._workers.append(worker)
        if self._ending.is_set():  # since we looked
            worker.kill()
        late_s = self._ends_s + self._time_s * _OVER
        ending = Timer(max(0.0, late_s - time.monotonic()), worker.kill)
        ending.start()
        try:
            for line in worker.lines():
                one.hear(line)
            return worker.wait()
        finally:
            ending.cancel()

    def _options(self, one: Figures, scratch: Path) -> list[str]:
        words = scratch / "words.dict"
        words.write_text(dictionary(one.target))
        return [
            f"-artifact_prefix={scratch}/", f"-timeout={CASE_S}", f"-rss_limit_mb={MEMORY_MB}",
            f"-max_len={one.target.size_max}", length_control(one.target), f"-seed={self._seed}",
            f"-runs={self._runs}",
            "-print_final_stats=1", f"-dict={words}", str(self._corpus / one.target.id),
        ]  # fmt: skip

    def _see(self, one: Figures, ended: WorkerEnd, scratch: Path) -> bool:
        """Note what a worker left: reach, finds, or that it failed; whether to begin it again."""
        with suppress(OSError):
            one.add(msgspec.json.decode((scratch / "report.json").read_bytes(), type=WorkerReport))
        new = [
            msgspec.json.decode(path.read_bytes(), type=FoundInput)
            for path in sorted(scratch.glob("find-*.json"))
        ]
        for found in new:
            one.found.setdefault(found.at, found)
        lost = self._without_frame(one, scratch) if not new or self._keep_going else False
        killed = ended.status == -signal.SIGKILL and time.monotonic() > self._ends_s
        known = {0, FOUND} if new or lost else {0}
        if not (ended.status in known or lost or killed or self._ending.is_set()):
            status = ended.status
            how = signal_name(-status) if status < 0 else f"status {status}"
            last = next((line for line in reversed(one.tail) if line.strip()), "nothing said")
            one.failed = f"the worker ended with {how}: {last}"
        return lost and self._keep_going

    def _without_frame(self, one: Figures, scratch: Path) -> bool:
        """Note an input for which a worker ran out of time or memory; return whether it did."""
        for path in sorted(scratch.glob("*-*")):
            kind = path.name.partition("-")[0]
            if kind in {"crash", "timeout", "oom", "leak"}:
                why = f"{kind}: it was not tried again, fuzz minimize does"
                one.found.setdefault(
                    "",
                    FoundInput(
                        target=one.target.id,
                        build=self._build,
                        input=read_file(path).hex(),
                        why=why,
                    ),
                )
                return True
        return False
