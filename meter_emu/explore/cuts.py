"""`explore_cuts(...)`: power cut anywhere in a story, and again anywhere in what follows.

Cuts that leave the same while the power is off have the same future. So the first cuts are grouped
by what they leave, and from one of each group every second instant is tried.
"""

# A cut in the middle of a write leaves old bytes, erased ones, new ones or a mix of them. A search
# over all mixes has no end, so one of three *fates* is taken for all bytes: a page that is no whole
# copy any more is like an erased one. A campaign file has no fate but that of its seed; a seed that
# shows the same is looked for among the first ones.

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise, product
from time import monotonic
from typing import Final, NamedTuple, TypeAlias, final

from meter_emu.errors import PollsSpentError, ProgramError
from meter_emu.hardware.eeprom import BLANK, NEW, OLD
from meter_emu.laws.hazards.placing import Call, Listening
from meter_emu.laws.judged import promises
from meter_emu.laws.law import Broken, Trial, campaign_of
from meter_emu.units import SECOND_US
from meter_emu.verify.program import check_covered
from meter_emu.verify.report import Counterexample, counterexample
from meter_emu.workers.engines import here_or_processes
from meter_emu.workers.work import Calling, Engine
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, VisitKind
from meter_emu.world.judge.verdict import judge
from meter_emu.world.meter.at_rest import AtRest
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.failure import Alarm, CallLog, NoPulse, Pulse
from meter_emu.world.meter.times import us_to_written
from meter_emu.world.rehearsal.engine import HouseholdStory

FATES: Final = (OLD, BLANK, NEW)
_BECAME: Final = {OLD: "as it was", BLANK: "erased", NEW: "as it was to be"}
OFF_US: Final = 10 * SECOND_US  # ours: longer than a start, shorter than a card stays
_WATCHED_US: Final = 75 * SECOND_US  # ours: a card stays 30 s, and the button comes at 60
_LONG_US: Final = 1_000  # ours: calls above it, and those to the clock, are cut inside as well
_INSIDE: Final = 8
_SEEDS: Final = 20  # ours: campaigns that are tried to show what a fate showed


@final
class PowerCut(NamedTuple):
    """When the power goes, and what a write under way leaves: one of `FATES`."""

    at_us: int
    fate: int


Cuts: TypeAlias = tuple[PowerCut, ...]


@final
class _Ran(NamedTuple):
    """A story with cuts: what each left, what is wrong, and the calls listened to."""

    left: tuple[bytes, ...]
    wrong: str | None
    calls: tuple[Call, ...] = ()


def _nobody() -> None:
    """Look at nothing."""


class _Events(list[Event]):
    """The events of a story; at each loss of power somebody looks at what is left."""

    def __init__(self) -> None:
        super().__init__()
        self.look: Callable[[], None] = _nobody

    def append(self, event: Event) -> None:
        """Take one, and look."""
        super().append(event)
        if event.what is What.POWER_LOST:
            self.look()


@final
class CutStory:
    """A campaign's one household, lived as its file says but for its cuts."""

    def __init__(self, campaign: Campaign, build: str) -> None:
        self.household: Final = replace(campaign.households[0], build=build)
        self.campaign: Final = campaign
        self._fates: Sequence[PowerCut] = ()
        self._left: list[bytes] = []
        self._saved: list[tuple[AtRest, int]] = []
        self._story: HouseholdStory | None = None
        self._events = _Events()
        self._live: HouseholdStory | None = None
        self._number = 0  # the first visit that is to come

    @property
    def spans(self) -> list[tuple[int, int]]:
        """When somebody is at the meter, from and to."""
        ends = [visit.at_us for visit in self.household.visits] + [self.campaign.end_us]
        return [
            (visit.at_us, min(visit.at_us + _WATCHED_US, after_us))
            for visit, after_us in zip(self.household.visits, ends[1:], strict=True)
            if visit.kind is not VisitKind.DESK
        ]

    def lived(self, cuts: Cuts, listened_us: tuple[int, int] | None = None) -> _Ran:
        """Live the story with these cuts, and note the calls in a span."""
        ours = parse_build(self.household.build).factory is None
        heard = None if listened_us is None else Listening(self._pulse(), *listened_us)
        self._left, self._fates = [], cuts
        outages = [(cut.at_us, cut.at_us + OFF_US) for cut in cuts]
        household = replace(
            self.household, outages=tuple(sorted((*self.household.outages, *outages)))
        )
        story = self._begun(cuts, resumable=ours and heard is None)
        if heard is not None:
            story.bench.log = CallLog(story.bench.board, heard)
            story.bench.rebuild()
        story.household = household
        for lost_us, back_us in outages:
            story.bench.plan_outage(lost_us, back_us)
        self._events.look = self._look
        events = self._end(story)
        outcome = judge(household, self.campaign, events)
        calls = () if heard is None else tuple(heard.calls)
        if not (outcome.breaches or outcome.findings or outcome.failure):
            return _Ran(tuple(self._left), None, calls)
        words = [breach.in_words for breach in outcome.breaches]
        words += [finding.words for finding in outcome.findings]
        return _Ran(tuple(self._left), (words or [outcome.verdict.value])[0], calls)

    # Inside --------------------------------------------------------------------------------------

    def _pulse(self) -> Pulse:
        build = parse_build(self.household.build)
        return NoPulse() if build.factory is None or build.hosted else Alarm()

    def _begun(self, cuts: Cuts, *, resumable: bool) -> HouseholdStory:
        """Return the story before the visit in which the first cut comes."""
        first_us = min((cut.at_us for cut in cuts), default=0)
        if not resumable:
            return self._new()
        if self._story is None:
            self._story, self._saved = self._new(), []
            for number, visit in enumerate(self.household.visits):
                self._story.live_until(visit.at_us)
                self._saved.append((self._story.saved(), number))
                self._story.receive(visit, number)
        rest, self._number = [
            one for one in self._saved if one[0].at_us <= first_us or one[1] == 0
        ][-1]
        rest.resume()
        return self._story

    def _new(self) -> HouseholdStory:
        self._number = 0
        self._events = _Events()
        ours = parse_build(self.household.build).factory is None
        pulse = None if ours else self._pulse()
        return HouseholdStory(self.household, self.campaign, self._events.append, pulse=pulse)

    def _end(self, story: HouseholdStory) -> list[Event]:
        self._live = story
        try:
            for number, visit in enumerate(self.household.visits[self._number :], self._number):
                self._settle(story)
                story.live_until(visit.at_us)
                story.receive(visit, number)
            story.live_until(self.campaign.end_us)
        except (ProgramError, PollsSpentError) as error:
            story.fail(error)
        else:
            story.end(self.campaign.end_us)
        story.bench.board.settles = None
        return sorted(self._events, key=lambda event: event.at_us)

    def _settle(self, story: HouseholdStory) -> None:
        place = len(self._left)
        board = story.bench.board
        board.settles = self._fates[place].fate if place < len(self._fates) else None

    def _look(self) -> None:
        """Note what is left while the power is off: memory, switch, clock, and the cards."""
        story = self._live
        assert story is not None, "power is lost in a story"
        board = story.bench.board
        kept = [bytes(board.eeprom.cells), repr(sorted(board.eeprom.weak)).encode()]
        kept += [board.switch.to_bytes(), b"%d" % board.rtc_bytes_written]
        kept += [card.image.to_bytes() for card in (story.card, *story.old_cards)]
        self._left.append(hashlib.blake2b(b"\0".join(kept), digest_size=16).digest())
        self._settle(story)


def _instants(calls: Sequence[Call]) -> Iterator[int]:
    """Yield instants in and between the calls: after each began, and inside of those that last."""
    for call, after in pairwise(calls):
        yield call.at_us + 1
        lasts_us = after.at_us - call.at_us
        if call.poll == after.poll and (lasts_us > _LONG_US or call.at_rtc):
            yield from (call.at_us + lasts_us * part // _INSIDE for part in range(1, _INSIDE))
    yield from (call.at_us + 1 for call in calls[-1:])


@final
@dataclass(slots=True)
class CutsExplored:
    """What of the cuts in a story was exhausted.

    `instants` were tried with each fate; what they left were `groups`. From `tried_whole` of
    these every second instant was tried, `pairs` in all.
    """

    build: str
    instants: int = 0
    groups: int = 0
    tried_whole: int = 0
    pairs: int = 0
    broken: Counterexample | None = None
    cuts: Cuts = ()
    wrong: str | None = None
    cuts_in_words: tuple[str, ...] = ()


HearCuts: TypeAlias = Callable[[CutsExplored], None]


def explore_cuts(
    campaign: Campaign,
    explored: CutsExplored,
    *,
    cuts: int = 2,
    time_s: float | None = None,
    jobs: int | None = 1,
    hear: HearCuts = lambda _explored: None,
) -> CutsExplored:
    """Try every cut in a campaign's one household, and with `cuts` 2 every pair of them."""
    task = CutStory(campaign, explored.build)
    check_covered(task.household)
    engine = here_or_processes(jobs)
    ends_s = float("inf") if time_s is None else monotonic() + time_s
    groups: dict[tuple[bytes, ...], Cuts] = {}
    for span in task.spans:
        instants = sorted(set(_instants(task.lived((), listened_us=span).calls)))
        units: list[Cuts] = [(PowerCut(at_us, fate),) for at_us in instants for fate in FATES]
        explored.instants += len(instants)
        for unit, ran in _tried(task, engine, units):
            groups.setdefault(ran.left, unit)
            explored.groups = len(groups)
            if ran.wrong is not None:
                return _found(task, explored, unit, ran.wrong)
        hear(explored)
    after = [(first, _calls_after(task, first)) for first in groups.values() if cuts > 1]
    # What makes it write most comes first: a program that mends is cut while it mends.
    after.sort(key=lambda one: -sum(call.name == "eeprom_write" for call in one[1]))
    for first, calls in after:
        seconds = sorted(set(_instants(calls)))
        units = [(*first, PowerCut(at_us, fate)) for at_us in seconds for fate in FATES]
        for unit, ran in _tried(task, engine, units):
            explored.pairs += 1
            if ran.wrong is not None:
                return _found(task, explored, unit, ran.wrong)
            if monotonic() > ends_s:
                return explored
        explored.tried_whole += 1
        hear(explored)
    return explored


def _calls_after(task: CutStory, cuts: Cuts) -> tuple[Call, ...]:
    back_us = cuts[0].at_us + OFF_US
    return task.lived(cuts, listened_us=(back_us, back_us + _WATCHED_US)).calls


def _tried(task: CutStory, engine: Engine, units: Sequence[Cuts]) -> Iterator[tuple[Cuts, _Ran]]:
    new = CutStory(task.campaign, task.household.build)  # one that was lived stays here
    with closing(engine.results(Calling(new.lived), iter(units))) as results:
        yield from zip(units, results, strict=True)


def _found(task: CutStory, explored: CutsExplored, cuts: Cuts, words: str) -> CutsExplored:
    """Look for a campaign that shows it: a seed whose chance leaves what the fates did."""
    explored.cuts, explored.wrong = cuts, words
    explored.cuts_in_words = tuple(
        f"power cut at {us_to_written(cut.at_us, task.campaign.zone)}: what was being written is "
        f"{_BECAME[cut.fate]}"
        for cut in cuts
    )
    # A start reads a torn copy more or less often than an erased one: what comes after it shifts.
    shifts_us = range(-14_000, 15_000, 2_000) if len(cuts) > 1 else range(1)
    for seed, shift_us in product(range(_SEEDS), shifts_us):
        ats_us = [*(cut.at_us for cut in cuts[:-1]), cuts[-1].at_us + shift_us]
        outages = ((at_us, at_us + OFF_US) for at_us in ats_us)
        household: Household = replace(
            task.household, outages=tuple(sorted((*task.household.outages, *outages)))
        )
        trial = Trial(
            campaign_of(replace(task.campaign, seed=seed), household), task.household.build
        )
        found = promises(trial)
        if isinstance(found, Broken):
            explored.broken = counterexample(trial, found.words, runs=seed + 1)
            break
    return explored
