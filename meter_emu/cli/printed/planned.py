"""What `plan run` prints as JSON."""

from datetime import date
from functools import partial
from typing import Annotated, Any

from msgspec import field, to_builtins

from meter_emu.cli.printed.base import IsoInstant, Printed, Shape, shaped
from meter_emu.planner.answer import PlanAnswer, PlanResult
from meter_emu.planner.classes import HomeState
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


class PlanJson(Shape):
    """What becomes of all meters in one plan."""

    name: str
    cut_at: IsoInstant
    morning: Annotated[IsoInstant, means("the morning after T2")]
    figures: Annotated[PlanFiguresJson, means("on that morning")]
    at_end: PlanFiguresJson
    by_group: dict[str, PlanFiguresJson]
    cuts: Annotated[tuple[IsoInstant, IsoInstant] | None, means("the first and the last")]
    not_served: Annotated[dict[str, int], means("came in time and were not served, by group")]
    unseen: Annotated[int, means("who came to no office")]
    last_day_for_all: Annotated[dict[str, date | None], means("on which all can still come")]
    office: tuple[OfficeDayJson, ...]
    classes: Annotated[int, means("lives that were run")]
    audit: AuditJson


class MoveJson(Shape):
    """Meters that are otherwise under the second plan."""

    group: str
    before: HomeState = field(name="from")
    after: HomeState = field(name="to")
    meters: int


class ComparedJson(Shape):
    """Two plans, meter by meter."""

    first: str
    second: str
    better: int
    worse: int
    moves: tuple[MoveJson, ...]
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
        rows=len(town.sheet.rows),
        sha256=town.sheet.sha256,
        assumptions=to_builtins(town.raw.behaviour),
        plans=tuple(map(_plan, result.answers)),
        compared=None if difference is None else shaped(difference, ComparedJson),
        what_if=tuple(shaped(one, TriedJson) for one in result.tried),
        threshold=None if threshold is None else shaped(threshold, ThresholdJson),
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
        by_group={name: shaped(one, PlanFiguresJson) for name, one in answer.by_group.items()},
        cuts=None if cuts is None else (iso(cuts[0]), iso(cuts[1])),
        not_served=lives.not_served,
        unseen=lives.unseen,
        last_day_for_all=lives.last_day,
        office=tuple(
            OfficeDayJson(group, *one) for group, days in lives.days.items() for one in days
        ),
        classes=answer.classes,
        audit=shaped(answer.audit, AuditJson),
    )
