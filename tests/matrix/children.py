"""Jobs in child processes, so many at a time, each with a deadline: none can take another down."""

import os
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from time import monotonic, process_time
from traceback import format_exc
from typing import Any, Final, NamedTuple

CRASHED: Final = "crashed"
HUNG: Final = "hung"


class Done(NamedTuple):
    """A job: what it returned, or the word for what became of it.

    `took_s` is its processor time; of one that did not return, how long it was waited for.
    """

    item: str
    result: Any
    failed: str | None
    took_s: float


class _Child(NamedTuple):
    item: str
    process: BaseProcess
    began_s: float


def in_children(
    job: Callable[[str], Any], items: Sequence[str], *, jobs: int, deadline_s: float
) -> Iterator[Done]:
    """Yield each job as it ends; raise `RuntimeError` with the trace of one that raises.

    `job` is a function of a module, so that a child can import it.
    """
    left = list(items)
    open_: dict[Connection, _Child] = {}
    try:
        while left or open_:
            while left and len(open_) < jobs:
                pipe, child = _start(job, left.pop(0))
                open_[pipe] = child
            soonest_s = min(child.began_s for child in open_.values()) + deadline_s
            ready = wait(list(open_), max(0.0, soonest_s - monotonic()))
            for pipe in [one for one in open_ if one in ready]:
                yield _ended(pipe, open_.pop(pipe))
            for pipe, child in list(open_.items()):
                if monotonic() - child.began_s > deadline_s:
                    del open_[pipe]
                    child.process.kill()
                    pipe.close()
                    yield Done(child.item, None, HUNG, monotonic() - child.began_s)
    finally:
        for child in open_.values():
            child.process.kill()


def _start(job: Callable[[str], Any], item: str) -> tuple[Connection, _Child]:
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there, job, item), daemon=True)
    process.start()
    there.close()
    here.recv()  # it has begun: what becomes of it from now on is the job's
    return here, _Child(item, process, monotonic())


def _ended(pipe: Connection, child: _Child) -> Done:
    try:
        result, trace, took_s = pipe.recv()
        if trace is not None:
            raise RuntimeError(f"{child.item}: {trace}")
        return Done(child.item, result, None, took_s)
    except EOFError:
        return Done(child.item, None, CRASHED, monotonic() - child.began_s)
    finally:
        child.process.join()
        pipe.close()


def _work(pipe: Connection, job: Callable[[str], Any], item: str) -> None:
    os.nice(5)
    pipe.send("begun")
    try:
        result, trace = job(item), None
    except Exception:  # noqa: BLE001  a mistake of ours: the parent says so
        result, trace = None, format_exc()
    pipe.send((result, trace, process_time()))
