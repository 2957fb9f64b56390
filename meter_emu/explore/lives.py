"""Lives a household along a path of acts, and puts it back where it was.

Our own program is resumed from what was saved on the way. A program that is not ours may keep facts
in its own memory, which nobody can save: its story is lived again from the start each time.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple, TypeAlias, final

from meter_emu.errors import ConfigError, PollsSpentError, ProgramError
from meter_emu.explore.scope import Scope, ScopeAct
from meter_emu.laws.law import NOT_REPRODUCIBLE
from meter_emu.units import SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, Visit, VisitKind
from meter_emu.world.judge.verdict import Judging, SoFar, judge_so_far
from meter_emu.world.meter.at_rest import AtRest
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.failure import Alarm, NoPulse
from meter_emu.world.rehearsal.engine import HouseholdStory

Path: TypeAlias = tuple[int, ...]  # acts of the scope, by number
_ENDS_MAX: Final = 3_500  # ours: some 18 kB each, in each process
_LOST_US: Final = SECOND_US  # the street loses its power a second after the instant


@final
class _Then(NamedTuple):
    rest: AtRest
    due_us: int
    visits: tuple[Visit, ...]
    outages: tuple[tuple[int, int], ...]
    judging: Judging | None  # up to there or to an instant before


@final
class Lives:
    """One household of a scope, which stands where the path that was gone last has led.

    `over` is whether nothing more can happen to it: its program failed, or the campaign ends.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope: Final = scope
        self.events: list[Event] = []
        build = parse_build(scope.household.build)
        self.ours: Final = build.factory is None
        self._hosted: Final = build.hosted
        self.due_us = 0
        self.failed = False
        self._visits: tuple[Visit, ...] = ()
        self._outages: tuple[tuple[int, int], ...] = ()
        self._path: Path = ()
        self._now: _Then | None = None  # where it stands, if that was saved
        self._before: AtRest | None = None  # what was saved or put back last
        self._judging: Judging | None = None
        self._line: dict[int, _Then] = {}  # along the path, by the number of acts
        self._ends: dict[Path, _Then] = {}
        self._known_visits: Final[dict[tuple[int, int, int], Visit]] = {}
        self._begin()
        self.began: Final = self.saved()

    def go(self, path: Path) -> None:
        """Live along a path whose acts are all possible, from where it was saved last on it."""
        if self.ours:
            self._line = {n: then for n, then in self._line.items() if path[:n] == self._path[:n]}
            saved = next(
                n for n in range(len(path), -1, -1) if n in self._line or path[:n] in self._ends
            )
            then = self._line[saved] if saved in self._line else self._ends[path[:saved]]
            self._line[saved] = then
            self._put_back(then)
        else:
            saved = 0
            self._begin()
        self._path = path
        for place in range(saved, len(path)):
            if not self.do(self.scope.acts[path[place]]):
                raise self.unsteady("the acts of a path were possible once")
            if self.ours:
                if not self.over:
                    self.judged(self.seen())  # once, and not again for each act from there
                self._line[place + 1] = self._then()

    def keep(self, act: int) -> None:
        """Keep where an act has led, to go on from there without living along its path again."""
        if self.ours and len(self._ends) < _ENDS_MAX:
            self._ends[(*self._path, act)] = self._then()

    def forget(self) -> None:
        """Forget the end of the path: nobody goes on from there any more."""
        self._ends.pop(self._path, None)

    def again(self) -> None:
        """Go back to the end of the path, after an act that was tried from there."""
        if self.ours:
            self._put_back(self._line[len(self._path)])
        else:
            self.go(self._path)

    def do(self, act: ScopeAct) -> bool:
        """Do one act and let time pass up to the next instant; return if it was possible."""
        scope, at_us, story = self.scope, self.due_us, self.story
        until_us, self._now = at_us, None
        try:
            for timeless in act.visits:
                visit = self._dated(timeless, at_us + timeless.at_us)
                if not self._possible(visit):
                    return False
                story.live_until(visit.at_us)
                self._visits += (visit,)
                story.receive(visit, len(self._visits) - 1)
                until_us = max(visit.at_us, story.bench.board.now_us)
            if act.outage_us:
                lost_us = at_us + _LOST_US
                back_us = lost_us + act.outage_us
                if any(
                    lost < back_us + _LOST_US and lost_us <= back for lost, back in self._outages
                ):
                    return False
                if back_us >= scope.campaign.end_us:
                    return False
                self._outages = tuple(sorted((*self._outages, (lost_us, back_us))))
                story.bench.plan_outage(lost_us, back_us)
                story.household = replace(story.household, outages=self._outages)
                until_us = back_us
            self.due_us = scope.after(until_us)
            story.live_until(self.due_us)
            story.bench.board.settle()
        except ConfigError:  # the office refuses: it is right, and this cannot happen
            return False
        except (ProgramError, PollsSpentError) as error:
            story.fail(error)
            self.failed = True
        return True

    @property
    def over(self) -> bool:
        """Whether nothing more can happen."""
        return self.failed or self.due_us >= self.scope.campaign.end_us

    @property
    def household(self) -> Household:
        """The household with what has happened to it."""
        return replace(self.scope.household, visits=self._visits, outages=self._outages)

    @property
    def campaign(self) -> Campaign:
        """The campaign, which ends where the household stands."""
        return replace(self.scope.campaign, end_us=self.due_us)

    def seen(self) -> list[Event]:
        """Return what was seen up to now, as a rehearsal that ends now has it."""
        if self.failed:
            return sorted(self.events, key=lambda event: event.at_us)
        self.story.end(self.due_us)
        seen = sorted(self.events, key=lambda event: event.at_us)
        assert self.events.pop().what is What.ENDED, "the end is what was seen last"
        return seen

    def judged(self, events: Sequence[Event]) -> SoFar:
        """Judge what was seen up to now, going on from where that was done on the way."""
        until_us = self.scope.campaign.end_us
        judged = judge_so_far(self.household, self.campaign, events, until_us, self._judging)
        self._judging = judged.judging or self._judging
        return judged

    def saved(self) -> AtRest:
        """Return the household as it is now."""
        return self._then().rest

    def unsteady(self, expected: str) -> ConfigError:
        """Return what to say of a program that does otherwise when it is run again; not of ours."""
        assert not self.ours, expected
        return ConfigError(self.scope.household.build, "", NOT_REPRODUCIBLE)

    # Inside --------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Live up to the first instant."""
        scope = self.scope
        self.events, self.failed = [], False
        self._now = self._before = self._judging = None
        # Doubt: our own program has no pulse here, so a defect of it that loops without calling a
        # port would hang the search; none of the catalogue does.
        pulse = None if self.ours else NoPulse() if self._hosted else Alarm()
        self.story = HouseholdStory(
            scope.household, scope.campaign, self.events.append, pulse=pulse
        )
        self._visits, self._outages = scope.household.visits, scope.household.outages
        self.due_us, self._path = scope.instants[0], ()
        try:
            for number, visit in enumerate(self._visits):
                self.story.live_until(visit.at_us)
                self.story.receive(visit, number)
            self.story.live_until(self.due_us)
        except (ProgramError, PollsSpentError) as error:
            self.story.fail(error)
            self.failed = True
        self._line = {0: self._then()}

    def _dated(self, timeless: Visit, at_us: int) -> Visit:
        """Return an act's visit at an instant, after those before it; the same object each time."""
        number = len(self._visits) + 1
        key = id(timeless), at_us, number
        if key not in self._known_visits:
            self._known_visits[key] = replace(timeless, at_us=at_us, in_file=number)
        return self._known_visits[key]

    def _possible(self, visit: Visit) -> bool:
        """Whether there is the card that is to be put in, and records put back are other ones."""
        if visit.kind is VisitKind.OLD_CARD:
            return (visit.card_number or 0) <= len(self.story.old_cards)
        if visit.kind is VisitKind.COPY:
            if (visit.copy_number or 0) > len(self.story.writings):
                return False
            return not visit.records or self._puts_back(visit)
        return True

    def _puts_back(self, visit: Visit) -> bool:
        """Whether a card with records of another time differs from the card as it is."""
        return self.story.copied(visit).to_bytes() != self.story.card.image.to_bytes()

    def _then(self) -> _Then:
        if self._now is None:
            rest = self.story.saved(self._before)
            self._before = rest
            self._now = _Then(rest, self.due_us, self._visits, self._outages, self._judging)
        return self._now

    def _put_back(self, then: _Then) -> None:
        then.rest.resume()
        self.failed, self._now, self._before = False, then, then.rest
        self.due_us, self._visits, self._outages = then.due_us, then.visits, then.outages
        self._judging = then.judging
