"""Jobs in processes of their own, each with its bounds: none can take another down.

One that hangs at work is ended by its processor time, whatever else the machine has to do; the
deadline is for one that waits for what never comes.
"""

import os
import resource
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from math import ceil
from time import monotonic, process_time
from traceback import format_exc
from typing import Any, Final, NamedTuple

from meter_emu.workers.processes import Processes
from meter_emu.workers.work import Task

CRASHED: Final = "crashed"
HUNG: Final = "hung"
DEADLINE_S: Final = 3_600  # ours: behind everybody a job has had a hundredth of a processor


class Done(NamedTuple):
    """A job: what it returned, or the word for what became of it.

    `took_s` is its processor time; of one that did not return, how long it was waited for.
    """

    item: str
    result: Any
    failed: str | None
    took_s: float


class _Deadline:
    """Ends a job that takes too long, and says what became of one that was lost."""

    def __init__(self, item: str, deadline_s: float, begun: memoryview) -> None:
        self._item, self._deadline_s, self._began_s = item, deadline_s, monotonic()
        self._begun = begun
        begun[0] = False

    def is_hung(self) -> bool:
        if not self._begun[0]:  # how long a process takes to start is not the job's
            self._began_s = monotonic()
        return monotonic() - self._began_s > self._deadline_s

    def lost(self, how: str, *, hung: bool) -> Done:
        ended = how == f"by signal {signal.SIGXCPU:d}"
        failed = HUNG if hung or ended else CRASHED
        return Done(self._item, None, failed, monotonic() - self._began_s)


class _Jobs(Task[str, Done]):
    """Does the job of each item."""

    def __init__(self, job: Callable[[str], Any], processor_s: float, deadline_s: float) -> None:
        self._job, self._processor_s, self._deadline_s = job, processor_s, deadline_s

    memory_size = 1

    def run(self, unit: str, memory: memoryview | None = None) -> Done:
        assert memory is not None, "it always runs in a worker"
        memory[0] = True
        os.nice(5)
        _bound(self._processor_s)
        try:
            return Done(unit, self._job(unit), None, process_time())
        except Exception:  # noqa: BLE001  a mistake of ours: the leader says so
            return Done(unit, None, format_exc(), process_time())

    def watching(self, unit: str, memory: memoryview | None) -> _Deadline:
        assert memory is not None, "it always runs in a worker"
        return _Deadline(unit, self._deadline_s, memory)


def _bound(processor_s: float) -> None:
    """End this process, and any that it starts, by SIGXCPU after so much more processor time."""
    for kind, most in (
        (resource.RLIMIT_CPU, ceil(process_time() + processor_s)),
        (resource.RLIMIT_CORE, 0),  # that signal leaves one
    ):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (most, hard))


def in_children(
    job: Callable[[str], Any],
    items: Sequence[str],
    *,
    jobs: int,
    processor_s: float,
    deadline_s: float = DEADLINE_S,
) -> Iterator[Done]:
    """Yield each job in order; raise `AssertionError` with the trace of one that raises.

    `job` is a function of a module, so that a child can import it. It is ended after `processor_s`
    of processor time, or `deadline_s` by the clock.
    """
    engine, work = Processes(jobs, fresh=True), _Jobs(job, processor_s, deadline_s)
    with closing(engine.results(work, items)) as results:
        for done in results:
            assert done.failed in {None, CRASHED, HUNG}, f"{done.item}: {done.failed}"
            yield done
