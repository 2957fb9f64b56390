"""What the page shows of a rehearsal: what is kept of it, and a household as stretches of time.

However large the fleet, only these stay: one household of each kind and verdict, and counts: of
households, of wrong displays, of cuts in each `BIN_US`, of who is without supply by the minute.
A *kind* is the household's words with its model and build.

A household's facts come from events, from the model and from what was announced. Supply is what
the contactor and the street did; the deferral is drawn twice, as announced and as the meter stated.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final, NamedTuple, final

from card_protocol.timestamp import Civil
from meter_emu.languages.speech import Later
from meter_emu.report.scale import civil_us
from meter_emu.units import MINUTE_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.judge.answer import HouseholdCounts
from meter_emu.world.judge.breaches import supply_of
from meter_emu.world.judge.figures import SupplyCounts
from meter_emu.world.judge.obligations import Must, Span
from meter_emu.world.judge.outcome import Outcome, Supplied
from meter_emu.world.judge.promise import Promise, promise_at
from meter_emu.world.judge.verdict import (
    likely_events,
    owed_to,
    unexpected_findings,
    verdict_expected,
)
from meter_emu.world.judge.verdicts import FindingKind, Verdict
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.model import Window
from meter_emu.world.meter.times import to_us, us_to_legal
from meter_emu.zones import TimeZone

_SATURDAY: Final = 5


@final
@dataclass(frozen=True, slots=True)
class Stretch:
    """From one true instant to another, and what held between."""

    from_us: int
    to_us: int
    what: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One household's story. `ordered_us` is T2 as announced, `None` when no cut was due.

    `understood` is what the meter meant to do by the orders it stated: on until T1, off from T2.
    `others_us` is then T2 as announced to all, to compare with, `None` where nothing was announced.
    `stated` is T2 as the meter last stated it before the cut or the end, `has_stated` whether it
    did. `only_limited`: at `cut_us` the limiter came in place of a cut. `balance` are (instant,
    micro-euro) points, joined by straight lines.
    """

    supply: tuple[Stretch, ...]
    owed: tuple[Stretch, ...]
    deferral_promised: tuple[Stretch, ...]
    deferral_stated: tuple[Stretch, ...]
    understood: tuple[Stretch, ...]
    balance: tuple[tuple[int, int], ...]
    promise: Promise
    ordered_us: int | None
    others_us: int | None
    has_stated: bool
    stated: Civil | None
    stated_us: int | None
    cut_us: int | None
    only_limited: bool
    other_cuts: tuple[Event, ...]


def facts_of(seen: "Seen", campaign: Campaign) -> Facts:
    """Return the story of one household."""
    outcome, events = seen.outcome, seen.events
    row = owed_to(seen.household, campaign, likely_events(seen.household, campaign, events))
    orders = row.orders
    judged_us = campaign.end_us if outcome.cut_us is None else outcome.cut_us
    stated = [e.understood[1] for e in events if e.understood is not None and e.at_us <= judged_us]
    last = stated[-1] if stated else None
    promise = seen.household.last_announced
    return Facts(
        supply=tuple(_supply(events, campaign)),
        owed=tuple(_owed(row.spans)),
        deferral_promised=tuple(_deferral_promised(orders, campaign)),
        deferral_stated=tuple(_deferral_stated(events, campaign)),
        understood=tuple(_understood(events, campaign)),
        balance=tuple(_balance(events)),
        promise=promise_at(orders, judged_us),
        ordered_us=outcome.ordered_us,
        others_us=None if promise is None or outcome.ordered_us is not None else promise.cut_us,
        has_stated=bool(stated),
        stated=last,
        stated_us=None if last is None else civil_us(last, campaign.zone),
        cut_us=outcome.cut_us,
        only_limited=outcome.limited,
        other_cuts=tuple(e for e in events if e.what is What.OPENED and e.at_us != outcome.cut_us),
    )


_OWED: Final = {
    Must.ON: Supplied.ON.value,
    Must.OFF: Supplied.OFF.value,
    Must.LIMITED: Supplied.LIMITED.value,
}


def _owed(spans: Sequence[Span]) -> Iterator[Stretch]:
    """Yield what the supply had to be; where either would do there is a gap."""
    for must, alike in groupby(spans, key=lambda span: span.must):
        same = tuple(alike)
        if must is not Must.EITHER:
            yield Stretch(same[0].from_us, same[-1].to_us, _OWED[must])


def _supply(events: Sequence[Event], campaign: Campaign) -> Iterator[Stretch]:
    for had, alike in groupby(
        supply_of(events, campaign.start_us, campaign.end_us), key=lambda one: one.had
    ):
        spans = tuple(alike)
        yield Stretch(spans[0].from_us, spans[-1].to_us, had.value)


def _deferral_promised(orders: Sequence[Promise], campaign: Campaign) -> Iterator[Stretch]:
    followers = [promise.from_us for promise in orders[1:]]
    for promise, next_us in zip(orders, [*followers, campaign.end_us], strict=True):
        if promise.defer_us is not None and promise.from_us < min(promise.defer_us, next_us):
            yield Stretch(promise.from_us, min(promise.defer_us, next_us), "announced")


def _deferral_stated(events: Sequence[Event], campaign: Campaign) -> Iterator[Stretch]:
    stating = [(e.at_us, e.understood) for e in events if e.understood is not None]
    followers = [at_us for at_us, _ in stating[1:]]
    for (from_us, stated), next_us in zip(stating, [*followers, campaign.end_us], strict=False):
        until_us = None if stated[0] is None else civil_us(stated[0], campaign.zone)
        if until_us is not None and from_us < min(until_us, next_us):
            yield Stretch(from_us, min(until_us, next_us), "stated")


def _understood(events: Sequence[Event], campaign: Campaign) -> Iterator[Stretch]:
    stating = [(e.at_us, e.understood) for e in events if e.understood is not None]
    followers = [at_us for at_us, _ in stating[1:]]
    for (from_us, stated), next_us in zip(stating, [*followers, campaign.end_us], strict=False):
        t1_us, t2_us = (None if one is None else civil_us(one, campaign.zone) for one in stated)
        if t1_us is not None and from_us < min(t1_us, next_us):
            yield Stretch(from_us, min(t1_us, next_us), Supplied.ON.value)
        if t2_us is not None and t2_us < next_us:
            yield Stretch(max(from_us, t2_us), next_us, Supplied.OFF.value)


def _balance(events: Sequence[Event]) -> Iterator[tuple[int, int]]:
    """Yield the balance at each event, and the level before each rise: credit comes at once."""
    before: int | None = None
    for event in events:
        balance = event.balance_ueur
        if balance is None:
            continue
        if before is not None and balance > before:
            yield event.at_us, before
        yield event.at_us, balance
        before = balance


def protected_stretches(window: Window, from_us: int, to_us_: int, zone: TimeZone) -> list[Stretch]:
    """Return the non-disconnection periods that touch a stretch of time, joined where they meet.

    The calendar alone: what may switch the period off is not looked at.
    """
    found: list[Stretch] = []
    day = us_to_legal(from_us, zone).date() - timedelta(days=2)
    last = us_to_legal(to_us_, zone).date() + timedelta(days=1)
    while day <= last:
        begins_us = _legal_us(day, window.start_minute, zone, fold=0)
        ends_us = _legal_us(day + timedelta(days=1), window.end_minute, zone, fold=1)
        if window.weekend and day.weekday() >= _SATURDAY:
            begins_us = _legal_us(day, 0, zone, fold=0)
        if window.weekend and (day + timedelta(days=1)).weekday() >= _SATURDAY:
            ends_us = _legal_us(day + timedelta(days=2), 0, zone, fold=1)
        if found and begins_us <= found[-1].to_us:
            found[-1] = Stretch(found[-1].from_us, max(found[-1].to_us, ends_us), "period")
        else:
            found.append(Stretch(begins_us, ends_us, "period"))
        day += timedelta(days=1)
    return [one for one in found if one.to_us > from_us and one.from_us < to_us_]


def _legal_us(day: date, minute: int, zone: TimeZone, *, fold: int) -> int:
    hour, minute = divmod(minute, 60)
    return to_us(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone.info, fold=fold))


BIN_US: Final = MINUTE_US  # ours: the finest a histogram can be


class Made(NamedTuple):
    """What the page says of its making: the tool's version, the command, the campaign file.

    `one_household` is the command that draws any one household, `lived` the one that lets a person
    live it, empty where there is none.
    """

    version: str
    command: str
    one_household: str
    lived: str
    sha256: str  # of the campaign file, in hex
    notes: tuple[Later, ...] = ()  # what the campaign's author may not have meant


@final
@dataclass(frozen=True, slots=True)
class Seen:
    """One household with its outcome and events."""

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
    """Households of one kind with the same verdict.

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
        self.households: Final = HouseholdCounts(campaign)
        self.groups: Final[dict[GroupKey, Group]] = {}
        self.against: Final = SupplyCounts(campaign.start_us, campaign.end_us)  # what is broken
        self.by_kind: Final[dict[str, SupplyCounts]] = {}  # by the household's words
        self.counts: Final[Counter[Verdict]] = Counter()
        self.broken: Final[Counter[Verdict]] = Counter()
        self.first_broken: Seen | None = None
        self.broken_verdicts: Final[Counter[Verdict]] = Counter()  # by the verdict itself
        self.found: Final[Counter[FindingKind]] = Counter()  # of what nobody expected

    def add(self, household: Household, outcome: Outcome, events: Sequence[Event]) -> None:
        """Take in one household; `events` are all of its events, in time order."""
        broken = not self.households.add(household, outcome)
        self.counts[outcome.verdict] += 1
        self.broken[outcome.verdict] += broken
        self.broken_verdicts[outcome.verdict] += not verdict_expected(outcome, household)
        self.found.update({one.kind for one in unexpected_findings(outcome, household)})
        if outcome.verdict is not Verdict.NOT_COVERED:
            ends_us = self.campaign.start_us, self.campaign.end_us
            self.by_kind.setdefault(household.kind, SupplyCounts(*ends_us)).add(outcome)
            if broken:
                self.against.add(outcome)
        key = GroupKey(outcome.kind, outcome.model, outcome.build, outcome.verdict)
        seen = Seen(household, outcome, tuple(events))
        if key not in self.groups:
            self.groups[key] = Group(seen)
        self.groups[key].add(outcome, broken=broken)
        if broken and outcome.cut_us is not None:
            self._keep_first_broken(seen, outcome.cut_us)

    def _keep_first_broken(self, seen: Seen, cut_us: int) -> None:
        first = self.first_broken
        if first is None or first.outcome.cut_us is None or cut_us < first.outcome.cut_us:
            self.first_broken = seen

    @property
    def displays(self) -> list[WrongDisplays]:
        """All that stated a wrong T2."""
        return [row for group in self.groups.values() for row in group.displays.values()]
