"""What the board's page of a report says, recomputed from the JSON of its rehearsal alone.

The reader has the HTML and the JSON, and shares no line with the report. Each text of the board
that has a figure or an instant is read, and one that nobody can read is denied. What is not read is
in `ADVICE`: it says what to do, and is tested where it is written (`test_words.py`).
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from tests.report.pages import Element, Page
from tests.world.judge.told_again import STATES, Again, moment, span

TILES: Final = {
    "supplied": "supplied",
    "behind a limiter": "limited",
    "disconnected by order": "disconnected",
    "without credit": "without_credit",
    "no power in the street": "no_power",
    "not known": "not_known",
}
COLUMNS: Final = {
    "supplied": "supplied",
    "10 A": "limited",
    "by order": "disconnected",
    "no credit": "without_credit",
    "no power": "no_power",
    "not known": "not_known",
}
ADVICE: Final = {"to-do", "announced", "made", "households", "timelines"}
DAYS: Final = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
MONTHS: Final = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def _text(element: Element) -> str:
    return " ".join(element.text.split())


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _sections(page: Page) -> Iterator[tuple[str, list[Element]]]:
    """Yield each section by the name of its heading, with the elements in it."""
    name, inside = "", list[Element]()
    for element in page.elements:
        if element.tag == "section":
            yield name, inside
            name, inside = element.attributes.get("aria-labelledby", ""), []
        inside.append(element)
    yield name, inside


def denied(html: str, found: dict[str, Any]) -> Iterator[str]:
    """Yield each text of the board's page that the JSON denies, or that nobody can read."""
    page, again = Page(html), Again(found)
    said = found["answer"]["said"]
    for name, inside in _sections(page):
        if name == "":
            yield from _first(inside, again, said)
        elif name == "night":
            yield from _night(inside, again)
        elif name == "breaks":
            yield from _breaks(inside, again, said)
        elif name == "by-group":
            yield from _by_group(inside, again)
        elif name not in ADVICE:
            yield f"no reader: {name}"


def _first(inside: list[Element], again: Again, said: list[str]) -> Iterator[str]:
    """Read the headline, what is said below it, and the tiles."""
    if not any(one.attributes.get("class") == "headline" for one in inside):
        return
    tiles = {}
    for one in inside:
        kind = one.attributes.get("class", "")
        if kind == "headline" and _text(one)[2:] != said[0]:
            yield f"headline: {_text(one)}"
        if kind == "more-said" and _text(one) not in said[1:]:
            yield f"below it: {_text(one)}"
        if one.tag == "li" and one.path[-1] == "ul" and "nav" not in one.path:
            match = re.fullmatch(r"([\d,]+)(\D+), ([\d.]+) ?%", _text(one))
            if match is None or match[2] not in TILES:
                yield f"no reader: {_text(one)}"
                continue
            tiles[TILES[match[2]]] = _number(match[1]), float(match[3])
    end = again.counts(again.end)
    for state, _ in STATES:
        number, share = tiles.get(state, (0, 0.0))
        if number != end.get(state, 0):
            yield f"tile {state}: {number}"
        if abs(share - 100 * number / max(1, again.run)) > 0.0501:
            yield f"tile {state}: {share} %"


def _named_moment(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def _short(when: datetime) -> str:
    return f"{DAYS[when.weekday()]} {when.day} {MONTHS[when.month - 1]} {when:%H:%M}"


def _night(inside: list[Element], again: Again) -> Iterator[str]:
    """Read how many are without supply at most, and between which instants."""
    (words, *_) = (_text(one) for one in inside if one.tag == "p")
    match = re.match(
        r"At most ([\d,]+) households? (?:is|are) cut or without credit between (.+?) and (.+?)\.",
        _named_moment(words),
    )
    if match is None:
        yield f"no reader: {words}"
        return
    minutes = [*again.minutes(), int(again.end)]
    first, last = (
        next(
            (
                minute
                for minute in range(minutes[0], minutes[-1] + 60 * 24)
                if not minute % 30 or minute in minutes
                if _short(_legal(minute, again)) == name
            ),
            None,
        )
        for name in (match[2], match[3])
    )
    if first is None or last is None:
        yield f"no such instant: {words}"
        return
    levels = [_off(again, first)]
    levels += [_off(again, minute) for minute in minutes if first <= minute <= last]
    if max(levels) != _number(match[1]):
        yield f"night: {words}; {max(levels)} by the meters"
    (desc,) = (_text(one) for one in inside if one.tag == "desc")
    if desc not in words:
        yield f"drawing: {desc}"


def _legal(minute: float, again: Again) -> datetime:
    """An instant as it is written: by the offset that the JSON has nearest to it."""
    known = [moment(change["from"]) for one in again.meters for change in one["supply"]]
    known.append(moment(again.found["answer"]["at_end"]["at"]))
    near = min(known, key=lambda when: abs(when.timestamp() / 60 - minute))
    return datetime.fromtimestamp(minute * 60, near.tzinfo)


def _off(again: Again, minute: float) -> int:
    counts = again.counts(minute)
    return counts.get("disconnected", 0) + counts.get("without_credit", 0)


def _breaks(inside: list[Element], again: Again, said: list[str]) -> Iterator[str]:
    """Read what breaks it: sentences of the answer, and the first that is cut against a promise."""
    for words in (_text(one) for one in inside if one.tag == "p"):
        if words in said[1:]:
            continue
        if words == "Nothing in this rehearsal.":
            if len(said) > 2 or _broken(again):
                yield words
            continue
        match = re.match(
            r"The first against its promise: (?P<id>[^,]+), on \w+ (?P<when>\d+ \w+ \d+ \d\d:\d\d)"
            r"(?P<rest>.*)",
            _named_moment(words),
        )
        if match is None:
            yield f"no reader: {words}"
            continue
        first = min(_broken(again), key=lambda one: moment(one["ordered"]["at"]), default=None)
        if first is None:
            yield words
            continue
        at = moment(first["ordered"]["at"])
        shown = f"{at.day} {MONTHS[at.month - 1]} {at:%Y %H:%M}"
        alike = {one["id"] for one in _broken(again) if moment(one["ordered"]["at"]) == at}
        if match["id"] not in alike or shown != match["when"]:
            yield words
        ordered = first["ordered"]["cut_ordered"]
        early = re.match(r", (.+) before its ordered cut\.", match["rest"])
        if early and (ordered is None or early[1] != span(moment(ordered) - at)):
            yield words
        if "no cut was due for it at all" in match["rest"] and ordered is not None:
            yield words


def _broken(again: Again) -> list[dict[str, Any]]:
    return [one for one in again.meters if not one["as_expected"] and one["ordered"]["at"]]


def _by_group(inside: list[Element], again: Again) -> Iterator[str]:
    """Read the figures at the end, by group or by kind; they add up to the households."""
    heads = [_text(one) for one in inside if one.tag == "th" and "thead" in one.path]
    if not heads:  # each kind is one household: a list of kinds
        kinds = {one["kind"] for one in again.found["meters"]}
        for words in (_text(one) for one in inside if one.tag == "dt"):
            if words not in kinds and not re.fullmatch(r"\d+ kinds? more", words):
                yield f"no such kind: {words}"
        return
    states = [COLUMNS[name] for name in heads[1:-1]]
    end: dict[str, Counter[str]] = {}
    for meter in again.meters:
        if heads[0] in meter:
            end.setdefault(meter[heads[0]], Counter())[again.state(meter, again.end)] += 1
    shown = _rows(inside)
    more = [name for name in shown if name not in end]
    left = [name for name in end if name not in shown]
    if left:
        if len(more) != 1 or not re.fullmatch(rf"{len(left):,} (group|kind)s? more", more[0]):
            yield f"rows: {more}, {len(left)} not shown"
            return
        end[more[0]] = sum((end[name] for name in left), Counter[str]())
    for name, figures in shown.items():
        if figures != [end.get(name, Counter[str]())[state] for state in states]:
            yield f"row {name}: {figures}"


def _rows(inside: list[Element]) -> dict[str, list[int]]:
    shown: dict[str, list[int]] = {}
    for one in inside:
        if one.tag == "th" and "tbody" in one.path:
            shown[_text(one)] = []
        elif one.tag == "td" and one.attributes.get("class") == "count":
            shown[list(shown)[-1]].append(_number(_text(one)))
    return shown
