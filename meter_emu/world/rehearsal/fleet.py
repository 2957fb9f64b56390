"""Runs the households of a campaign over several processes, in their order and in flat memory.

A worker gets the campaign once, as entries and counts, and then ranges of places in it: it makes
its own households, so neither keys nor meters travel. What comes back waits for its turn in a
buffer of a few batches, and a worker gets no new batch while the buffer is full, so memory does
not grow with the number of meters. Everything random in a household comes from the campaign's seed
and the household's name; hence any number of processes gives the same results.

A worker knows the process that started it by the pipe between them: when that is gone, however it
went, the worker ends. An interrupt from the keyboard is blocked in it: anyone who started it
decides.

A program that is not ours always runs in a worker, a home at a time, and is watched from outside.
One that falls silent is ended with its worker, and one that ends its worker is found out; another
worker takes the place, runs the home again up to the poll before, and brings what was seen of it
until then. A worker of our own programs that ends is not replaced: a machine that kills processes
is to be looked at.
"""

import signal
from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
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


BATCH: Final = 16  # ours: households a worker takes at once; a fraction of a second of work
ALONE_MAX: Final = 64  # ours: up to here starting workers costs more than they save
AHEAD_PER_JOB: Final = 4  # ours: batches begun before the oldest is done; evens out slow homes
_LOOK_S: Final = 0.5  # ours: how often somebody looks whether a program has fallen silent


class Run(NamedTuple):
    """One household's rehearsal; `events` is empty unless they were asked for."""

    household: Household
    outcome: Outcome
    events: list[Event]


def rehearse_all(
    campaign: Campaign, *, jobs: int, events: bool, witness_of: ListenerOf | None = None
) -> Generator[Run, None, None]:
    """Yield every household's run in the campaign's order, from at most `jobs` processes.

    A witness records what people do; there is one only for a campaign of one household.
    Raise what `run_meter` raises, after the runs before it, and `WorkerError` when a process
    ended before its work. Closing the iterator ends the processes.
    """
    assert witness_of is None or len(campaign.households) == 1, "one witness, one meter"
    few = jobs == 1 or len(campaign.households) <= ALONE_MAX
    if witness_of is not None or (few and not is_watched(campaign)):
        for household in campaign.households:
            yield Run(household, *rehearsed(household, campaign, witness_of, events=events))
        return
    households = iter(campaign.households)
    with closing(_batches(campaign, jobs=jobs, events=events)) as batches:
        for results, mistake in batches:
            for result in results:
                yield Run(next(households), *result)
            if mistake is not None:
                raise MeterEmuError(mistake)


def _batches(campaign: Campaign, *, jobs: int, events: bool) -> Generator[Batch, None, None]:
    """Yield the results of all batches in order, whichever worker had which."""
    with ExitStack() as stack:
        team = Team(campaign, stack, events=events)
        size = 1 if team.watched else BATCH
        count = len(campaign.households)
        batch_count = -(-count // size)
        idle = [team.start() for _ in range(min(jobs, batch_count))]
        busy: dict[Connection, tuple[Worker, int]] = {}
        done: dict[int, Batch] = {}
        begun = 0
        for turn in range(batch_count):
            while turn not in done:
                while idle and begun < min(batch_count, turn + AHEAD_PER_JOB * jobs):
                    worker = idle.pop()
                    team.give(
                        worker, WorkerTask(range(begun * size, min(count, (begun + 1) * size)))
                    )
                    busy[worker.pipe] = worker, begun
                    begun += 1
                for worker, batch in _answered(team, busy):
                    del busy[worker.pipe]
                    next_worker, result = team.take(worker)
                    if result is None:
                        busy[next_worker.pipe] = next_worker, batch
                    else:
                        done[batch] = result
                        idle.append(next_worker)
            yield done.pop(turn)


def _answered(team: Team, busy: dict[Connection, tuple[Worker, int]]) -> list[tuple[Worker, int]]:
    """Wait for workers that have something to say, or never will: these are ended first."""
    ready = wait(list(busy), _LOOK_S if team.watched else None)
    found = [both for pipe, both in busy.items() if pipe in ready]
    if team.watched:
        for both in busy.values():
            if both not in found and team.hung(both[0]):
                team.end_hung(both[0])
                found.append(both)
    return found
