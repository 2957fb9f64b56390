"""One household of the page: its facts in words, two drawings and its event log."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, final

from meter_emu.languages.speech import ENGLISH, said, said_of, speaking
from meter_emu.report.facts import Facts, Seen, facts_of
from meter_emu.report.timeline import Drawing, drawings
from meter_emu.report.words import (
    BY_ITS_DATE_US,
    HAPPENED,
    euros,
    offset,
    one_style,
    short,
    stamp,
)
from meter_emu.units import UEUR_PER_CENT
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.judge.knowledge import clock_beyond_us
from meter_emu.world.judge.phrases import duration
from meter_emu.world.judge.promise import PromiseKind
from meter_emu.world.judge.repairs import had_said
from meter_emu.world.judge.verdict import expected
from meter_emu.world.judge.verdicts import GOOD, PLAIN_FINDING, Verdict
from meter_emu.world.meter.events import Event

_BREACHES_SHOWN: Final = 5  # ours: of one household; all are in the JSON


@final
@dataclass(frozen=True, slots=True)
class LogLine:
    """One event of the log; `anchor` where the table leads to it."""

    anchor: str
    at: str
    happened: str
    detail: str  # in the words of the program, English
    understood: str
    shown: str
    balance: str


class StoryFact(NamedTuple):
    """A fact of a household: its name and its value.

    `program` is what a meter or the judge says about it, in English.
    """

    name: str
    value: str
    program: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One household on the page."""

    anchor: str
    id: str
    tone: str
    sentence: str
    facts: tuple[StoryFact, ...]
    whole: Drawing
    close_up: Drawing | None
    log: tuple[LogLine, ...]


def story_of(seen: Seen, anchor: str, campaign: Campaign) -> Story:
    """Return a household as the page draws it."""
    facts = facts_of(seen, campaign)
    broken = not expected(seen.outcome, seen.household)
    whole, *close_up = drawings(seen, facts, campaign)
    stored = stored_session(seen)
    return Story(
        anchor=anchor,
        id=seen.household.id,
        tone=tone_of(seen.outcome.verdict, broken=broken),
        sentence=" ".join(_sentences(facts, campaign)),
        facts=tuple(_facts(seen, facts, campaign)),
        whole=whole,
        close_up=close_up[0] if close_up else None,
        log=tuple(
            _line(event, f"{anchor}-e" if number == stored else "", campaign)
            for number, event in enumerate(seen.events)
        ),
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


def _lived(seen: Seen, campaign: Campaign) -> Iterator[StoryFact]:
    """Yield what was paid for and lived, and the smallest repairs that would have sufficed."""
    outcome = seen.outcome
    if outcome.lived.light is not None:
        paid, had, left = map(duration, outcome.lived.light)
        words = said("{paid} paid for, {had} had, {left} left", paid=paid, had=had, left=left)
        yield StoryFact(said("Light"), words)
    if outcome.doing is None or outcome.lived.at_us is None:
        return
    found = (had_said(one, seen.household, campaign, outcome.lived.at_us) for one in outcome.doing)
    words = "; ".join(found) or said("nothing that we can put right alone")
    yield StoryFact(said("As announced"), words)


def _facts(seen: Seen, facts: Facts, campaign: Campaign) -> Iterator[StoryFact]:
    zone = campaign.zone
    yield StoryFact(said("Promise"), _promise(facts, campaign))
    yield StoryFact(said("The meter understood"), _stated(facts, campaign))
    cut = said("no") if facts.cut_us is None else _cut(facts, campaign)
    yield StoryFact(said("Limited") if facts.only_limited else said("Cut"), cut)
    yield from _lived(seen, campaign)
    for breach in seen.outcome.breaches[:_BREACHES_SHOWN]:
        when = from_to(short(breach.from_us, zone), short(breach.to_us, zone))
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
        yield StoryFact(said("Also disconnected"), words, program=first.shown)
    start = euros(seen.household.balance_cents * UEUR_PER_CENT)
    if facts.balance:
        end = euros(facts.balance[-1][1])
        words = said("{start} at the start, {end} at the end", start=start, end=end)
    else:
        words = said("{start} at the start, then unknown", start=start)
    yield StoryFact(said("Balance"), words)
    meter, program = seen.outcome.model, seen.outcome.build
    words = said("{meter}, program {program}", meter=meter, program=program)
    yield StoryFact(said("Meter"), words)
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


def _line(event: Event, anchor: str, campaign: Campaign) -> LogLine:
    return LogLine(
        anchor=anchor,
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


def stored_session(seen: Seen) -> int | None:
    """Return the place of the card session that stored a wrong date, where one did."""
    if seen.outcome.wrong_display is None:
        return None
    since_us = seen.outcome.wrong_display[0]
    places = (n for n, e in enumerate(seen.events) if e.understood and e.at_us >= since_us)
    return next(places, None)  # none where the display alone was wrong


def tone_of(verdict: Verdict, *, broken: bool) -> str:
    """Return how good a verdict is, for a colour and a sign."""
    if broken:
        return "bad"
    return "good" if verdict in GOOD else "warn"


def from_to(start: str, end: str = "") -> str:
    """Return a stretch of time in words, or an instant where there is no end."""
    return said("{start} to {end}", start=start, end=end) if end else start
