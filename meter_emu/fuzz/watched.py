"""A target's function as a run has it: finds are kept by their frame, and reach is reported.

A run tells its worker what it is to do in one variable of the environment; a process without it
raises what it finds and reports nothing.
"""

import os
from collections.abc import Callable
from math import inf
from pathlib import Path
from signal import SIGUSR1
from statistics import median
from time import monotonic, perf_counter, process_time
from typing import Final, final

import msgspec

from meter_emu.fuzz.finds import FoundInput, failure_of
from meter_emu.fuzz.reach import REACH, OracleError
from meter_emu.fuzz.target import Target

ENV_RUN: Final = "METER_EMU_FUZZ_RUN"
_REPORT_S: Final = 1.0
SLOWER: Final = 30  # ours: so many times the median of a target is a find
# Ours: and so many times the slowest of the first: a meter in doubt looks each minute, for days.
_SLOWEST: Final = 5
_SLOW_S: Final = (
    1.0  # ours: and at least so long: a day in which a meter polls takes a quarter of it
)
_MEDIAN_FROM, _MEDIAN_OF = 10, 200  # ours: inputs, of which the first are seeds and right
_IN_TIME: Final = f"an input takes no more than {SLOWER} times its target's median"
_LOOK_S: Final = 0.01
_LOOK_INPUTS_MAX: Final = 1 << 12  # of an empty function not a hundredth of a second


@final
class RunPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is to do: until when by `monotonic`, where to leave what it finds.

    `known` are the frames of finds that are there already; with `keep_going` it goes on after one.
    """

    until_s: float
    folder: str
    known: tuple[str, ...] = ()
    keep_going: bool = False


@final
class WorkerReport(msgspec.Struct, kw_only=True):
    """What a worker has to say besides libFuzzer's lines: reach, and how often finds were met."""

    met: dict[str, int] = {}
    held: dict[str, int] = {}
    idle: dict[str, int] = {}
    again: int = 0


def plan_of_environment() -> RunPlan | None:
    """Return what this process is to do, `None` where no run has begun it."""
    text = os.environ.get(ENV_RUN)
    return None if text is None else msgspec.json.decode(text, type=RunPlan)


@final
class Watched:
    """`target.check` on a build. When the time is over it has the fuzzer end, and tries no more.

    It looks at the clock about a hundred times a second, so that a parser is not slowed down; for
    the same reason what the fuzzer calls is a function (`trying`) and not this object.
    """

    def __init__(self, target: Target, build: str, plan: RunPlan | None) -> None:
        self._target: Final = target
        self._build: Final = build
        self._plan: Final = plan
        self._known: Final = set() if plan is None else set(plan.known)
        self._over = False
        self._again = 0
        self._every = 1  # inputs between two looks
        self._looked_s = self._said_s = monotonic()
        self._seen = 0
        self._took_s: Final[list[float]] = []
        self._slow_s = inf

    def trying(self) -> Callable[[bytes], None]:
        """Return what tries an input, and raises what does not hold unless the run goes on then."""
        check, build, left = self._target.check, self._build, 1

        def tried(data: bytes) -> None:
            nonlocal left
            sampled = len(self._took_s) < _MEDIAN_OF
            began_s, used_s = perf_counter(), process_time() if sampled else 0.0
            try:
                check(data, build)
                if perf_counter() - began_s > self._slow_s:
                    self._time(data)
            except Exception as error:  # noqa: BLE001  whatever it is, it is a find
                self._hear(data, error)
            if sampled:
                self._sample(process_time() - used_s)
            left -= 1
            if not left:
                left = self._look()

        return tried

    def _sample(self, took_s: float) -> None:
        """Take what an input took of the processor; from some on there is a median, and a bound."""
        self._took_s.append(took_s)
        if len(self._took_s) >= _MEDIAN_FROM:
            usual_s = max(SLOWER * median(self._took_s), _SLOWEST * max(self._took_s))
            self._slow_s = max(_SLOW_S, usual_s)

    def _time(self, data: bytes) -> None:
        """Try again an input that took long: on a busy machine any does, now and then."""
        began_s = process_time()
        self._target.check(data, self._build)
        took_s = process_time() - began_s
        if took_s > self._slow_s:
            raise OracleError(_IN_TIME, f"{took_s:.2f} s of the processor")

    def _hear(self, data: bytes, error: Exception) -> None:
        """Raise what did not hold, where the run is over with it."""
        if self._over:  # the fuzzer was asked to end, and what it tries meanwhile is not kept
            return
        if self._plan is None or self._found(self._plan, data, error):
            self.report()
            raise error

    def _look(self) -> int:
        """Report once a second and when something new was reached; end when the time is over.

        Return the number of inputs up to the next look.
        """
        plan = self._plan
        if plan is None:
            return _LOOK_INPUTS_MAX
        now_s = monotonic()
        took_s, self._looked_s = now_s - self._looked_s, now_s
        faster = 2 * self._every if took_s < _LOOK_S else self._every // 2
        self._every = min(max(1, faster), _LOOK_INPUTS_MAX)
        self._over = now_s > plan.until_s
        if self._over or now_s - self._said_s > _REPORT_S or self._size() != self._seen:
            self._said_s = now_s
            self.report()
        if self._over:
            os.kill(os.getpid(), SIGUSR1)
        return self._every

    def _found(self, plan: RunPlan, data: bytes, error: Exception) -> bool:
        """Keep a find that is new; return whether the run is over with it."""
        failed = failure_of(error)
        if failed.at in self._known:
            self._again += 1
            return False
        self._known.add(failed.at)
        found = FoundInput(
            target=self._target.id,
            build=self._build,
            input=data.hex(),
            why=failed.why,
            at=failed.at,
        )
        _write(Path(plan.folder) / f"find-{len(self._known)}.json", msgspec.json.encode(found))
        return not plan.keep_going

    def report(self) -> None:
        """Write down what was reached."""
        if self._plan is None:
            return
        self._seen = self._size()
        said = WorkerReport(
            met=dict(REACH.met), held=dict(REACH.held), idle=dict(REACH.idle), again=self._again
        )
        _write(Path(self._plan.folder) / "report.json", msgspec.json.encode(said))

    @staticmethod
    def _size() -> int:
        return len(REACH.met) + len(REACH.held) + len(REACH.idle)


def _write(path: Path, data: bytes) -> None:
    """Write a whole file, so that one that is read while the worker ends is never half."""
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.replace(path)
