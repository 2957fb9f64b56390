"""The page that a board decides on: one A4, data in and text out.

Self-contained: no script, and its own policy forbids the browser to load anything.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from meter_emu.languages import speech
from meter_emu.languages.speech import said
from meter_emu.planner import sentences
from meter_emu.planner.answer import PlanAnswer, PlanResult, Tried
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
    """A day at the offices: a bar to draw, and in words."""

    x: float
    width: float
    top: float
    height: float
    after: bool
    label: str


class Offices(NamedTuple):
    """The days, the most people on one, and how many all offices serve on a full day."""

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
    last, town = result.answers[-1], result.town
    tone = "good" if not last.morning.unsupplied else "warn"
    if any(one.morning.against_promise for one in result.answers):
        tone = "bad"
    difference, threshold = result.difference, result.threshold
    return (
        environment_of_pages()
        .get_template(_TEMPLATE)
        .render(
            name=town.raw.name,
            tone=tone,
            headline=sentences.headline(last),
            promise=[sentences.promise_said(last)],
            figures=tiles(last.morning),
            columns=headings(),
            groups=tuple(
                share_rows(
                    (sentences.group_named(name), counts(one))
                    for name, one in last.by_group.items()
                )
            ),
            plans=list(zip(*map(_plan, result.answers), strict=True)),
            compared=None if difference is None else sentences.compared_said(difference),
            offices=_office(last),
            full_first=_full_first(last),
            tried=_tried_bars(result.tried),
            threshold=None if threshold is None else sentences.threshold_said(threshold),
            todos=[sentences.to_do_said(one) for one in result.todos],
            exact=sentences.exact_said(town),
            assumed=_assumed(town),
            audits=[sentences.audit_said(one) for one in result.answers],
            sha256=town.sheet.sha256,
        )
    )


def _plan(one: PlanAnswer) -> tuple[str, ...]:
    """Return what the rows of the table say about a plan; the template names them."""
    zone, cuts = one.runner.zone, one.cuts_us
    spoken = _NONE
    if cuts is not None:
        spoken = f" {_NONE} ".join(dict.fromkeys(f"{us_to_legal(us, zone):%H:%M}" for us in cuts))
    days = [opens for opens, _, _ in one.lives.waiting.values()]
    return (
        said("{plan}: {when}", plan=one.plan.name, when=one.plan.cut_at),
        speech.written_whole(one.morning.disconnected),
        speech.written_whole(one.morning.without_credit),
        speech.written_whole(one.at_end.disconnected),
        spoken,
        speech.written_day(min(days)) if days else _NONE,
    )


def _office(answer: PlanAnswer) -> Offices:
    """Return the days around T2 at all offices."""
    there: Counter[date] = Counter()
    for days in answer.lives.days.values():
        before = 0
        for one in days:
            there[one.day] += one.came + before
            before = one.waiting
    t2 = last_day(answer.plan.cut_at)
    shown = [t2 + timedelta(days=at) for at in range(1 - _DAYS_SHOWN, _DAYS_AFTER + 1)]
    most = max((there[day] for day in shown), default=0)
    room = sum(max((one.room for one in days), default=0) for days in answer.lives.days.values())
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
    """Return from when on the office that fills up first can serve all of its district."""
    last_day = answer.lives.last_day
    group = min(last_day, key=lambda name: (last_day[name] or date.min, name))
    return sentences.room_said(group, last_day[group], plan=answer.plan.name)


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
