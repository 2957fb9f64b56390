"""The processes that rehearse: each gets the campaign once, and then places in it.

A worker knows the process that started it by the pipe between them: when that is gone, however it
went, the worker ends. An interrupt from the keyboard is blocked in it: anyone who started it
decides.

A program that is not ours is watched from outside. One that falls silent is ended with its worker,
and one that ends its worker is found out; another worker takes the place, runs the home again up to
the poll before, and brings what was seen of it until then. A worker of our own programs that ends
is not replaced: a machine that kills processes is to be looked at.
"""

import signal
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import RawArray
from time import monotonic
from typing import Final, NamedTuple, TypeAlias, final

from card_protocol.errors import CardProtocolError
from meter_emu.errors import MeterEmuError, WorkerError
from meter_emu.world.meter.acts import ListenerOf
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.clock_chips import clock_chip, reading
from meter_emu.world.meter.events import Event, failed_event
from meter_emu.world.meter.failure import (
    PULSE_SIZE,
    SILENCE_S,
    Failure,
    FailureKind,
    FeltPulse,
    Pulse,
    SharedPulse,
)
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.engine import how_it_begins, run_meter
from meter_emu.world.rehearsal.household import Household
from meter_emu.world.rehearsal.outcome import Outcome
from meter_emu.world.rehearsal.verdict import judge

HomeResult: TypeAlias = tuple[Outcome, list[Event]]
Batch: TypeAlias = tuple[list[HomeResult], str | None]  # the households done, and the mistake after


class WorkerTask(NamedTuple):
    """What a worker is given: places, or one whose home is known to fail after so many polls."""

    places: range
    failure: Failure | None = None
    polls: int = 0


@dataclass(slots=True, eq=False)
class Worker:
    """A process and what it is at; of a watched one, its pulse and since when that stands still."""

    process: BaseProcess
    pipe: Connection
    memory: memoryview | None
    work: WorkerTask
    pulse: tuple[int, int] = (0, 0)
    silent_since_s: float = 0.0
    ended: bool = False  # by us, for its silence


@final
class Team:
    """Starts workers, and replaces one whose program has failed; they end with `stack`."""

    def __init__(self, campaign: Campaign, stack: ExitStack, *, events: bool) -> None:
        self._campaign: Final = campaign
        self._stack: Final = stack
        self._events: Final = events
        self.watched: Final = is_watched(campaign)

    def start(self) -> Worker:
        """Start a worker, in which the keyboard's interrupt is blocked."""
        context = get_context("spawn")
        here, there = context.Pipe()
        self._stack.callback(here.close)
        shared = RawArray("B", PULSE_SIZE) if self.watched else None
        process = context.Process(
            target=_work, args=(there, self._campaign, self._events, shared), daemon=True
        )
        resource_tracker.ensure_running()  # it would lift the block while it starts
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
            self._stack.callback(_end, process)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        there.close()
        memory = None if shared is None else memoryview(shared).cast("B")
        return Worker(process, here, memory, WorkerTask(range(0)))

    def give(self, worker: Worker, work: WorkerTask) -> None:
        """Give a worker something to do."""
        worker.work = work
        worker.silent_since_s = monotonic()
        try:
            worker.pipe.send(work)
        except OSError:
            if not self.watched:
                raise _lost(worker) from None  # a watched one is found out when it is waited for

    def take(self, worker: Worker) -> tuple[Worker, Batch | None]:
        """Return what a worker has done; nothing yet where another goes on in its place."""
        try:
            batch: Batch = worker.pipe.recv()
        except (EOFError, OSError):
            if not self.watched:
                raise _lost(worker) from None
            return self._replace(worker)
        return worker, batch

    def hung(self, worker: Worker) -> bool:
        """Whether a program has called no port for so long that it never will."""
        assert worker.memory is not None, "only watched workers have a pulse"
        felt = FeltPulse(worker.memory)
        pulse = (felt.polls, felt.calls)
        if not felt.in_poll or pulse != worker.pulse:
            worker.pulse, worker.silent_since_s = pulse, monotonic()
        return monotonic() - worker.silent_since_s >= SILENCE_S

    def end_hung(self, worker: Worker) -> None:
        """End a program with its worker; what comes of it is to be taken."""
        worker.ended = True
        worker.process.kill()
        worker.process.join()

    def _replace(self, worker: Worker) -> tuple[Worker, Batch | None]:
        assert worker.memory is not None, "only watched workers are replaced"
        felt, home = FeltPulse(worker.memory), self._campaign.households[worker.work.places.start]
        silence = f"no port was called for {SILENCE_S} s"
        failure = worker.work.failure or Failure(
            kind=FailureKind.HUNG if worker.ended else FailureKind.CRASHED,
            why=silence if worker.ended else f"its process ended {_how(worker)}",
            at_us=max(felt.now_us, self._campaign.start_us),
            clock=reading(clock_chip(home.model).chip, felt.clock) if felt.clock else None,
            calls=felt.names,
        )
        again = worker.work.failure is not None
        other = self.start()
        if not again:
            self.give(other, WorkerTask(worker.work.places, failure, max(0, felt.polls - 1)))
            return other, None
        # It did not come as far again: how it begins is sure, and nothing else.
        seen = [how_it_begins(home, self._campaign), failed_event(failure)]
        return other, ([(judge(home, self._campaign, seen), seen if self._events else [])], None)


def is_watched(campaign: Campaign) -> bool:
    """Whether a program is rehearsed that is not ours."""
    builds = {entry.first.build for entry in campaign.households.entries}
    return any(parse_build(name).factory is not None for name in builds)


def rehearsed(
    household: Household,
    campaign: Campaign,
    witness_of: ListenerOf | None = None,
    pulse: Pulse | None = None,
    *,
    events: bool,
) -> HomeResult:
    """Return one household's outcome, with its events if they are wanted."""
    seen = run_meter(household, campaign, witness_of, pulse)
    return judge(household, campaign, seen), seen if events else []


def _end(process: BaseProcess) -> None:
    """End a worker, in the middle of a batch if need be: it holds nothing that could break."""
    process.terminate()
    process.join()
    process.close()


def _lost(worker: Worker) -> WorkerError:
    return WorkerError(f"a worker process ended {_how(worker)} before its work was done")


def _how(worker: Worker) -> str:
    worker.process.join()
    status = worker.process.exitcode
    assert status is not None, "a process that was joined has a status"
    return f"by signal {-status}" if status < 0 else f"with status {status}"


def _work(pipe: Connection, campaign: Campaign, events: bool, shared: object) -> None:
    """Rehearse what comes through `pipe` until it closes."""
    memory = None if shared is None else memoryview(shared).cast("B")  # type: ignore[arg-type]
    try:
        while True:
            work: WorkerTask = pipe.recv()
            pipe.send(_rehearse_batch(work, campaign, memory, events=events))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # anyone who wanted the work has gone


def _rehearse_batch(
    work: WorkerTask, campaign: Campaign, memory: memoryview | None, *, events: bool
) -> Batch:
    """Run households; a mistake goes home in words only, after the runs before it."""
    results: list[HomeResult] = []
    try:
        for place in work.places:
            household = campaign.households[place]
            pulse = None if memory is None else SharedPulse(memory)
            if work.failure is None:
                results.append(rehearsed(household, campaign, None, pulse, events=events))
                continue
            seen = run_meter(household, replace(campaign, polls_max=work.polls), None, pulse)
            seen[-1] = failed_event(work.failure, seen[-1])
            results.append((judge(household, campaign, seen), seen if events else []))
    except (CardProtocolError, MeterEmuError) as error:
        return results, str(error)
    return results, None
