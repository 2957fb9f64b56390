"""Runs the households of a campaign over several processes, in their order and in flat memory.

A worker gets the campaign once, as entries and counts, and then ranges of places in it: it makes
its own households, so neither keys nor meters travel. What comes back waits for its turn in a
buffer of a few batches, and a worker gets no new batch while the buffer is full, so memory does
not grow with the number of meters. Everything random in a household comes from the campaign's seed
and the household's name; hence any number of processes gives the same results.

Workers know the process that started them by the pipe between them: when it is gone, however it
went, they end. An interrupt from the keyboard is blocked in them: whoever started them decides.
"""

import signal
from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Final, NamedTuple, TypeAlias

from card_protocol.errors import CardProtocolError
from meter_emu.errors import MeterEmuError, WorkerError
from meter_emu.world.meter.compose import ListenerOf
from meter_emu.world.meter.events import Event
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.engine import run_meter
from meter_emu.world.rehearsal.household import Household
from meter_emu.world.rehearsal.outcome import Outcome
from meter_emu.world.rehearsal.verdict import judge

BATCH: Final = 16  # ours: households a worker takes at once; a fraction of a second of work
ALONE_MAX: Final = 64  # ours: up to here starting workers costs more than they save
AHEAD_PER_JOB: Final = 4  # ours: batches begun before the oldest is done; evens out slow homes


class Run(NamedTuple):
    """One household's rehearsal; `events` is empty unless they were asked for."""

    household: Household
    outcome: Outcome
    events: list[Event]


_Result: TypeAlias = tuple[Outcome, list[Event]]
_Batch: TypeAlias = tuple[list[_Result], str | None]  # the households done, and the mistake after


@dataclass(frozen=True, slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection


def rehearse_all(
    campaign: Campaign, *, jobs: int, events: bool, witness_of: ListenerOf | None = None
) -> Generator[Run, None, None]:
    """Yield every household's run in the campaign's order, from at most `jobs` processes.

    A witness is told of what people do; there is one only for a campaign of one household.
    Raise what `run_meter` raises, after the runs before it, and `WorkerError` when a process
    ended before its work. Closing the iterator ends the processes.
    """
    assert witness_of is None or len(campaign.households) == 1, "one witness, one meter"
    if jobs == 1 or len(campaign.households) <= ALONE_MAX:
        for household in campaign.households:
            yield Run(household, *_rehearse(household, campaign, witness_of, events=events))
        return
    households = iter(campaign.households)
    with closing(_batches(campaign, jobs=jobs, events=events)) as batches:
        for results, mistake in batches:
            for result in results:
                yield Run(next(households), *result)
            if mistake is not None:
                raise MeterEmuError(mistake)


def _rehearse(
    household: Household, campaign: Campaign, witness_of: ListenerOf | None = None, *, events: bool
) -> _Result:
    seen = run_meter(household, campaign, witness_of)
    return judge(household, campaign, seen), seen if events else []


def _batches(campaign: Campaign, *, jobs: int, events: bool) -> Generator[_Batch, None, None]:
    """Yield the results of all batches in order, whichever worker had which."""
    count = len(campaign.households)
    batch_count = -(-count // BATCH)
    with ExitStack() as stack:
        idle = [_start(campaign, events, stack) for _ in range(min(jobs, batch_count))]
        busy: dict[Connection, tuple[_Worker, int]] = {}
        done: dict[int, _Batch] = {}
        begun = 0
        for turn in range(batch_count):
            while turn not in done:
                while idle and begun < min(batch_count, turn + AHEAD_PER_JOB * jobs):
                    worker = idle.pop()
                    _send(worker, range(begun * BATCH, min(count, (begun + 1) * BATCH)))
                    busy[worker.pipe] = worker, begun
                    begun += 1
                for pipe in wait(list(busy)):
                    assert isinstance(pipe, Connection), "only pipes were waited for"
                    worker, batch = busy.pop(pipe)
                    done[batch] = _receive(worker)
                    idle.append(worker)
            yield done.pop(turn)


def _start(campaign: Campaign, events: bool, stack: ExitStack) -> _Worker:
    """Start a worker that ends with `stack`, and in which the keyboard's interrupt is blocked."""
    context = get_context("spawn")
    here, there = context.Pipe()
    stack.callback(here.close)
    process = context.Process(target=_work, args=(there, campaign, events), daemon=True)
    resource_tracker.ensure_running()  # it would lift the block while it starts
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
        stack.callback(_end, process)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    there.close()
    return _Worker(process, here)


def _end(process: BaseProcess) -> None:
    """End a worker, in the middle of a batch if need be: it holds nothing that could break."""
    process.terminate()
    process.join()
    process.close()


def _send(worker: _Worker, batch: range) -> None:
    try:
        worker.pipe.send(batch)
    except OSError:
        raise _lost(worker) from None


def _receive(worker: _Worker) -> _Batch:
    try:
        batch: _Batch = worker.pipe.recv()
    except (EOFError, OSError):
        raise _lost(worker) from None
    return batch


def _lost(worker: _Worker) -> WorkerError:
    worker.process.join()
    status = worker.process.exitcode
    assert status is not None, "a process that was joined has a status"
    how = f"by signal {-status}" if status < 0 else f"with status {status}"
    return WorkerError(f"a worker process ended {how} before its work was done")


def _work(pipe: Connection, campaign: Campaign, events: bool) -> None:
    """Rehearse the batches that come through `pipe` until it closes."""
    try:
        while True:
            batch: range = pipe.recv()
            pipe.send(_rehearse_batch(batch, campaign, events=events))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # whoever wanted the work has gone


def _rehearse_batch(batch: range, campaign: Campaign, *, events: bool) -> _Batch:
    """Run households; a mistake goes home in words only, after the runs before it."""
    results: list[_Result] = []
    try:
        for place in batch:
            results.append(_rehearse(campaign.households[place], campaign, events=events))
    except (CardProtocolError, MeterEmuError) as error:
        return results, str(error)
    return results, None
