"""A household of a campaign that somebody lives by hand, next to the visits of its file.

What is done by hand becomes a visit like those of the file. So the judge sees a household that did
it, and says at any moment what the supply must be.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, final

from meter_emu.errors import CommandError
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import DeskOrder, Household, Visit, VisitKind
from meter_emu.world.judge.obligations import Span
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.verdict import judge, owed_to, seen_until
from meter_emu.world.meter.acts import Act, ListenerOf
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.events import Event
from meter_emu.world.meter.live import LiveMeter
from meter_emu.world.meter.observer import Observer
from meter_emu.world.rehearsal.engine import HouseholdStory
from meter_emu.world.rehearsal.rig import Rig, live_meter


@final
class LivedByHand:
    """A household with the visits it has made, and those of its file that are still ahead.

    `live` makes its meter, once; nothing else can be asked before.
    """

    def __init__(
        self, household: Household, campaign: Campaign, witness_of: ListenerOf | None = None
    ) -> None:
        self.household: Final = household
        self.campaign: Final = campaign
        self.made: list[Visit] = []
        self.ahead = list(household.visits)
        self._witness_of: Final = witness_of
        self._story: HouseholdStory | None = None

    def live(self, take: Callable[[Event], None]) -> LiveMeter:
        """Return the meter as it begins; `take` gets every event."""

        def bench_for(count: Callable[[Event], None]) -> tuple[Bench, Observer]:
            self._story = HouseholdStory(self.household, self.campaign, count, self._witness_of)
            return self._story.bench, self._story.watch

        return live_meter(self.household, take, bench_for)

    @property
    def story(self) -> HouseholdStory:
        """Its rig, bench and cards."""
        assert self._story is not None, "its meter is made first"
        return self._story

    @property
    def rig(self) -> Rig:
        """Its meter, office and cards."""
        return self.story.rig

    def next_visit_us(self) -> int | None:
        """Return when the next visit of the file is due, `None` when there is none ahead."""
        return self.ahead[0].at_us if self.ahead else None

    def visit(self) -> None:
        """Make the next visit of the file, as the rehearsal does."""
        visit = self.ahead.pop(0)
        self.story.receive(visit, self._made(visit))

    def at_office(self, order: DeskOrder) -> None:
        """Have the office write on the household's card now; raise what it refuses."""
        self.story.write(order)
        self._made(self._visit(VisitKind.DESK, desk=order))

    def insert(self) -> None:
        """Put the household's card in now."""
        number = self._made(self._visit(VisitKind.INSERT))
        self.story.put_in(self.story.card, number)

    def did(self, act: Act) -> None:
        """Record an act that a household's visit can be."""
        if act.file is not None:
            self._made(self._visit(VisitKind.ACT, act=act))

    def alone(self) -> None:
        """Make no visit of the file any more; raise `CommandError` if there is none ahead."""
        if not self.ahead:
            raise CommandError("no visit of the campaign is ahead")
        self.ahead.clear()

    def judged(self, events: Sequence[Event], now_us: int) -> tuple[Outcome, tuple[Span, ...]]:
        """Return the outcome up to an instant, and what the supply had to be until then."""
        lived = replace(self.household, visits=tuple(self.made))
        household, campaign = seen_until(lived, self.campaign, now_us)
        in_order = sorted(events, key=lambda event: event.at_us)
        return judge(household, campaign, in_order), owed_to(household, campaign, in_order).spans

    def _visit(
        self, kind: VisitKind, desk: DeskOrder | None = None, act: Act | None = None
    ) -> Visit:
        return Visit(at_us=self.story.bench.board.now_us, kind=kind, desk=desk, act=act)

    def _made(self, visit: Visit) -> int:
        self.made.append(visit)
        return len(self.made) - 1
