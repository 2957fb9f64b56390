"""The page: what was collected, turned into words and drawings, and those into HTML.

Self-contained: style and drawings are in the page, and its own policy forbids the browser to load
anything, and to run any script but the one that finds a household by typing, named by its hash.
Without that script the page is whole. Every text goes through the template's escaping.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from card_protocol.timestamp import Civil
from meter_emu.languages import speech
from meter_emu.languages.speech import ENGLISH, marked_of, said, said_of, speaking
from meter_emu.report.facts import Collector, Facts, Group, Seen, facts_of
from meter_emu.report.histogram import BARS_HEIGHT_PX, histograms, lone_cuts
from meter_emu.report.scale import civil_us
from meter_emu.report.timeline import CURVE_HEIGHT, CURVE_WIDTH, Drawing, drawings
from meter_emu.report.words import (
    BY_ITS_DATE_US,
    HAPPENED,
    duration,
    euros,
    first_broken_cut,
    full_moment,
    offset,
    one_style,
    shares,
    short,
    stamp,
    to_do,
    with_count,
)
from meter_emu.units import UEUR_PER_CENT
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Announcement, Household
from meter_emu.world.judge.knowledge import clock_beyond_us
from meter_emu.world.judge.promise import PromiseKind
from meter_emu.world.judge.verdict import expected
from meter_emu.world.judge.verdicts import GOOD, PLAIN, PLAIN_FINDING, Lived, Verdict
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
    detail: str  # in the words of the program, English
    understood: str
    shown: str
    balance: str


class StoryFact(NamedTuple):
    """A fact of a household: its name and its value.

    `program` is what a meter or the judge says about it, in English; `aside` leaves it off paper.
    """

    name: str
    value: str
    aside: bool = False
    program: str = ""


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
    facts: tuple[StoryFact, ...]
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
    )


def _announced(promise: Announcement, zone: TimeZone) -> Announced:
    defer_until, cut_at = (
        None if us is None else full_moment(us, zone) for us in (promise.defer_us, promise.cut_us)
    )
    return Announced(promise.name, promise.words, defer_until, cut_at)


def environment_of_pages() -> Environment:
    """Return what renders the templates of reports."""
    return environment_of("meter_emu.report", "templates")


def environment_of(package: str, folder: str) -> Environment:
    """Return what renders templates in the language of now; what a page has is escaped."""
    environment = Environment(
        loader=PackageLoader(package, folder),
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
            heading=with_count(PLAIN[verdict].heading, count),
            meaning=said(PLAIN[verdict].meaning),
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
    alike = said_of(*_FIRST_OF, group.count) if group.count > 1 else ""
    words = (
        first.household.id, first.household.kind, first.outcome.verdict.value,
        said(PLAIN[first.outcome.verdict].heading), first.outcome.model, first.outcome.build,
        *(finding.kind.value for finding in first.outcome.findings),
        *(one.name for one in first.household.announced if one.name),
    )  # fmt: skip
    return HouseholdGroup(
        find=" ".join(words),
        stored=_stored(first, anchor),
        unfed=_unfed(first, campaign),
        story=story_of(first, anchor, campaign, alike=alike),
        promise=_announced_to(first.household, zone),
        in_meter=said("no cut") if ordered_us is None else short(ordered_us, zone),
        display="; ".join(_displays(group, campaign)) or said("as announced"),
        cut=_from_to(*cuts) if cuts else _uncut(first),
    )


_FIRST_OF: Final = marked_of(
    "the first of {count} household of this kind", "the first of {count} households of this kind"
)


def _from_to(start: str, end: str = "") -> str:
    return said("{start} to {end}", start=start, end=end) if end else start


def _uncut(seen: Seen) -> str:
    """Return the words for no cut: at T2 there may have been no supply to take."""
    return said("was off already") if seen.outcome.verdict is Verdict.ON_TIME else said("not cut")


def _unfed(seen: Seen, campaign: Campaign) -> str:
    """Return from when to when lack of credit took the supply, the first time; empty for never."""
    if not seen.outcome.unfed:
        return ""
    (from_us, to_us), *others = seen.outcome.unfed
    last = said("the end") if to_us >= campaign.end_us else short(to_us, campaign.zone)
    first = _from_to(short(from_us, campaign.zone), last)
    if not others:
        return first
    return said_of(
        "{first}, and {count} time more",
        "{first}, and {count} times more",
        len(others),
        first=first,
    )


def _stored(seen: Seen, anchor: str) -> str:
    """Return the anchor of the card session that stored a wrong date; empty where none did."""
    if seen.outcome.wrong_display is None:
        return ""
    since_us = seen.outcome.wrong_display[0]
    numbers = (n for n, e in enumerate(seen.events, 1) if e.understood and e.at_us >= since_us)
    number = next(numbers, None)  # none where the display alone was wrong
    return "" if number is None else f"{anchor}-{number}"


def _announced_to(household: Household, zone: TimeZone) -> str:
    """Return what was announced to this household."""
    promise = household.last_announced
    if promise is None:
        return said("nothing")
    if promise.cut_us is not None:
        return short(promise.cut_us, zone)
    return (
        "" if promise.defer_us is None else said("on to {when}", when=short(promise.defer_us, zone))
    )


def _displays(group: Group, campaign: Campaign) -> Iterator[str]:
    """Yield which wrong T2 the meters of a group stated, and since when."""
    for stated, row in sorted(group.displays.items(), key=lambda item: item[1].from_us):
        line = {
            "moment": said("no cut") if stated is None else _civil(stated, campaign),
            "since": short(row.from_us, campaign.zone),
        }
        if row.count == group.count:
            yield said("{moment}, since {since}", **line)
        else:
            yield said_of(
                "{count} said {moment}, since {since}",
                "{count} said {moment}, since {since}",
                row.count,
                **line,
            )


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
    yield said("Announced: {promise}.", promise=_promise(facts, campaign))
    yield said("The meter understood: {stated}.", stated=_stated(facts, campaign))
    if facts.cut_us is None:
        yield said("No cut by order, and none against a promise.")
    elif facts.only_limited:
        yield said("Supply limited on {when}.", when=_cut(facts, campaign))
    else:
        yield said("Supply cut on {when}.", when=_cut(facts, campaign))


def _facts(seen: Seen, facts: Facts, campaign: Campaign) -> Iterator[StoryFact]:
    zone = campaign.zone
    yield StoryFact(said("Promise"), _promise(facts, campaign))
    yield StoryFact(said("The meter understood"), _stated(facts, campaign))
    cut = said("no") if facts.cut_us is None else _cut(facts, campaign)
    yield StoryFact(said("Limited") if facts.only_limited else said("Cut"), cut)
    for breach in seen.outcome.breaches[:_BREACHES_SHOWN]:
        when = _from_to(short(breach.from_us, zone), short(breach.to_us, zone))
        yield StoryFact(said("Promise broken"), f"{when}: {breach.in_words}")
    for finding in seen.outcome.findings:
        when = short(finding.from_us, zone)
        heading = said(PLAIN_FINDING[finding.kind].heading)
        yield StoryFact(
            said("Found"), f"{heading}, {when}", program=_as_program_says(finding.words)
        )
    if facts.other_cuts:
        first = facts.other_cuts[0]
        words = said_of(
            "once on {when}",
            "{count} times, first on {when}",
            len(facts.other_cuts),
            when=short(first.at_us, zone),
        )
        yield StoryFact(said("Also disconnected"), words, aside=True, program=first.shown)
    start = euros(seen.household.balance_cents * UEUR_PER_CENT)
    if facts.balance:
        end = euros(facts.balance[-1][1])
        words = said("{start} at the start, {end} at the end", start=start, end=end)
    else:
        words = said("{start} at the start, then unknown", start=start)
    yield StoryFact(said("Balance"), words, aside=True)
    meter, program = seen.outcome.model, seen.outcome.build
    words = said("{meter}, program {program}", meter=meter, program=program)
    yield StoryFact(said("Meter"), words, aside=True)
    if clock_beyond_us(seen.household, campaign.end_us) is not None:
        yield StoryFact(said("Clock"), said("beyond its bound: a fault outside the promise"))


def _promise(facts: Facts, campaign: Campaign) -> str:
    promise, zone = facts.promise, campaign.zone
    if facts.ordered_us is not None:
        return said("cut on {when}", when=short(facts.ordered_us, zone))
    if promise.kind is PromiseKind.REACTIVATED:
        return said("no cut: reactivated on {when}", when=short(promise.from_us, zone))
    return said("no cut: the ordinary rules")


def _stated(facts: Facts, campaign: Campaign) -> str:
    if not facts.has_stated:
        return said("no order: no card was put in")
    if facts.stated is None:
        return said("no cut")
    if facts.stated_us is None:
        return said("cut on {day}, a day that does not exist", day=str(facts.stated))
    return said("cut on {when}", when=short(facts.stated_us, campaign.zone))


def _cut(facts: Facts, campaign: Campaign) -> str:
    """Return when the supply was cut or limited, and how far that is from its order."""
    assert facts.cut_us is not None, "there was a cut"
    when = short(facts.cut_us, campaign.zone)
    if facts.ordered_us is None:
        return said("{when}, and no cut was due", when=when)
    if facts.ordered_us - facts.cut_us > BY_ITS_DATE_US:
        return said("{when}, and not by its order", when=when)
    return f"{when}, {offset(facts.cut_us - facts.ordered_us)}"


def _line(event: Event, campaign: Campaign) -> LogLine:
    return LogLine(
        at=stamp(event.at_us, campaign.zone),
        happened=said(HAPPENED[event.what]),
        detail=_as_program_says(event.detail),
        understood=one_style(_understood(event)),
        shown=event.shown,
        balance=said("unknown") if event.balance_ueur is None else euros(event.balance_ueur),
    )


def _as_program_says(words: str) -> str:
    """Return words of the program, with dates as its language has them."""
    with speaking(ENGLISH):
        return one_style(words)


def _understood(event: Event) -> str:
    """Return T1 and T2 as the meter stated them in its write-back, where there was one."""
    if event.understood is None:
        return ""
    defer_until, cut_at = (None if one is None else str(one) for one in event.understood)
    if defer_until is None and cut_at is None:
        return said("it understood no deferral, no cut")
    if defer_until is None:
        return said("it understood no deferral, cut at {cut_at}", cut_at=cut_at or "")
    if cut_at is None:
        return said(
            "it understood no disconnection until {defer_until}, no cut", defer_until=defer_until
        )
    return said(
        "it understood no disconnection until {defer_until}, cut at {cut_at}",
        defer_until=defer_until,
        cut_at=cut_at,
    )


def _civil(when: Civil, campaign: Campaign) -> str:
    us = civil_us(when, campaign.zone)
    return str(when) if us is None else short(us, campaign.zone)


def _made(seen: Collector) -> Iterator[tuple[str, str]]:
    campaign, zone = seen.campaign, seen.campaign.zone
    yield said("Campaign"), campaign.name
    yield said("Command"), f"{seen.made.command} --report DIR"
    yield said("Campaign file"), f"SHA-256 {seen.made.sha256}"
    yield said("Tool"), f"meter-emu {seen.made.version}"
    length = duration(campaign.end_us - campaign.start_us)
    ends = _from_to(full_moment(campaign.start_us, zone), full_moment(campaign.end_us, zone))
    yield said("Rehearsed"), f"{ends}, {length}"
    yield said("Times"), said("legal time, {zone}", zone=campaign.zone.key)
    yield said("Seed"), str(campaign.seed)
    yield said("Programs"), _listed(key.build for key in seen.groups)
    yield said("Meter models"), _listed(key.model for key in seen.groups)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
