"""The page: what was collected, turned into words and drawings, and those into HTML.

Self-contained: style and drawings are in the page, and its own policy forbids the browser to load
anything, and to run any script but the one that finds a household by typing, named by its hash.
Without that script the page is whole. Every text goes through the template's escaping.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from card_protocol.timestamp import Civil
from meter_emu.languages import speech
from meter_emu.report.facts import Collector, Facts, Group, Seen, facts_of
from meter_emu.report.histogram import BARS_HEIGHT_PX, histograms, lone_cuts
from meter_emu.report.scale import civil_us
from meter_emu.report.timeline import CURVE_HEIGHT, CURVE_WIDTH, Drawing, drawings
from meter_emu.report.words import (
    BY_ITS_DATE_US,
    HAPPENED,
    duration,
    first_broken_cut,
    full_moment,
    offset,
    one_style,
    shares,
    short,
    stamp,
    to_do,
)
from meter_emu.units import UEUR_PER_CENT, euro
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Announcement, Household
from meter_emu.world.judge.knowledge import clock_beyond_us
from meter_emu.world.judge.phrases import households
from meter_emu.world.judge.promise import PromiseKind
from meter_emu.world.judge.verdict import expected
from meter_emu.world.judge.verdicts import GOOD, PLAIN, Lived, Verdict
from meter_emu.world.meter.events import Event
from meter_emu.zones import TimeZone

TEMPLATE: Final = "rehearsal.html.jinja"
_SCRIPT: Final = "find.js"
_BREACHES_SHOWN: Final = 5  # ours: of one household; all are in the JSON


@final
@dataclass(frozen=True, slots=True)
class Announced:
    """What was announced to all, or to some, in words; `None` for an end that it did not have."""

    name: str | None
    text: str
    defer_until: str | None
    cut_at: str | None


@final
@dataclass(frozen=True, slots=True)
class LogLine:
    """One event of the log."""

    at: str
    happened: str
    detail: str
    shown: str
    balance: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One household on the page."""

    anchor: str
    id: str
    kind: str
    alike: str
    tone: str
    sentence: str
    facts: tuple[tuple[str, str], ...]
    drawings: tuple[Drawing, ...]
    log: tuple[LogLine, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdGroup:
    """One group in the table of households."""

    story: Story
    promise: str
    in_meter: str
    display: str
    stored: str  # the line of the log that has the write, as an anchor
    cut: str
    unfed: str
    find: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One verdict, and its households."""

    verdict: Verdict
    heading: str
    meaning: str
    count: int
    broken: int
    share: str
    tone: str
    rows: tuple[HouseholdGroup, ...]
    more: tuple[Story, ...]
    left_out: int


def render(seen: Collector) -> str:
    """Return the whole page as HTML text: the same rehearsal gives the same text."""
    campaign, environment = seen.campaign, environment_of_pages()
    assert environment.loader is not None, "templates come from somewhere"
    script, _, _ = environment.loader.get_source(environment, _SCRIPT)
    sections = tuple(_sections(seen))
    stories = {row.story.id: row.story for section in sections for row in section.rows}
    return environment.get_template(TEMPLATE).render(
        name=campaign.name,
        announced=tuple(_announced(promise, campaign.zone) for promise in campaign.announced),
        answer=(answer := seen.households.answer),
        tone=answer.tone.value,
        first_broken_cut=first_broken_cut(seen),
        typical=stories[seen.typical.first.household.id],
        lived_right=seen.households.lived[Lived.AS_ANNOUNCED],
        notes=(*seen.made.notes, *answer.notes),
        total=seen.counts.total(),
        broken=seen.broken.total(),
        outside=seen.households.outside,
        to_do=tuple(to_do(seen)),
        nights=histograms(seen),
        alone=tuple(lone_cuts(seen)),
        bars_height=BARS_HEIGHT_PX,
        sections=sections,
        made=tuple(_made(seen)),
        one_household=seen.made.one_household,
        lived=seen.made.lived,
        script=Markup(script),  # noqa: S704  our own file
        script_hash=b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        curve_width=CURVE_WIDTH,
        curve_height=CURVE_HEIGHT,
        households=households,
    )


def _announced(promise: Announcement, zone: TimeZone) -> Announced:
    defer_until, cut_at = (
        None if us is None else full_moment(us, zone) for us in (promise.defer_us, promise.cut_us)
    )
    return Announced(promise.name, promise.words, defer_until, cut_at)


def environment_of_pages() -> Environment:
    """Return what renders the templates of pages; every text is escaped."""
    environment = Environment(
        loader=PackageLoader("meter_emu.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    spoken = (speech.said, speech.said_of, speech.written_whole, speech.spoken_language)
    environment.globals |= {one.__name__: one for one in spoken}
    return environment


def _sections(seen: Collector) -> Iterator[Section]:
    number = 0
    parts = dict(
        zip(seen.counts, shares([seen.counts[verdict] for verdict in seen.counts]), strict=True)
    )
    for verdict in Verdict:
        count, broken = seen.counts[verdict], seen.broken[verdict]
        if not count:
            continue
        groups = [group for key, group in seen.groups.items() if key.verdict is verdict]
        rows = []
        for group in groups:
            number += 1
            rows.append(_row(group, f"household-{number}", seen.campaign))
        more = []
        for one in seen.more[verdict]:
            number += 1
            more.append(story_of(one, f"household-{number}", seen.campaign, alike=""))
        yield Section(
            verdict=verdict,
            heading=PLAIN[verdict].heading,
            meaning=PLAIN[verdict].meaning,
            count=count,
            broken=broken,
            share=parts[verdict],
            tone=_tone(verdict, broken=bool(broken)),
            rows=tuple(rows),
            more=tuple(more),
            left_out=max(0, broken - len(more) - sum(group.broken > 0 for group in groups)),
        )


def _tone(verdict: Verdict, *, broken: bool) -> str:
    if broken:
        return "bad"
    return "good" if verdict in GOOD else "warn"


def _row(group: Group, anchor: str, campaign: Campaign) -> HouseholdGroup:
    first, zone = group.first, campaign.zone
    ordered_us = first.outcome.ordered_us
    cuts = dict.fromkeys(short(us, zone) for us in group.cuts_us or ())
    alike = "" if group.count == 1 else f"the first of {households(group.count)} of this kind"
    words = (
        first.household.id, first.household.kind, first.outcome.verdict.value,
        PLAIN[first.outcome.verdict].heading, first.outcome.model, first.outcome.build,
        *(finding.kind.value for finding in first.outcome.findings),
        *(one.name for one in first.household.announced if one.name),
    )  # fmt: skip
    return HouseholdGroup(
        find=" ".join(words),
        stored=_stored(first, anchor),
        unfed=_unfed(first, campaign),
        story=story_of(first, anchor, campaign, alike=alike),
        promise=_announced_to(first.household, zone),
        in_meter="no cut" if ordered_us is None else short(ordered_us, zone),
        display="; ".join(_displays(group, campaign)) or "as announced",
        cut=" to ".join(cuts) or _uncut(first),
    )


def _uncut(seen: Seen) -> str:
    """Return the words for no cut: at T2 there may have been no supply to take."""
    return "was off already" if seen.outcome.verdict is Verdict.ON_TIME else "not cut"


def _unfed(seen: Seen, campaign: Campaign) -> str:
    """Return from when to when lack of credit took the supply, the first time; empty for never."""
    if not seen.outcome.unfed:
        return ""
    (from_us, to_us), *others = seen.outcome.unfed
    last = "the end" if to_us >= campaign.end_us else short(to_us, campaign.zone)
    more = f", and {len(others)} times more" if others else ""
    return f"{short(from_us, campaign.zone)} to {last}{more}"


def _stored(seen: Seen, anchor: str) -> str:
    """Return the anchor of the card session that stored a wrong date; empty where none did."""
    if seen.outcome.wrong_display is None:
        return ""
    since_us = seen.outcome.wrong_display[0]
    numbers = (n for n, e in enumerate(seen.events, 1) if e.understood and e.at_us >= since_us)
    return f"{anchor}-{next(numbers)}"


def _announced_to(household: Household, zone: TimeZone) -> str:
    """Return what was announced to this household."""
    promise = household.last_announced
    if promise is None:
        return "nothing"
    if promise.cut_us is not None:
        return short(promise.cut_us, zone)
    return "" if promise.defer_us is None else f"on to {short(promise.defer_us, zone)}"


def _displays(group: Group, campaign: Campaign) -> Iterator[str]:
    """Yield which wrong T2 the meters of a group stated, and since when."""
    for stated, row in sorted(group.displays.items(), key=lambda item: item[1].from_us):
        said = "no cut" if stated is None else _civil(stated, campaign)
        many = "" if row.count == group.count else f"{row.count:,} said "
        yield f"{many}{said}, since {short(row.from_us, campaign.zone)}"


def story_of(seen: Seen, anchor: str, campaign: Campaign, *, alike: str) -> Story:
    """Return a household as the page draws it."""
    facts = facts_of(seen, campaign)
    broken = not expected(seen.outcome, seen.household)
    return Story(
        anchor=anchor,
        id=seen.household.id,
        kind=seen.household.kind,
        alike=alike,
        tone=_tone(seen.outcome.verdict, broken=broken),
        sentence=" ".join(_sentences(facts, campaign)),
        facts=tuple(_facts(seen, facts, campaign)),
        drawings=tuple(drawings(seen, facts, campaign)),
        log=tuple(_line(event, campaign) for event in seen.events),
    )


def _sentences(facts: Facts, campaign: Campaign) -> Iterator[str]:
    """Yield what a drawing shows, for anyone who does not see it."""
    yield f"Announced: {_promise(facts, campaign)}."
    yield f"The meter understood: {_stated(facts, campaign)}."
    if facts.cut_us is None:
        yield "No cut by order, and none against a promise."
    else:
        when = f"{short(facts.cut_us, campaign.zone)}{_offset(facts)}"
        yield f"Supply {'limited' if facts.only_limited else 'cut'} on {when}."


def _facts(seen: Seen, facts: Facts, campaign: Campaign) -> Iterator[tuple[str, str]]:
    zone = campaign.zone
    yield "Promise", _promise(facts, campaign)
    yield "The meter understood", _stated(facts, campaign)
    cut = "no" if facts.cut_us is None else f"{short(facts.cut_us, zone)}{_offset(facts)}"
    yield "Limited" if facts.only_limited else "Cut", cut
    for breach in seen.outcome.breaches[:_BREACHES_SHOWN]:
        until = f"{short(breach.from_us, zone)} to {short(breach.to_us, zone)}"
        yield "Promise broken", f"{until}: {breach.in_words}"
    for finding in seen.outcome.findings:
        yield "Found", f"{one_style(finding.words)}, {short(finding.from_us, zone)}"
    if facts.other_cuts:
        first = facts.other_cuts[0]
        times = "once" if len(facts.other_cuts) == 1 else f"{len(facts.other_cuts)} times, first"
        reason = f" ({first.shown})" if first.shown else ""
        yield "Also disconnected", f"{times} on {short(first.at_us, zone)}{reason}"
    start = f"{euro(seen.household.balance_cents * UEUR_PER_CENT)} € at the start"
    end = f"{euro(facts.balance[-1][1])} € at the end" if facts.balance else "then unknown"
    yield "Balance", f"{start}, {end}"
    yield "Meter", f"{seen.outcome.model}, program {seen.outcome.build}"
    if clock_beyond_us(seen.household, campaign.end_us) is not None:
        yield "Clock", "beyond its bound: a fault outside the promise"


def _promise(facts: Facts, campaign: Campaign) -> str:
    promise, zone = facts.promise, campaign.zone
    if facts.ordered_us is not None:
        return f"cut on {short(facts.ordered_us, zone)}"
    if promise.kind is PromiseKind.REACTIVATED:
        return f"no cut: reactivated on {short(promise.from_us, zone)}"
    return "no cut: the ordinary rules"


def _stated(facts: Facts, campaign: Campaign) -> str:
    if not facts.has_stated:
        return "no order: no card was put in"
    if facts.stated is None:
        return "no cut"
    if facts.stated_us is None:
        return f"cut on {facts.stated}, a day that does not exist"
    return f"cut on {short(facts.stated_us, campaign.zone)}"


def _offset(facts: Facts) -> str:
    if facts.cut_us is None:
        return ""
    if facts.ordered_us is None:
        return ", and no cut was due"
    if facts.ordered_us - facts.cut_us > BY_ITS_DATE_US:
        return ", and not by its order"
    return f", {offset(facts.cut_us - facts.ordered_us)}"


def _line(event: Event, campaign: Campaign) -> LogLine:
    return LogLine(
        at=stamp(event.at_us, campaign.zone),
        happened=HAPPENED[event.what],
        detail=one_style(", ".join(part for part in (event.detail, _understood(event)) if part)),
        shown=event.shown,
        balance="unknown" if event.balance_ueur is None else f"{euro(event.balance_ueur)} €",
    )


def _understood(event: Event) -> str:
    """Return T1 and T2 as the meter stated them in its write-back, where there was one."""
    if event.understood is None:
        return ""
    defer_until, cut_at = event.understood
    defer = "no deferral" if defer_until is None else f"no disconnection until {defer_until}"
    return f"it understood {defer}, {'no cut' if cut_at is None else f'cut at {cut_at}'}"


def _civil(when: Civil, campaign: Campaign) -> str:
    us = civil_us(when, campaign.zone)
    return str(when) if us is None else short(us, campaign.zone)


def _made(seen: Collector) -> Iterator[tuple[str, str]]:
    campaign, zone = seen.campaign, seen.campaign.zone
    yield "Campaign", campaign.name
    yield "Command", f"{seen.made.command} --report DIR"
    yield "Campaign file", f"SHA-256 {seen.made.sha256}"
    yield "Tool", f"meter-emu {seen.made.version}"
    length = duration(campaign.end_us - campaign.start_us)
    ends = f"{full_moment(campaign.start_us, zone)} to {full_moment(campaign.end_us, zone)}"
    yield "Rehearsed", f"{ends}, {length}"
    yield "Times", f"legal time, {campaign.zone.key}"
    yield "Seed", str(campaign.seed)
    yield "Programs", _listed(key.build for key in seen.groups)
    yield "Meter models", _listed(key.model for key in seen.groups)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
