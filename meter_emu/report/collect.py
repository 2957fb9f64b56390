"""Keeps of a rehearsal what the page will show, and nothing else.

However large the fleet, only these stay: one household of each kind and verdict, up to
`MORE_MAX` further ones of each broken promise, and counts: of homes, of wrong displays, of cuts in
each `BIN_US`. A *kind* is the household's words with its model and build.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, final

from card_protocol.timestamp import Civil
from meter_emu.units import MINUTE_US
from meter_emu.world.meter.events import Event
from meter_emu.world.rehearsal.answer import HomeCounts
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.household import Household
from meter_emu.world.rehearsal.outcome import Outcome
from meter_emu.world.rehearsal.verdict import (
    cut_before_announced,
    unexpected_findings,
    verdict_expected,
)
from meter_emu.world.rehearsal.verdicts import FindingKind, Verdict

MORE_MAX: Final = 20  # of each broken promise, next to the first of each kind
BIN_US: Final = MINUTE_US  # ours: the finest a histogram can be


class Made(NamedTuple):
    """What the page says of its making: the tool's version, the command, the campaign file.

    `one_home` is the command that draws any one home.
    """

    version: str
    command: str
    one_home: str
    sha256: str  # of the campaign file, in hex


@final
@dataclass(frozen=True, slots=True)
class Seen:
    """One household with all that was seen of it."""

    household: Household
    outcome: Outcome
    events: tuple[Event, ...]


class GroupKey(NamedTuple):
    """What the households of one group have in common."""

    kind: str
    model: str
    build: str
    verdict: Verdict


@final
@dataclass(slots=True)
class Group:
    """Households of one kind that fared alike.

    `cuts_us` are the first and the last cut, `cuts` how many there were in each `BIN_US`, by the
    number of the bin since 1970. `displays` are the wrong T2 that their meters stated.
    """

    first: Seen
    count: int = 0
    broken: int = 0
    cuts_us: tuple[int, int] | None = None
    cuts: Counter[int] = field(default_factory=Counter)
    displays: "dict[Civil | None, WrongDisplays]" = field(default_factory=dict)

    def add(self, outcome: Outcome, *, broken: bool) -> None:
        """Take one more in."""
        self.count += 1
        self.broken += broken
        if outcome.cut_us is not None:
            first_us, last_us = self.cuts_us or (outcome.cut_us, outcome.cut_us)
            self.cuts_us = (min(first_us, outcome.cut_us), max(last_us, outcome.cut_us))
            self.cuts[outcome.cut_us // BIN_US] += 1
        if outcome.wrong_display is not None:
            from_us, stated = outcome.wrong_display
            row = self.displays.setdefault(stated, WrongDisplays(from_us))
            row.count += 1
            row.from_us = min(row.from_us, from_us)


@final
@dataclass(slots=True)
class WrongDisplays:
    """Households whose meters stated the same wrong T2, and since when the first did."""

    from_us: int
    count: int = 0


class Collector:
    """Takes in households one by one, in the order of the campaign."""

    def __init__(self, campaign: Campaign, made: Made) -> None:
        self.campaign: Final = campaign
        self.made: Final = made
        self.homes: Final = HomeCounts(campaign)
        self.groups: Final[dict[GroupKey, Group]] = {}
        self.more: Final[dict[Verdict, list[Seen]]] = {verdict: [] for verdict in Verdict}
        self.counts: Final[Counter[Verdict]] = Counter()
        self.broken: Final[Counter[Verdict]] = Counter()
        self.first_broken: Seen | None = None
        self.broken_verdicts: Final[Counter[Verdict]] = Counter()  # by the verdict itself
        self.found: Final[Counter[FindingKind]] = Counter()  # of what nobody expected
        self.own_dates: Final[Counter[int]] = Counter()  # by T2, where it lies before the announced

    def add(self, household: Household, outcome: Outcome, events: Sequence[Event]) -> None:
        """Take in one household; `events` are all of its events, in time order."""
        broken = not self.homes.add(household, outcome)
        self.counts[outcome.verdict] += 1
        self.broken[outcome.verdict] += broken
        self.broken_verdicts[outcome.verdict] += not verdict_expected(outcome, household)
        self.found.update({one.kind for one in unexpected_findings(outcome, household)})
        key = GroupKey(outcome.kind, outcome.model, outcome.build, outcome.verdict)
        seen = Seen(household, outcome, tuple(events))
        if key not in self.groups:
            self.groups[key] = Group(seen)
        elif broken and len(self.more[outcome.verdict]) < MORE_MAX:
            self.more[outcome.verdict].append(seen)
        self.groups[key].add(outcome, broken=broken)
        if broken and outcome.cut_us is not None:
            self._keep_first_broken(seen, outcome.cut_us)
        if outcome.announced_us is not None and cut_before_announced(outcome, household):
            self.own_dates[outcome.announced_us] += 1

    def _keep_first_broken(self, seen: Seen, cut_us: int) -> None:
        first = self.first_broken
        if first is None or first.outcome.cut_us is None or cut_us < first.outcome.cut_us:
            self.first_broken = seen

    @property
    def displays(self) -> list[WrongDisplays]:
        """All that stated a wrong T2."""
        return [row for group in self.groups.values() for row in group.displays.values()]

    @property
    def typical(self) -> Group:
        """The group to look at first: of the largest of what is broken, or of all, most homes."""
        often = self.broken if self.broken.total() else self.counts
        verdict = max(Verdict, key=lambda one: often[one])  # the gravest of equals
        if not self.broken.total() and self.counts[Verdict.ON_TIME]:
            verdict = Verdict.ON_TIME
        groups = [
            group
            for key, group in self.groups.items()
            if key.verdict is verdict and (group.broken or not self.broken.total())
        ]
        return max(groups, key=lambda group: (self._in_typical_night(group), group.count))

    def _in_typical_night(self, group: Group) -> bool:
        cut_us = group.first.outcome.cut_us
        return cut_us is not None and self.homes.dark_time(cut_us) == self.homes.typical
