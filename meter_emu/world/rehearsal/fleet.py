"""Runs the households of a campaign over several processes, in their order and in flat memory.

A worker gets the campaign once, as entries and counts, and then ranges of places in it: it makes
its own households, so neither keys nor meters travel. What comes back waits for its turn in a
buffer of a few batches, and a worker gets no new batch while the buffer is full, so memory does
not grow with the number of meters. Everything random in a household comes from the campaign's seed
and the household's name; hence any number of processes gives the same results.

A program that is not ours always runs in a worker, a home at a time, and is watched there.
"""

from collections.abc import Generator
from contextlib import ExitStack, closing
from multiprocessing.connection import Connection, wait
from typing import Final, NamedTuple

from meter_emu.errors import MeterEmuError
from meter_emu.world.meter.acts import ListenerOf
from meter_emu.world.meter.events import Event
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.household import Household
from meter_emu.world.rehearsal.outcome import Outcome
from meter_emu.world.rehearsal.workers import Batch, Team, Worker, WorkerTask, is_watched, rehearsed

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
