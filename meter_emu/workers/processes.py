"""Processes of this machine that do the work, the default engine.

A worker gets the work once and then a unit at a time. What is done early waits for its turn in a
buffer of a few units a worker, and nobody begins a new unit while the buffer is full, so memory
does not grow with the number of units.

A worker ends with its leader. An interrupt from the keyboard is blocked in it: the leader decides.
One that ends by itself is not replaced, unless somebody watches it: a machine that kills processes
is to be looked at.
"""

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import current_process, get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import RawArray
from typing import Any, Final, final

from meter_emu.errors import WorkerError
from meter_emu.workers.leash import ENDS, end_with, interrupts_wait
from meter_emu.workers.work import (
    LEAD_PER_WORKER,
    Again,
    Reply,
    ResultT,
    Task,
    UnitT,
    Watching,
    lost_worker,
)

_LOOK_S: Final = 0.5  # ours: how often somebody looks whether a worker has hung


@final
class Processes:
    """So many workers at most, `None` is one a processor; `fresh` has a new one for each unit."""

    def __init__(self, jobs: int | None, *, fresh: bool = False) -> None:
        self._jobs: Final = jobs or os.cpu_count() or 1
        self._fresh: Final = fresh

    def results(
        self, work: Task[UnitT, ResultT], units: Iterable[UnitT]
    ) -> Generator[ResultT, None, None]:
        """See `Engine`."""
        with self.standing(work) as results:
            yield from results(units)

    @contextmanager
    def standing(
        self, work: Task[UnitT, ResultT]
    ) -> Iterator[Callable[[Iterable[UnitT]], Generator[ResultT, None, None]]]:
        """Lend `results` to be called again and again, one after the other, of the same workers."""
        with ExitStack() as stack:
            team = _Team(work, stack, self._jobs, fresh=self._fresh)
            yield team.results


@dataclass(slots=True, eq=False)
class _Worker:
    """A process and what it is at."""

    process: BaseProcess
    pipe: Connection
    memory: memoryview | None
    turn: int = 0
    watching: Watching[Any, Any] | None = None
    hung: bool = False


class _Team:
    """Starts workers when there is something for them; they end with `stack`."""

    def __init__(self, work: Task[Any, Any], stack: ExitStack, jobs: int, *, fresh: bool) -> None:
        if current_process().daemon:
            why = "this worker is daemonic and may start no process"
            raise WorkerError(f"{why}: set distributed.worker.daemon to false where it starts")
        self._work: Final = work
        self._stack: Final = stack
        self._jobs: Final = jobs
        self._fresh: Final = fresh
        self._idle: Final[list[_Worker]] = []
        self._busy: Final[dict[Connection, _Worker]] = {}

    @property
    def free(self) -> bool:
        """Whether somebody can begin something."""
        return len(self._busy) < self._jobs

    def results(self, units: Iterable[UnitT]) -> Generator[ResultT, None, None]:
        """Yield the result of each unit, in their order."""
        while self._busy:  # with what nobody waits for any more
            self.answers()
        waiting = iter(units)
        done: dict[int, Reply[ResultT]] = {}
        begun, last = 0, None
        turn = 0
        while turn != last:
            while last is None and self.free and begun < turn + LEAD_PER_WORKER * self._jobs:
                try:
                    unit = next(waiting)
                except StopIteration:
                    last = begun
                    break
                self.give(begun, unit)
                begun += 1
            if turn in done:
                yield done.pop(turn).value
                turn += 1
            elif turn != last:
                done |= self.answers()

    def give(self, turn: int, unit: Any) -> None:  # noqa: ANN401  it is the work's
        """Give a free worker a unit."""
        worker = self._idle.pop() if self._idle else self._start()
        worker.turn = turn
        worker.watching = self._work.watching(unit, worker.memory)
        try:
            worker.pipe.send(unit)
        except OSError:
            if worker.watching is None:
                raise lost_worker(
                    _how(worker)
                ) from None  # a watched one is found out when it is waited for
        self._busy[worker.pipe] = worker

    def answers(self) -> dict[int, Reply[Any]]:
        """Wait for workers that answer, or never will; return the answers by their turn."""
        watched = any(worker.watching is not None for worker in self._busy.values())
        ready = wait(list(self._busy), _LOOK_S if watched else None)
        for worker in self._busy.values():
            if worker.pipe not in ready and worker.watching is not None:
                worker.hung = worker.watching.is_hung()
                if worker.hung:
                    worker.process.kill()
                    ready.append(worker.pipe)
        found: dict[int, Reply[Any]] = {}
        for pipe in [one for one in self._busy if one in ready]:
            worker = self._busy.pop(pipe)
            answer = self._answer(worker)
            if answer is not None:
                found[worker.turn] = answer
        return found

    def _answer(self, worker: _Worker) -> Reply[Any] | None:
        """Return what a worker answers; `None` where another goes on in its place."""
        try:
            answer: Reply[Any] = worker.pipe.recv()
        except (EOFError, OSError):
            if worker.watching is None:
                raise lost_worker(_how(worker)) from None
            instead = worker.watching.lost(_how(worker), hung=worker.hung)
            if not isinstance(instead, Again):
                return Reply(instead)
            self.give(worker.turn, instead.unit)
            return None
        if self._fresh:
            worker.pipe.close()
            worker.process.join()
        else:
            self._idle.append(worker)
        return answer

    def _start(self) -> _Worker:
        context = get_context("spawn")
        here, there = context.Pipe()
        self._stack.callback(here.close)
        with there:
            size = self._work.memory_size
            shared = RawArray("B", size) if size else None
            process = context.Process(target=_serve, args=(there, self._work, shared), daemon=True)
            resource_tracker.ensure_running()  # it would lift the block while it starts
            with interrupts_wait(*ENDS):
                process.start()
                self._stack.callback(_end, process)
        return _Worker(process, here, _view(shared))


def _end(process: BaseProcess) -> None:
    """End a worker, in the middle of a unit if need be: it holds nothing that could break."""
    process.kill()
    process.join()
    process.close()


def _how(worker: _Worker) -> str:
    worker.process.join()
    status = worker.process.exitcode
    assert status is not None, "a process that was joined has a status"
    return f"by signal {-status}" if status < 0 else f"with status {status}"


def _view(shared: object) -> memoryview | None:
    return None if shared is None else memoryview(shared).cast("B")  # type: ignore[arg-type]


def _serve(pipe: Connection, work: Task[Any, Any], shared: object) -> None:
    """Do the units that come through `pipe` until it closes."""
    leader = parent_process()
    assert leader is not None, "a worker was started by somebody"
    end_with(leader.sentinel)
    memory = _view(shared)
    try:
        while True:
            unit = pipe.recv()
            pipe.send(Reply.of(work, unit, memory))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # anyone who wanted the work has gone
