"""The sentences of the answer, whole ones, for terminal and page alike."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

from meter_emu.planner.answer import Compared, PlanAnswer, Threshold, ToDo, Tried
from meter_emu.planner.lives import Town
from meter_emu.world.households.wording import LANGUAGES

_NAMES: Final = LANGUAGES["en"]
WHAT_IF: Final = {  # an assumption, low and high
    "comes_total": "{low:.0%} or {high:.0%} of those who follow the deadline come",
    "comes_later_days": "they come {low:+.0f} or {high:+.0f} days later",
    "visits_per_hour_times": "the offices serve {low:g} or {high:g} times as many",
    "use_w": "a household uses {low:,.0f} or {high:,.0f} W",
    "loads_eur": "a household loads {low:,.0f} or {high:,.0f} € a visit",
    "rare_comes": "{low:.0%} or {high:.0%} of the rare visitors come",
    "follows_calendar": "{low:.0%} or {high:.0%} come on pay days",
    "gives_up": "{low:.0%} or {high:.0%} of those not served give up",
    "inserts_next_day": "{low:.0%} or {high:.0%} put the card in a day later",
    "lost_card": "{low:.1%} or {high:.1%} of the cards never reach the meter",
    "late_comes": "{low:.0%} or {high:.0%} of those who are cut come within two days",
}


def day_said(day: date) -> str:
    """Return a day in words."""
    return f"{day.day} {_NAMES.months[day.month - 1]} {day.year}"


def moment_said(when: datetime) -> str:
    """Return a moment in words, with its weekday."""
    return f"{_NAMES.days[when.weekday()]} {day_said(when)}, {when:%H:%M}"


def group_said(group: str) -> str:
    """Return the name of a district, or what all meters are where there are none."""
    return group or "all meters"


def headline(answer: PlanAnswer) -> str:
    """Return who is without supply, in one sentence."""
    found = answer.morning
    return (
        f"Under {answer.plan.name}, {found.unsupplied:,} of {found.total:,} are without supply on "
        f"{moment_said(answer.runner.morning)}: {found.disconnected:,} disconnected by order, "
        f"{found.without_credit:,} without credit."
    )


def promise_said(answer: PlanAnswer) -> str:
    """Return how many lived other than announced."""
    harmed = answer.morning.against_promise
    if not harmed:
        return "Nobody was disconnected otherwise than announced."
    return f"{harmed:,} were disconnected otherwise than announced."


def compared_said(one: Compared) -> str:
    """Return who is supplied under one plan alone."""
    if not one.moves:
        return f"On the morning after, {one.second} leaves everybody what {one.first} does."
    said = (
        f"On the morning after, {one.better:,} are supplied under {one.second} and not under "
        f"{one.first}, and {one.worse:,} under {one.first} and not under {one.second}."
    )
    if one.shortest is None:
        return said
    return f"{said} The shortest life that differs is that of meter {one.shortest.meter_id}."


def tried_said(one: Tried) -> str:
    """Return an assumption, low and high."""
    return WHAT_IF[one.key].format(low=one.low, high=one.high)


def threshold_said(one: Threshold) -> str:
    """Return which share must come."""
    if one.share is None:
        return f"Even if all who follow the deadline come, more than {one.at_most:,} are cut."
    return (
        f"At most {one.at_most:,} are cut only if {one.share:.1%} of those who follow the deadline "
        "come in time."
    )


def to_do_said(one: ToDo) -> str:
    """Return something to do."""
    if one.kind == "not served":
        return (
            f"{group_said(one.group)}: {one.meters:,} come in time and are not served in time. "
            "Open longer, or let other offices take them."
        )
    if one.kind == "unseen":
        return (
            f"{one.meters:,} come to no office: no order is on their meters. Write to them, or "
            "visit them."
        )
    assert one.day is not None, "an office opens on a day"
    return (
        f"{group_said(one.group)}: {one.meters:,} wait for the office on {day_said(one.day)}; it "
        f"takes {one.room:,} that day. Send more people there."
    )


def exact_said(town: Town) -> str:
    """Return what is exact, what is assumed, and what is rounded."""
    return (
        f"Exact: the sheet ({len(town.sheet.rows):,} meters), the offices' hours, what each meter "
        "does. Assumed: who comes when ([behaviour] of the plan, seed "
        f"{town.raw.seed}). Rounded: times in the meter, and credit to "
        f"{town.raw.credit_step_eur} €."
    )


def audit_said(answer: PlanAnswer) -> str:
    """Return what the rounding cost, by the meters that were run unrounded."""
    audit = answer.audit
    wrong = len(audit.otherwise_morning), len(audit.otherwise_end)
    return (
        f"{answer.plan.name}: {answer.classes:,} different lives were run; of {audit.run:,} "
        f"meters run unrounded {wrong[0]:,} came otherwise the morning after and {wrong[1]:,} at "
        f"the end: of all at most {audit.at_most(audit.otherwise_morning):,} and "
        f"{audit.at_most(audit.otherwise_end):,}, at 95 %."
    )


def lines(
    town: Town,
    answers: Sequence[PlanAnswer],
    difference: Compared | None,
    todos: Sequence[ToDo],
    tried: Sequence[Tried],
    threshold: Threshold | None,
) -> Iterator[str]:
    """Yield the answer, a paragraph a line."""
    for answer in answers:
        yield f"{headline(answer)} {promise_said(answer)}"
        for name, one in answer.by_group.items() if len(answer.by_group) > 1 else ():
            yield (
                f"  {name}: {one.supplied:,} supplied, {one.disconnected:,} disconnected by order, "
                f"{one.without_credit:,} without credit"
            )
    if difference is not None:
        yield compared_said(difference)
    for change in tried:
        yield (
            f"If {tried_said(change)}: {change.change_low:+,} or {change.change_high:+,} without "
            "supply"
        )
    if threshold is not None:
        yield threshold_said(threshold)
    for number, todo in enumerate(todos, 1):
        yield f"{number}. {to_do_said(todo)}"
    yield exact_said(town)
    for answer in answers:
        yield audit_said(answer)
