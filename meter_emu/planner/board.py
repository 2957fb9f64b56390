"""The page that a board decides on: one A4, data in and text out.

Self-contained: no script, and its own policy forbids the browser to load anything.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from meter_emu.languages import speech
from meter_emu.languages.speech import said
from meter_emu.planner import sentences
from meter_emu.planner.answer import PlanAnswer, PlanResult, Tried
from meter_emu.planner.decided import Criterion
from meter_emu.planner.lives import Town, last_day
from meter_emu.planner.plan_file import DAY_NAMES
from meter_emu.report.page import environment_of_pages
from meter_emu.report.shares import counts, headings, share_rows, tiles
from meter_emu.world.meter.times import us_to_legal

_TEMPLATE: Final = "plan.html.jinja"
_DAYS_SHOWN: Final = 28  # ours: before T2, and four after
_DAYS_AFTER: Final = 4
_OFFICE_WIDTH, _OFFICE_HEIGHT = 500, 100  # of the drawing
_TRIED_WIDTH: Final = 200  # to either side
_NONE: Final = "\u2013"


class DayBar(NamedTuple):
    """A day at an office: a bar to draw, and in words."""

    x: float
    width: float
    top: float
    height: float
    after: bool
    label: str


class Offices(NamedTuple):
    """The days, the most people on one, and how many the office serves on a full day."""

    bars: tuple[DayBar, ...]
    most: int
    room: int
    room_y: float


class TriedBar(NamedTuple):
    """An assumption, and two bars from the middle."""

    words: str
    low: float
    high: float


def board(result: PlanResult) -> str:
    """Return the page: the same plan gives the same text."""
    shown, town, difference, threshold = (
        result.shown, result.town, result.difference, result.threshold,
    )  # fmt: skip
    tone = "good" if not shown.morning.unsupplied else "warn"
    if any(one.morning.against_promise for one in result.answers):
        tone = "bad"
    promise = [sentences.headline(shown), sentences.promise_said(shown)]
    name = result.fit.group if result.fit else _full_first(shown)
    return (
        environment_of_pages()
        .get_template(_TEMPLATE)
        .render(
            name=town.raw.name,
            tone=tone,
            headline=promise.pop(0) if difference is None else sentences.decision_said(difference),
            promise=promise,
            figures=tiles(shown.morning),
            shown=shown.plan.name,
            columns=headings(),
            groups=tuple(
                share_rows(
                    (sentences.group_named(name), counts(one))
                    for name, one in shown.by_group.items()
                )
            ),
            plans=[_named_plan(one) for one in result.answers],
            criteria=[_criterion(one, result) for one in Criterion],
            more=list(zip(*map(_more, result.answers), strict=True)),
            compared=difference is not None,
            office=sentences.group_named(name),
            offices=_office(shown, name),
            fits=list(sentences.fit_said(result.fit))
            if result.fit
            else [sentences.room_said(name, shown.lives.last_day[name], plan=shown.plan.name)],
            tried=_tried_bars(result.tried),
            threshold=None if threshold is None else sentences.threshold_said(threshold),
            todos=[sentences.to_do_said(one) for one in result.todos],
            exact=sentences.exact_said(town, len(shown.drawn)),
            assumed=_assumed(town),
            sure=list(_sure(result)),
            audits=[sentences.audit_said(one) for one in result.answers],
            notes=town.sheet.notes,
            sha256=town.sheet.sha256,
        )
    )


def _named_plan(one: PlanAnswer) -> str:
    return said("{plan}: {when}", plan=one.plan.name, when=one.plan.cut_at)


def _criterion(criterion: Criterion, result: PlanResult) -> tuple[str, list[tuple[str, str]], str]:
    """Return a row: its words, each plan's figure and interval, and the better plan."""
    cells = []
    for one in result.answers:
        found = one.figure(criterion)
        low, high = (speech.written_whole(max(0, round(end))) for end in (found.low, found.high))
        cells.append((speech.written_whole(round(found.mean)), f"{low} {_NONE} {high}"))
    better = (
        "" if result.difference is None else sentences.verdict_said(result.difference, criterion)
    )
    return said(criterion.value), cells, better


def _sure(result: PlanResult) -> Iterator[str]:
    """Yield each figure with its interval by chance and with rounding, and each difference."""
    for one in result.answers:
        yield from (sentences.criterion_said(one, each) for each in Criterion)
    if result.difference is not None:
        yield from sentences.compared_lines(result.difference)


def _more(one: PlanAnswer) -> tuple[str, ...]:
    """Return what the other rows of the table say about a plan; the template names them."""
    zone, cuts = one.runner.zone, one.cuts_us
    spoken = _NONE
    if cuts is not None:
        spoken = f" {_NONE} ".join(dict.fromkeys(f"{us_to_legal(us, zone):%H:%M}" for us in cuts))
    days = [opens for opens, _, _ in one.lives.waiting.values()]
    return spoken, speech.written_day(min(days)) if days else _NONE


def _office(answer: PlanAnswer, group: str) -> Offices:
    """Return the days around T2 at an office."""
    days, there, before = answer.lives.days[group], Counter[date](), 0
    for one in days:
        there[one.day] += one.came + before
        before = one.waiting
    t2 = last_day(answer.plan.cut_at)
    shown = [t2 + timedelta(days=at) for at in range(1 - _DAYS_SHOWN, _DAYS_AFTER + 1)]
    most = max((there[day] for day in shown), default=0)
    room = max((one.room for one in days), default=0)
    scale, wide = _OFFICE_HEIGHT / max(1, most, room), _OFFICE_WIDTH / len(shown)
    bars = []
    for number, day in enumerate(shown):
        height = there[day] * scale
        label = speech.written_short_day(day) if day.weekday() == 0 else ""
        bars.append(
            DayBar(number * wide, wide * 0.85, _OFFICE_HEIGHT - height, height, day > t2, label)
        )
    return Offices(tuple(bars), most, room, _OFFICE_HEIGHT - room * scale)


def _full_first(answer: PlanAnswer) -> str:
    """Return the district whose office fills up first."""
    last_day = answer.lives.last_day
    return min(last_day, key=lambda name: (last_day[name] or date.min, name))


def _tried_bars(tried: Sequence[Tried]) -> list[TriedBar]:
    """Return the assumptions, what changes most first."""
    most = max((max(abs(one.change_low), abs(one.change_high)) for one in tried), default=0)
    scale = _TRIED_WIDTH / max(1, most)
    ordered = sorted(tried, key=lambda one: -max(abs(one.change_low), abs(one.change_high)))
    return [
        TriedBar(sentences.tried_said(one), one.change_low * scale, one.change_high * scale)
        for one in ordered
    ]


def _assumed(town: Town) -> list[tuple[str, str]]:
    """Return every assumption with its value, as the plan has it."""
    behaviour = town.raw.behaviour
    return [
        (said(sentences.ASSUMED[name]), _assumption_said(getattr(behaviour, name)))
        for name in behaviour.__struct_fields__
    ]


def _assumption_said(set_to: object) -> str:
    if isinstance(set_to, tuple):
        return " · ".join(
            f"{_named(name)}: {speech.written_number(share)}" for name, share in set_to
        )
    if isinstance(set_to, date):
        return speech.written_day(set_to)
    assert isinstance(set_to, (int, float)), "an assumption is a number, a day, or a curve"
    return speech.written_number(set_to)


def _named(name: object) -> str:
    """Return a point of a curve, or a day: of the week in the language of now."""
    return speech.written_weekday(DAY_NAMES.index(name)) if name in DAY_NAMES else str(name)
