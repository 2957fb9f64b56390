"""What can be put right alone in the life of a household that did not live what it heard.

Its doing is whose repair lets it live that. Each is a row of `REPAIRS`, and changes
nobody else: `docs/decisions/doing.md` says what, and why.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, final

from meter_emu.languages.speech import marked, said
from meter_emu.units import HOUR_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import (
    Announcement,
    DeskOrder,
    Household,
    NewCard,
    Visit,
    VisitKind,
    newest_announced,
)
from meter_emu.world.judge.outcome import Doing
from meter_emu.world.judge.phrases import CampaignDates
from meter_emu.world.judge.token_repairs import (
    keyed_in_when_sold,
    sold_rightly,
    visited_in_time,
)
from meter_emu.world.judge.verdicts import RepairName
from meter_emu.world.meter.build import parse_build

_COMES_US: Final = HOUR_US  # ours: to the office after they heard, and from there to the meter
_CARDS: Final = (VisitKind.OLD_CARD, VisitKind.COPY, VisitKind.OTHERS_CARD)


@final
@dataclass(frozen=True, slots=True)
class RepairCase:
    """A household as its meter is run, and by whose words and announcements it is judged.

    `at_us` is since when it did not live what it heard; `erred` is whether its meter had broken its
    orders then.
    """

    run: Household
    heard: Household
    campaign: Campaign
    at_us: int
    erred: bool

    @property
    def sold_sts(self) -> bool:
        """Whether it is sold STS tokens, of which an office makes each."""
        return self.run.model.sts is not None

    @property
    def newest(self) -> Announcement | None:
        """What counted when it went wrong: what was heard last, or what an office knew better."""
        known = newest_announced(self.heard.announced, self.at_us)
        shown = [self.shown(one) for one in self.run.visits if one.at_us <= self.at_us]
        later = [one for one in shown if one and known and one.made_us > known.made_us]
        return later[-1] if later else known

    def shown(self, visit: Visit) -> Announcement | None:
        """What an office goes by: what the household has heard, or a later one that it wrote."""
        own = newest_announced(self.heard.announced, visit.at_us)
        if own is None or visit.desk is None or not visit.desk.dated:
            return own
        written = visit.desk.defer_us, visit.desk.cut_us
        for one in reversed(self.campaign.announced):
            if own.made_us < one.made_us <= visit.at_us and _are(written, one):
                return one
        return own

    def running(self, visits: Iterable[Visit], **changes: object) -> "RepairCase":
        """Return it with other visits, and other changes of the meter's household."""
        run = replace(self.run, visits=tuple(visits), **changes)  # type: ignore[arg-type]
        return replace(self, run=run)


@final
@dataclass(frozen=True, slots=True)
class RepairRow:
    """One repair: whose doing it shows, what was to be otherwise, and what it changes."""

    doing: str
    had: str
    change: Callable[[RepairCase], RepairCase]


def _are(written: tuple[int | None, int | None], one: Announcement) -> bool:
    """Whether the ends that were written, if any, are those announced."""
    ends = one.defer_us, one.cut_us
    return all(us in (None, end) for us, end in zip(written, ends, strict=True))


def _dated(order: DeskOrder, one: Announcement | None) -> DeskOrder:
    """Return an order whose ends are those announced; one that was not announced is left out."""
    if one is None:
        return replace(order, defer_until=None, defer_us=None, cut_at=None, cut_us=None)
    if order.defer_us is not None:
        order = replace(order, defer_until=one.defer_until, defer_us=one.defer_us)
    if order.cut_us is not None:
        order = replace(order, cut_at=one.cut_at, cut_us=one.cut_us)
    return order


def _known_then(life: RepairCase, visit: Visit, newest: Announcement) -> Visit:
    """Return a visit at which another announcement is known; an office's own mistake stays."""
    order, was = visit.desk, life.shown(visit)
    if order is None or was is None or not order.dated:
        return visit
    right = _are((order.defer_us, order.cut_us), was)
    return replace(visit, desk=_dated(order, newest)) if right else visit


# What each changes -------------------------------------------------------------------------------


def _office_right(life: RepairCase) -> RepairCase:
    if life.sold_sts:
        return replace(life, run=sold_rightly(life.run))

    def right(visit: Visit) -> Visit:
        if visit.desk is None:
            return visit
        order = replace(visit.desk, torn=False, fields=None, office_error_s=0)
        return replace(visit, desk=_dated(order, life.shown(visit)) if order.dated else order)

    build = parse_build(life.run.build)
    return life.running(map(right, life.run.visits), build=build.named(desk=False, meter=True))


def _card_right(life: RepairCase) -> RepairCase:
    def right(visit: Visit) -> Visit:
        if visit.kind in _CARDS:
            return Visit(at_us=visit.at_us, kind=VisitKind.INSERT, in_file=visit.in_file)
        if visit.desk is None or visit.desk.new_card is None:
            return visit
        return replace(visit, desk=replace(visit.desk, new_card=NewCard()))

    return life.running(map(right, life.run.visits), first_card=NewCard())


def _clock_right(life: RepairCase) -> RepairCase:
    right = (
        replace(visit, clock_error_s=0, made_us=None, for_meter=None, lost=False)
        for visit in life.run.visits
        if visit.kind is not VisitKind.UPSET
    )
    return life.running(right, clock_error_s=0, drift_ppb=0, rtc_found=())


def _street_powered(life: RepairCase) -> RepairCase:
    return life.running(life.run.visits, outages=(), rtc_found=())


def _household_sooner(life: RepairCase) -> RepairCase:
    """Have it come when it heard, for all that was announced, and put the card in.

    One that never set out for an office again is no candidate: that people hear and stay in is
    what a plan has to reckon with.
    """
    if life.run.tokens:
        ends_us = life.campaign.start_us, life.campaign.end_us
        return replace(life, run=keyed_in_when_sold(life.run, *ends_us))
    newest, visits = newest_announced(life.heard.announced, life.at_us), list(life.run.visits)
    if newest is None:
        return life
    asked = (one for one in visits if one.desk is not None and one.desk.dated)
    came = next((one for one in asked if one.at_us >= newest.made_us), None)
    if came is None:
        return life
    after = visits[visits.index(came) + 1 :]
    put_in = next((one for one in after if one.kind is VisitKind.INSERT), None)
    right = _known_then(life, came, newest)
    order = right.desk
    assert order is not None, "it is a visit to an office"
    if order.defer_us is None:
        order = replace(order, defer_until=newest.defer_until, defer_us=newest.defer_us)
    if order.cut_us is None:
        order = replace(order, cut_at=newest.cut_at, cut_us=newest.cut_us)
    if order == came.desk and put_in is not None and put_in.at_us <= life.at_us:
        return life
    from_us = max(newest.made_us, life.campaign.start_us)
    comes_us = min(came.at_us, from_us + _COMES_US)
    puts_us = comes_us + _COMES_US if put_in is None else min(put_in.at_us, comes_us + _COMES_US)
    left = [one for one in visits if one not in (came, put_in)]
    left.append(replace(right, at_us=comes_us, desk=order))
    left.append(Visit(at_us=puts_us, kind=VisitKind.INSERT, in_file=came.in_file))
    left.sort(key=lambda one: one.at_us)
    return replace(life.running(left), heard=replace(life.heard, visits=tuple(left)))


def _plan_sooner(life: RepairCase) -> RepairCase:
    if life.sold_sts:
        ends_us = life.campaign.start_us, life.campaign.end_us
        return replace(life, run=visited_in_time(life.run, *ends_us))
    newest = life.newest
    if newest is None:
        return life
    now = replace(newest, made_us=life.heard.announced[0].made_us, takers_only=True)
    if (now,) == life.heard.announced:
        return life
    moved = life.running(_known_then(life, visit, now) for visit in life.run.visits)
    return replace(moved, heard=replace(life.heard, announced=(now,)))


def _meter_of_ours(life: RepairCase) -> RepairCase:
    if not life.erred or life.run.image is not None:
        return life
    build = parse_build(life.run.build).named(desk=True, meter=False)
    return life.running(life.run.visits, build=build)


REPAIRS: Final = MappingProxyType({
    RepairName.OFFICE: RepairRow(
        marked("the doing of the office"),
        marked("had the office written {when}, as announced"),
        _office_right,
    ),
    RepairName.CARD: RepairRow(
        marked("the doing of the card"),
        marked("had the card been the newest and valid"),
        _card_right,
    ),
    RepairName.CLOCK: RepairRow(
        marked("the doing of the clock"),
        marked("had the meter's clock been right"),
        _clock_right,
    ),
    RepairName.SUPPLY: RepairRow(
        marked("the doing of the power failure"),
        marked("had there been power in the street"),
        _street_powered,
    ),
    RepairName.HOUSEHOLD: RepairRow(
        marked("the doing of the household"),
        marked("had the household come when it heard, for all that was announced"),
        _household_sooner,
    ),
    RepairName.PLAN: RepairRow(
        marked("the doing of the plan"),
        marked("had {when} been announced from the start, to those who take part"),
        _plan_sooner,
    ),
    RepairName.METER: RepairRow(
        marked("the doing of the meter"),
        marked("had the meter had our reference program"),
        _meter_of_ours,
    ),
})  # fmt: skip


_OF_TOKENS: Final = MappingProxyType({  # `had`, where tokens are keyed in
    RepairName.OFFICE: marked("had the office sold each token rightly"),
    RepairName.HOUSEHOLD: marked("had each token been keyed in when it was sold"),
    RepairName.PLAN: marked("had a new key been brought in time"),
})  # fmt: skip


# In words ----------------------------------------------------------------------------------------


def doing_said(doing: tuple[tuple[RepairName, ...], ...]) -> str:
    """Return whose doing it was, of repairs of which each is enough."""
    if not doing:
        return said("nothing that we can put right alone")
    return _joined(
        marked("{one}, or {other}"),
        [
            _joined(marked("{one} and {other}, together"), [said(REPAIRS[one].doing) for one in of])
            for of in doing
        ],
    )


def had_said(doing: Doing, household: Household, campaign: Campaign, at_us: int) -> str:
    """Return the smallest repair as a sentence: `had the office written 3 Jul 23:01, ...`."""
    newest = RepairCase(household, household, campaign, at_us, erred=False).newest
    when = said("no order") if newest is None else CampaignDates(campaign).short(newest.end_us)
    tokens = _OF_TOKENS if household.tokens else {}
    parts = [said(tokens.get(one, REPAIRS[one].had), when=when) for one in doing.repairs]
    return _joined(marked("{one}, and {other}"), parts)


def _joined(sentence: str, names: list[str]) -> str:
    first, *others = names
    for other in others:
        first = said(sentence, one=first, other=other)
    return first
