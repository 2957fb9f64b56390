"""The page: what was collected, turned into words and drawings, and those into HTML.

Self-contained: style and drawings are in the page, and its own policy forbids the browser to load
anything, and to run any script but the one that finds a household by typing, named by its hash.
Without that script the page is whole. Every text goes through the template's escaping.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from card_protocol.timestamp import Civil
from meter_emu.languages import speech
from meter_emu.languages.speech import marked_of, said, said_of
from meter_emu.report.drawn_household import Story, from_to, stored_session, story_of, tone_of
from meter_emu.report.facts import Collector, Group, Seen
from meter_emu.report.night import NIGHT_HEIGHT, NIGHT_WIDTH, night_of
from meter_emu.report.scale import civil_us
from meter_emu.report.shares import ShareRow, counts, headings, share_rows, states_of, tiles
from meter_emu.report.timeline import CURVE_HEIGHT, CURVE_WIDTH
from meter_emu.report.words import (
    first_broken_cut,
    full_moment,
    shares,
    short,
    to_do,
    with_count,
)
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Announcement, Household
from meter_emu.world.judge.phrases import duration
from meter_emu.world.judge.verdicts import PLAIN, Verdict
from meter_emu.zones import TimeZone

TEMPLATE: Final = "rehearsal.html.jinja"
_SCRIPT: Final = "find.js"
_SHARES_MAX: Final = 7  # ours: rows by group or kind on the board's page
_ROWS_MAX: Final = 36  # ours: kinds in the table that are not folded
_PAGE_BYTES: Final = 300_000  # ours: kinds get a timeline, worst first, while the page has room
_BOARD_BYTES: Final = 31_000  # ours: about the styles, the board's page and the script
_ROW_BYTES: Final = 350  # ours: about a line of the table
_STORY_BYTES: Final = 8_000  # ours: about a household that is folded


@final
@dataclass(frozen=True, slots=True)
class Announced:
    """What was announced to all, or to some, in words; `None` for an end that it did not have."""

    name: str | None
    text: str
    defer_until: str | None
    cut_at: str | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdGroup:
    """One group in the table of households; `find` are places in the words to find it by."""

    id: str
    kind: str
    alike: str
    tone: str
    story: Story | None
    anchor: str
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
    """One verdict, and its households; those of `folded` have no line until they are asked for."""

    verdict: Verdict
    heading: str
    count: int
    broken: int
    share: str
    tone: str
    rows: tuple[HouseholdGroup, ...]
    shown: tuple[HouseholdGroup, ...]
    folded: tuple[HouseholdGroup, ...]


def render(seen: Collector) -> str:
    """Return the whole page as HTML text: the same rehearsal gives the same text."""
    campaign, environment = seen.campaign, environment_of_pages()
    assert environment.loader is not None, "templates come from somewhere"
    script, _, _ = environment.loader.get_source(environment, _SCRIPT)
    found_by = _FindWords()
    room = _PAGE_BYTES - _BOARD_BYTES - len(seen.groups) * _ROW_BYTES
    sections = tuple(_sections(seen, found_by, drawn_max=max(0, room // _STORY_BYTES)))
    rows = [row for section in sections for row in section.rows]
    answer = seen.households.answer
    below = [words for words in answer.said[1:] if words != answer.supplied]
    states = states_of(answer.at_end)
    by_what, shares = _shares(seen, states)
    return environment.get_template(TEMPLATE).render(
        name=campaign.name,
        announced=tuple(_announced(promise, campaign.zone) for promise in campaign.announced),
        tone=answer.tone.value,
        headline=answer.said[0],
        promise=(answer.supplied,) if answer.supplied in answer.said[1:] else (),
        figures=tiles(answer.at_end, states),
        columns=headings(states),
        by_what=by_what,
        shares=shares,
        singles=tuple(_singles(seen)),
        breaks=tuple(_breaks(seen, below)),
        notes=(*seen.made.notes, *answer.notes),
        to_do=tuple(to_do(seen)),
        night=night_of(seen),
        night_width=NIGHT_WIDTH,
        night_height=NIGHT_HEIGHT,
        sections=sections,
        folded=sum(len(section.folded) for section in sections),
        undrawn=sum(row.story is None for row in rows),
        made=tuple(_made(seen)),
        find_words=found_by.all,
        one_household=seen.made.one_household,
        lived=seen.made.lived,
        script=Markup(script),  # noqa: S704  our own file
        script_hash=b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        curve_width=CURVE_WIDTH,
        curve_height=CURVE_HEIGHT,
    )


class _FindWords:
    """Words to find a household by, each once."""

    def __init__(self) -> None:
        self.all: Final[dict[str, int]] = {}

    def places(self, finders: Iterable[str]) -> str:
        """Return the places of some words, the new ones at the end."""
        return " ".join(str(self.all.setdefault(word, len(self.all))) for word in finders)


def _shares(seen: Collector, states: Sequence[str]) -> tuple[tuple[str, str], tuple[ShareRow, ...]]:
    """Return heading and first column, and the figures at the end by group, else by kind."""
    by_group = seen.households.answer.by_group
    if by_group:
        rows = [(name, counts(one, states)) for name, one in by_group.items()]
        words, forms = (said("By group, at the end"), said("group")), _MORE_GROUPS
    else:
        rows = [(name, counts(one.at_end, states)) for name, one in seen.by_kind.items()]
        words, forms = (said("By kind, at the end"), said("kind")), _MORE_KINDS
    rows.sort(key=lambda row: -sum(row[1][1:]))
    if len(rows) > _SHARES_MAX:
        others = [figures for _, figures in rows[_SHARES_MAX - 1 :]]
        summed = tuple(sum(column) for column in zip(*others, strict=True))
        rows[_SHARES_MAX - 1 :] = [(said_of(*forms, len(others)), summed)]
    return words, tuple(share_rows(rows, states))


def _singles(seen: Collector) -> Iterator[tuple[str, str]]:
    """Yield kind and verdict, the broken first, if each is one household: figures say nothing."""
    groups = sorted(seen.groups.items(), key=lambda item: not item[1].broken)
    if seen.households.answer.by_group or any(group.count > 1 for _, group in groups):
        return
    room = len(groups) if len(groups) <= _SHARES_MAX else _SHARES_MAX - 1
    for key, group in groups[:room]:
        yield group.first.household.kind, said(PLAIN[key.verdict].heading)
    if left := len(groups) - room:
        yield said_of(*_MORE_KINDS, left), ""


_MORE_GROUPS: Final = marked_of("{count} group more", "{count} groups more")
_MORE_KINDS: Final = marked_of("{count} kind more", "{count} kinds more")


def _breaks(seen: Collector, found: Iterable[str]) -> Iterator[str]:
    """Yield what went otherwise, and the first that was cut against its promise."""
    yield from found
    first = first_broken_cut(seen)
    if first is not None:
        yield first


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
    environment.globals["shown_command"] = shown_command
    spoken = (speech.said, speech.said_of, speech.written_whole, speech.spoken_language)
    environment.globals |= {one.__name__: one for one in spoken}
    return environment


def shown_command(command: str) -> Markup:
    """Return a command in whose options no line breaks."""
    words = (
        Markup('<span class="option">{}</span>').format(word) if word[:1] == "-" else escape(word)
        for word in command.split(" ")
    )
    return Markup(" ").join(words)


def _sections(seen: Collector, found_by: _FindWords, *, drawn_max: int) -> Iterator[Section]:
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
            anchor, drawn = f"h{number}", number <= drawn_max
            story = story_of(group.first, anchor, seen.campaign) if drawn else None
            rows.append(_row(group, story, anchor, seen.campaign, found_by))
        unfolded = max(0, _ROWS_MAX - (number - len(rows)))
        yield Section(
            verdict=verdict,
            heading=with_count(PLAIN[verdict].heading, count),
            count=count,
            broken=broken,
            share=parts[verdict],
            tone=tone_of(verdict, broken=bool(broken)),
            rows=tuple(rows),
            shown=tuple(rows[:unfolded]),
            folded=tuple(rows[unfolded:]),
        )


def _row(
    group: Group, story: Story | None, anchor: str, campaign: Campaign, found_by: _FindWords
) -> HouseholdGroup:
    first, zone = group.first, campaign.zone
    ordered_us = first.outcome.ordered_us
    cuts = dict.fromkeys(short(us, zone) for us in group.cuts_us or ())
    find = (
        first.outcome.model, first.outcome.build,
        *(finding.kind.value for finding in first.outcome.findings),
        *(one.name for one in first.household.announced if one.name),
    )  # fmt: skip
    return HouseholdGroup(
        id=first.household.id,
        kind=first.household.kind,
        alike=said_of(*_FIRST_OF, group.count) if group.count > 1 else "",
        find=found_by.places(find),
        stored="" if story is None or stored_session(first) is None else f"{anchor}-e",
        unfed=_unfed(first, campaign),
        tone=tone_of(first.outcome.verdict, broken=group.broken > 0),
        story=story,
        anchor=anchor,
        promise=_announced_to(first.household, zone),
        in_meter=said("no cut") if ordered_us is None else short(ordered_us, zone),
        display="; ".join(_displays(group, campaign)) or said("as announced"),
        cut=from_to(*cuts) if cuts else _uncut(first),
    )


_FIRST_OF: Final = marked_of(
    "the first of {count} household of this kind", "the first of {count} households of this kind"
)


def _uncut(seen: Seen) -> str:
    """Return the words for no cut: at T2 there may have been no supply to take."""
    return said("was off already") if seen.outcome.verdict is Verdict.ON_TIME else said("not cut")


def _unfed(seen: Seen, campaign: Campaign) -> str:
    """Return from when to when lack of credit took the supply, the first time; empty for never."""
    if not seen.outcome.unfed:
        return ""
    (from_us, to_us), *others = seen.outcome.unfed
    last = said("the end") if to_us >= campaign.end_us else short(to_us, campaign.zone)
    first = from_to(short(from_us, campaign.zone), last)
    if not others:
        return first
    return said_of(
        "{first}, and {count} time more",
        "{first}, and {count} times more",
        len(others),
        first=first,
    )


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


def _civil(when: Civil, campaign: Campaign) -> str:
    us = civil_us(when, campaign.zone)
    return str(when) if us is None else short(us, campaign.zone)


def _made(seen: Collector) -> Iterator[tuple[str, str | Markup]]:
    campaign, zone = seen.campaign, seen.campaign.zone
    yield said("Campaign"), campaign.name
    yield said("Command"), shown_command(f"{seen.made.command} --report DIR")
    yield said("Campaign file"), f"SHA-256 {seen.made.sha256}"
    yield said("Tool"), f"meter-emu {seen.made.version}"
    length = duration(campaign.end_us - campaign.start_us)
    ends = from_to(full_moment(campaign.start_us, zone), full_moment(campaign.end_us, zone))
    yield said("Rehearsed"), f"{ends}, {length}"
    yield said("Times"), said("legal time, {zone}", zone=campaign.zone.key)
    yield said("Seed"), str(campaign.seed)
    yield said("Programs"), _listed(key.build for key in seen.groups)
    yield said("Meter models"), _listed(key.model for key in seen.groups)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
