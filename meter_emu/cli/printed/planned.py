"""What `plan run` prints as JSON."""

from typing import Annotated, Any

from msgspec import field, to_builtins

from meter_emu.cli.printed.base import IsoInstant, Printed, Shape
from meter_emu.planner.answer import Compared, PlanAnswer, PlanFigures, PlanResult
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
    day: str
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
    last_day_for_all: Annotated[dict[str, str | None], means("on which all can still come")]
    office: tuple[OfficeDayJson, ...]
    classes: Annotated[int, means("lives that were run")]
    audit: AuditJson


class MoveJson(Shape):
    """Meters that are otherwise under the second plan."""

    group: str
    from_: str = field(name="from")
    to: str
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
        compared=None if difference is None else _compared(difference),
        what_if=tuple(TriedJson(*one) for one in result.tried),
        threshold=None if threshold is None else ThresholdJson(*threshold),
    )


def _plan(answer: PlanAnswer) -> PlanJson:
    runner, lives, audit = answer.runner, answer.lives, answer.audit
    cuts = answer.cuts_us
    return PlanJson(
        name=answer.plan.name,
        cut_at=us_to_iso(runner.cut_us, runner.zone),
        morning=us_to_iso(runner.morning_us, runner.zone),
        figures=_figures(answer.morning),
        at_end=_figures(answer.at_end),
        by_group={name: _figures(one) for name, one in answer.by_group.items()},
        cuts=None
        if cuts is None
        else (us_to_iso(cuts[0], runner.zone), us_to_iso(cuts[1], runner.zone)),
        not_served=lives.not_served,
        unseen=lives.unseen,
        last_day_for_all={
            name: None if day is None else day.isoformat() for name, day in lives.last_day.items()
        },
        office=tuple(
            OfficeDayJson(group, one.day.isoformat(), *one[1:])
            for group, days in lives.days.items()
            for one in days
        ),
        classes=answer.classes,
        audit=AuditJson(
            audit.of,
            audit.run,
            len(audit.otherwise_morning),
            len(audit.otherwise_end),
            audit.at_most(audit.otherwise_morning),
            audit.at_most(audit.otherwise_end),
        ),
    )


def _figures(one: PlanFigures) -> PlanFiguresJson:
    return PlanFiguresJson(one.supplied, one.disconnected, one.without_credit, one.against_promise)


def _compared(one: Compared) -> ComparedJson:
    moves = (
        MoveJson(group=move.group, from_=move.before.value, to=move.after.value, meters=move.meters)
        for move in one.moves
    )
    shortest = None if one.shortest is None else one.shortest.meter_id
    return ComparedJson(one.first, one.second, one.better, one.worse, tuple(moves), shortest)
