"""Rehearses the households of a campaign over several workers, in their order and in flat memory.

A worker gets the campaign once, as entries and counts, and then places in it: it makes its own
households, so neither keys nor meters travel. Everything random in a household comes from the
campaign's seed and the household's name; hence any number of workers, on whatever machines, gives
the same results. Of households that are equal but for name and number one is lived (`classes`).

A program that is not ours always runs in a process of its own, a household at a time, watched from
outside. If it falls silent its process is ended; if it ends its process, that is noticed. A new
process then runs the household again up to the poll before and returns the events so far.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice
from time import monotonic, process_time
from typing import Final, NamedTuple, Self, final

import msgspec

from card_protocol.errors import CardProtocolError
from meter_emu.errors import MeterEmuError
from meter_emu.workers.engines import processes
from meter_emu.workers.work import Again, Engine, TextTask
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.verdict import judge, ordered_expected
from meter_emu.world.meter.acts import ListenerOf
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.clock_chips import clock_chip, reading
from meter_emu.world.meter.events import Event, done_in, failed_event
from meter_emu.world.meter.failure import (
    PULSE_SIZE,
    SILENCE_S,
    Failure,
    FailureKind,
    FeltPulse,
    Pulse,
    SharedPulse,
)
from meter_emu.world.rehearsal.checkpoint import Checkpoint, may_be_kept
from meter_emu.world.rehearsal.classes import Classes, EqualPair, classes_of
from meter_emu.world.rehearsal.covered import outside_of
from meter_emu.world.rehearsal.doing import doing_of
from meter_emu.world.rehearsal.engine import how_it_begins, run_meter
from meter_emu.world.rehearsal.travelling import (
    HouseholdResult,
    SentRow,
    campaign_as_text,
    campaign_of_text,
    result_of,
    sent_row,
)


class Places(NamedTuple):
    """The places of households to run; for one of_class to fail, after how many polls."""

    places: tuple[int, ...]
    failure: Failure | None = None
    polls: int = 0


class Batch(NamedTuple):
    """The outcomes as sent, and the mistake after them."""

    rows: list[SentRow]
    mistake: str | None = None


@final
class Rehearsing(TextTask[Places, Batch]):
    """Runs ranges of a campaign's households; keeps their events on request."""

    unit_type = Places
    result_type = Batch

    def __init__(self, campaign: Campaign, *, events: bool) -> None:
        self.campaign: Final = campaign
        self._events: Final = events
        self.watched: Final = is_watched(campaign)
        self.memory_size = PULSE_SIZE if self.watched else 0

    def run(self, unit: Places, memory: memoryview | None = None) -> Batch:
        """Run households; a mistake is sent to the leader as text, after the runs before it."""
        rows: list[SentRow] = []
        try:
            for place in unit.places:
                pulse = None if memory is None else SharedPulse(memory)
                if unit.failure is None:
                    result = self.lived(place, pulse)
                else:
                    household = self.campaign.households[place]
                    until = replace(self.campaign, polls_max=unit.polls)
                    seen = run_meter(household, until, None, pulse)
                    seen[-1] = failed_event(unit.failure, seen[-1])
                    result = self._judged(household, seen)
                rows.append(sent_row(result))
        except (CardProtocolError, MeterEmuError) as error:
            return Batch(rows, str(error))
        return Batch(rows)

    def lived(self, place: int, pulse: Pulse | None = None) -> HouseholdResult:
        """Run one household; raise what `run_meter` raises."""
        household = self.campaign.households[place]
        return rehearsed(household, self.campaign, None, pulse, events=self._events)

    def watching(self, unit: Places, memory: memoryview | None) -> "HouseholdWatch | None":
        """See `Task`: somebody else's program is watched."""
        return None if memory is None else HouseholdWatch(self, unit, memory)

    def gone(self, unit: Places, failure: Failure) -> Batch:
        """Return a household that did not come as far again: only its first event is sure."""
        household = self.campaign.households[unit.places[0]]
        seen = [how_it_begins(household, self.campaign), failed_event(failure)]
        return Batch([sent_row(self._judged(household, seen))])

    def failure(
        self, unit: Places, felt: FeltPulse, failure_kind: FailureKind, why: str
    ) -> Failure:
        """Return how a program failed, from the last pulse."""
        household = self.campaign.households[unit.places[0]]
        return Failure(
            kind=failure_kind,
            why=why,
            at_us=max(felt.now_us, self.campaign.start_us),
            clock=reading(clock_chip(household.model).chip, felt.clock) if felt.clock else None,
            calls=felt.names,
        )

    def as_text(self) -> str:
        """See `TextTask`."""
        return msgspec.json.encode([self._events, campaign_as_text(self.campaign)]).decode()

    @classmethod
    def of_text(cls, text: str) -> Self:
        """See `TextTask`."""
        events, campaign = msgspec.json.decode(text, type=tuple[bool, str])
        return cls(campaign_of_text(campaign), events=events)

    def run_there(self, unit: Places) -> Batch:
        """See `TextTask`: somebody else's program is watched from this worker."""
        if not self.watched:
            return self.run(unit)
        rows: list[SentRow] = []
        with closing(processes(1).results(self, units(unit.places, 1))) as batches:
            for batch in batches:
                rows += batch.rows
                if batch.mistake is not None:
                    return Batch(rows, batch.mistake)
        return Batch(rows)

    def size_there(self) -> int:
        """Return how many households take a worker of a cluster some seconds."""
        if self.watched:
            return WATCHED_THERE
        entries = self.campaign.households.entries[:TRIED]
        began = process_time()
        for entry in entries:
            rehearsed(entry.household(1, self.campaign.seed), self.campaign, events=False)
        each_s = (process_time() - began) / len(entries)
        return max(1, min(THERE_MAX, round(THERE_S / each_s)))

    def _judged(self, household: Household, seen: list[Event]) -> HouseholdResult:
        return judge(household, self.campaign, seen), seen if self._events else []


@final
class HouseholdWatch:
    """Watches somebody else's program in a worker by its pulse."""

    def __init__(self, work: Rehearsing, unit: Places, memory: memoryview) -> None:
        memory[:] = bytes(len(memory))  # of the household before
        self._work: Final = work
        self._unit: Final = unit
        self._memory: Final = memory
        self._pulse = (0, 0)
        self._silent_since_s = monotonic()

    def is_hung(self) -> bool:
        """Whether a program has called no port for so long that it counts as hung."""
        felt = FeltPulse(self._memory)
        pulse = (felt.polls, felt.calls)
        if not felt.in_poll or pulse != self._pulse:
            self._pulse, self._silent_since_s = pulse, monotonic()
        return monotonic() - self._silent_since_s >= SILENCE_S

    def lost(self, how: str, *, hung: bool) -> Again[Places] | Batch:
        """Run the household again up to the poll before; once."""
        if self._unit.failure is not None:
            return self._work.gone(self._unit, self._unit.failure)
        felt = FeltPulse(self._memory)
        kind = FailureKind.HUNG if hung else FailureKind.CRASHED
        why = f"no port was called for {SILENCE_S} s" if hung else f"its process ended {how}"
        failure = self._work.failure(self._unit, felt, kind, why)
        return Again(self._unit._replace(failure=failure, polls=max(0, felt.polls - 1)))


def is_watched(campaign: Campaign) -> bool:
    """Whether the program is not ours and runs in a process of its own."""
    builds = {entry.first.build for entry in campaign.households.entries}
    found = map(parse_build, builds)
    return any(build.factory is not None and not build.hosted for build in found)


def rehearsed(
    household: Household,
    campaign: Campaign,
    witness_of: ListenerOf | None = None,
    pulse: Pulse | None = None,
    *,
    events: bool,
) -> HouseholdResult:
    """Return one household's outcome, with its events if `events` is set."""
    # What a program covers is tried out unwatched. One in an executable is bounded all the same;
    # one in Python is not, so it is run first: who fails there is not tried any further.
    hosted = parse_build(household.build).hosted
    outside = outside_of(household, campaign) if hosted else None
    if outside is None:
        seen = run_meter(household, campaign, witness_of, pulse)
        if not hosted and seen[-1].failure is None:
            outside = outside_of(household, campaign)
    if outside is not None:
        seen = _not_run(household, campaign, outside)
    outcome = judge(household, campaign, seen)
    again = hosted and witness_of is None and outside is None
    wrong = again and not ordered_expected(outcome, household)
    if wrong and done_in(run_meter(household, campaign)) != done_in(seen):
        seen = [seen[0], failed_event(_unsteady(seen), seen[-1])]
        outcome = judge(household, campaign, seen)
    outcome = replace(outcome, doing=doing_of(household, campaign, outcome))
    return outcome, seen if events else []


def _unsteady(seen: list[Event]) -> Failure:
    why = "run again it did otherwise: it reads a clock, chance, or what nobody wrote"
    end = seen[-1].at_us
    return Failure(kind=FailureKind.UNSTEADY, why=why, at_us=end, clock=None, calls=())


def _not_run(household: Household, campaign: Campaign, outside: str) -> list[Event]:
    """Return what is seen of a household that the program does not cover."""
    first = how_it_begins(household, campaign)
    failure = Failure(
        kind=FailureKind.OUTSIDE,
        why=f"the program does not cover {outside}",
        at_us=first.at_us,
        clock=None,
        calls=(),
    )
    return [first, failed_event(failure, first)]


BATCH: Final = 16  # ours: households a process takes at once; a fraction of a second of work
ALONE_MAX: Final = 64  # ours: up to here starting workers costs more than they save
THERE_S: Final = 3.0  # ours: of work at once in a cluster, which takes 5 ms to hand out a unit
THERE_MAX: Final = 2_000  # ours: households at once, however quick; their results are in memory
WATCHED_THERE: Final = 16  # ours: how long somebody else's program takes is not of_class beforehand
TRIED: Final = 8  # ours: kinds that are run to measure how long one takes


class Run(NamedTuple):
    """One `household`'s rehearsal and its `outcome`; `events` is empty unless requested."""

    household: Household
    outcome: Outcome
    events: list[Event]


def rehearse_all(
    campaign: Campaign,
    *,
    jobs: int | None,
    events: bool,
    witness_of: ListenerOf | None = None,
    cluster: Engine | None = None,
    census: bool = False,
    say: Callable[[str], None] = lambda _words: None,
    checkpoint: Checkpoint | None = None,
) -> Generator[Run, None, None]:
    """Yield every household's run in the campaign's order; closing the iterator ends the processes.

    Of equal households one is lived, unless it is a `census` or their events are wanted. Runs
    before a failing one are yielded first.

    Args:
        campaign: The campaign, as `load_campaign` returns it.
        jobs: At most so many processes; `None` for one a processor.
        events: Keep each household's events in its run.
        witness_of: Makes a witness that records what people do, in a campaign of one household
            only.
        cluster: Workers elsewhere that do the work.
        census: Live every household, equal or not.
        say: Gets a line about each build of which equal households ended differently: its are then
            all lived.
        checkpoint: The file from which a long rehearsal goes on, if it can be kept in one.

    Raises:
        ConfigError: A build does not exist, or a household cannot be run with it.
        MeterEmuError: What a household's run raises; `WorkerError` if a worker ended before its
            work.
    """
    assert witness_of is None or len(campaign.households) == 1, "one witness, one meter"
    if witness_of is not None:
        (household,) = campaign.households
        yield Run(household, *rehearsed(household, campaign, witness_of, events=events))
        return
    work = Rehearsing(campaign, events=events)
    alone = campaign.builds if census or events else set[str]()
    while True:  # until no build is left whose equal households end differently
        classes = classes_of(campaign, alone)
        pairs = classes.tried(campaign)
        tried = [place for pair in pairs for place in pair]
        first = {pair.first for pair in pairs}
        places = [*tried, *(place for place in classes.firsts if place not in first)]
        kept = checkpoint if not events and len(places) > ALONE_MAX else None
        with closing(_through(kept, work, places, jobs, cluster)) as results:
            of_class = {place: next(results) for place in tried}
            differ = [pair for pair in pairs if not _alike(of_class, pair)]
            if not differ:
                yield from _runs(campaign, classes, of_class, results)
                return
        for pair in differ:
            one, other = campaign.households[pair.first], campaign.households[pair.other]
            if one.build not in alone:
                alone.add(one.build)
                say(f"{one.build}: {one.id} and {other.id} are equal, but ended differently")


def _runs(
    campaign: Campaign,
    classes: Classes,
    of_class: dict[int, HouseholdResult],
    results: Iterator[HouseholdResult],
) -> Iterator[Run]:
    """Yield every household's run; `of_class` has a class from its first member to its last."""
    lasts = classes.lasts()
    for place, household in enumerate(campaign.households):
        first = classes.first_of[place]
        if first not in of_class:
            of_class[first] = next(results)
        outcome, seen = of_class[first]
        yield Run(household, replace(outcome, id=household.id), seen)
        if place == lasts[first]:
            del of_class[first]


def _alike(of_class: dict[int, HouseholdResult], pair: EqualPair) -> bool:
    """Whether the two ended alike; forgets the second."""
    (outcome, _), (other, _) = of_class[pair.first], of_class.pop(pair.other)
    return replace(outcome, id=other.id) == other


def _through(
    checkpoint: Checkpoint | None,
    work: Rehearsing,
    places: Sequence[int],
    jobs: int | None,
    cluster: Engine | None,
) -> Generator[HouseholdResult, None, None]:
    """Yield the result of each place, those from the checkpoint first."""
    if checkpoint is None or not may_be_kept(work.campaign):
        yield from _results(work, places, jobs, cluster)
        return

    def outcomes(left: Sequence[int]) -> Generator[Outcome, None, None]:
        with closing(_results(work, left, jobs, cluster)) as results:
            for outcome, _ in results:
                yield outcome

    with closing(checkpoint.through(work.campaign, places, outcomes)) as found:
        for outcome in found:
            yield outcome, []


def _results(
    work: Rehearsing, places: Sequence[int], jobs: int | None, cluster: Engine | None
) -> Generator[HouseholdResult, None, None]:
    """Yield the result of each place: from a cluster, processes, or this one for a few."""
    few = jobs == 1 or len(places) <= ALONE_MAX
    if few and not work.watched and cluster is None:
        for place in places:
            yield work.lived(place)
        return
    size = (1 if work.watched else BATCH) if cluster is None else work.size_there()
    engine: Engine = cluster or processes(jobs)
    with closing(engine.results(work, units(places, size))) as batches:
        for batch in batches:
            yield from map(result_of, batch.rows)
            if batch.mistake is not None:
                raise MeterEmuError(batch.mistake)


def units(places: Iterable[int], size: int) -> Iterator[Places]:
    """Yield places in units of `size`."""
    left = iter(places)
    while some := tuple(islice(left, size)):
        yield Places(some)
