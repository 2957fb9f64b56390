"""What `plan run` prints as JSON."""

from datetime import date
from functools import partial
from typing import Annotated, Any

from msgspec import to_builtins

from meter_emu.cli.printed.base import IsoInstant, Printed, Shape, shaped
from meter_emu.planner.answer import Compared, PlanAnswer, PlanResult
from meter_emu.planner.decided import Criterion
from meter_emu.resources import means
from meter_emu.world.meter.times import us_to_iso


class PlanFiguresJson(Shape):
    """Every meter once."""

    supplied: int
    disconnected: Annotated[int, means("by order")]
    without_credit: int
    against_promise: Annotated[int, means("lived other than announced, whatever they have now")]


class OfficeDayJson(Shape):
    """A day at the office of a district."""

    group: str
    day: date
    came: int
    room: int
    served: int
    waiting: Annotated[int, means("who was not served and comes again")]


class AuditJson(Shape):
    """Meters that were run unrounded, and how many came otherwise than their class."""

    of: int
    run: int
    otherwise_morning: int
    otherwise_end: int
    at_most_morning: Annotated[int, means("of all, at 95 %")]
    at_most_end: int


class FigureJson(Shape):
    """A mean of seeds with its interval by chance; what rounding may have moved is apart."""

    mean: float
    low: float
    high: float
    fewer: Annotated[int, means("that it may truly be, for what rounding did")]
    more: int


class PlanJson(Shape):
    """What becomes of all meters in one plan."""

    name: str
    cut_at: IsoInstant
    morning: Annotated[IsoInstant, means("the morning after T2")]
    figures: Annotated[PlanFiguresJson, means("on that morning")]
    at_end: PlanFiguresJson
    accuracy: Annotated[dict[str, FigureJson], means("of each criterion, at 90 %")]
    by_seed: Annotated[dict[str, tuple[int, ...]], means("of each criterion, in their order")]
    by_group: dict[str, PlanFiguresJson]
    cuts: Annotated[tuple[IsoInstant, IsoInstant] | None, means("the first and the last")]
    not_served: Annotated[dict[str, int], means("came in time and were not served, by group")]
    unseen: Annotated[int, means("who came to no office")]
    last_day_for_all: Annotated[dict[str, date | None], means("on which all can still come")]
    office: tuple[OfficeDayJson, ...]
    classes: Annotated[int, means("lives that were run")]
    audit: AuditJson


class DecidedJson(Shape):
    """By how much the second plan has more by a criterion, and which has fewer."""

    difference: FigureJson
    better: Annotated[str | None, means("the plan with fewer; null: not decided by this")]


class ComparedJson(Shape):
    """Two plans, meter by meter and seed by seed."""

    first: str
    second: str
    criteria: dict[str, DecidedJson]
    shortest: Annotated[str | None, means("the meter with the shortest lives that differ")]


class TriedJson(Shape):
    """An assumption, and by how many the meters without supply change."""

    key: str
    low: float
    high: float
    change_low: int
    change_high: int


class ThresholdJson(Shape):
    """Which share must come so that no more are cut."""

    at_most: int
    share: float | None


class PlannedJson(Printed, tag="plan-result/1"):
    """A plan that was run; the same sheet, plan and seed give the same bytes."""

    name: str
    zone: str
    seed: int
    seeds: Annotated[int, means("how many were drawn, from `seed` on; figures are means of them")]
    rows: Annotated[int, means("of the sheet")]
    sha256: Annotated[str, means("of the sheet")]
    assumptions: Annotated[dict[str, Any], means("[behaviour] of the plan")]
    plans: tuple[PlanJson, ...]
    compared: ComparedJson | None
    what_if: tuple[TriedJson, ...]
    threshold: ThresholdJson | None


def planned(result: PlanResult) -> PlannedJson:
    """Return the result."""
    town, difference, threshold = result.town, result.difference, result.threshold
    return PlannedJson(
        name=town.raw.name,
        zone=town.raw.zone.key,
        seed=town.raw.seed,
        seeds=len(result.answers[0].drawn),
        rows=len(town.sheet.rows),
        sha256=town.sheet.sha256,
        assumptions=to_builtins(town.raw.behaviour),
        plans=tuple(map(_plan, result.answers)),
        compared=None if difference is None else _compared(difference),
        what_if=tuple(shaped(one, TriedJson) for one in result.tried),
        threshold=None if threshold is None else shaped(threshold, ThresholdJson),
    )


def _compared(one: Compared) -> ComparedJson:
    criteria = {
        each.name.lower(): DecidedJson(
            difference=shaped(found, FigureJson), better=one.better(each)
        )
        for each, found in one.by.items()
    }
    return ComparedJson(
        first=one.first, second=one.second, criteria=criteria, shortest=one.shortest
    )


def _plan(answer: PlanAnswer) -> PlanJson:
    runner, lives, cuts = answer.runner, answer.lives, answer.cuts_us
    iso = partial(us_to_iso, zone=runner.zone)
    return PlanJson(
        name=answer.plan.name,
        cut_at=iso(runner.cut_us),
        morning=iso(runner.morning_us),
        figures=shaped(answer.morning, PlanFiguresJson),
        at_end=shaped(answer.at_end, PlanFiguresJson),
        accuracy={one.name.lower(): shaped(answer.figure(one), FigureJson) for one in Criterion},
        by_seed={one.name.lower(): tuple(answer.counts(one)) for one in Criterion},
        by_group={name: shaped(one, PlanFiguresJson) for name, one in answer.by_group.items()},
        cuts=None if cuts is None else (iso(cuts[0]), iso(cuts[1])),
        not_served=answer.turned_away,
        unseen=lives.unseen,
        last_day_for_all=lives.last_day,
        office=tuple(
            OfficeDayJson(group, *one) for group, days in lives.days.items() for one in days
        ),
        classes=answer.classes,
        audit=shaped(answer.audit, AuditJson),
    )
