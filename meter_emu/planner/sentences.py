"""The sentences of the answer, whole ones, for terminal and page alike."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Final

from meter_emu.languages import speech
from meter_emu.languages.speech import marked, said, said_of
from meter_emu.planner.answer import (
    Compared,
    PlanAnswer,
    PlanResult,
    Threshold,
    TightOffice,
    ToDo,
    Tried,
)
from meter_emu.planner.decided import Criterion, Figure
from meter_emu.planner.lives import Town
from meter_emu.world.judge.phrases import group_said

_ONE_PLACE_TO: Final = 10  # ours: differences below have a place behind the point


def _signed(number: float) -> str:
    return speech.written_whole(round(number), sign=bool(round(number)))


def _unsigned(number: float) -> str:
    return speech.written_whole(round(number))


def _per_mille(share: float) -> str:
    return speech.written_share(share, 1)


_share = speech.written_share
WHAT_IF: Final[Mapping[str, tuple[str, Callable[[float], str]]]] = {  # and how low and high look
    "comes_total": (marked("If {low} or {high} of those who follow the deadline come"), _share),
    "comes_later_days": (marked("If they come {low} or {high} days later"), _signed),
    "visits_per_hour_times": (
        marked("If the offices serve {low} or {high} times as many"),
        speech.written_number,
    ),
    "use_w": (marked("If a household uses {low} or {high} W"), _unsigned),
    "loads_eur": (marked("If a household loads {low} or {high} € a visit"), _unsigned),
    "rare_comes": (marked("If {low} or {high} of the rare visitors come"), _share),
    "follows_calendar": (marked("If {low} or {high} come on pay days"), _share),
    "gives_up": (marked("If {low} or {high} of those not served give up"), _share),
    "inserts_next_day": (marked("If {low} or {high} put the card in a day later"), _share),
    "lost_card": (marked("If {low} or {high} of the cards never reach the meter"), _per_mille),
    "late_comes": (
        marked("If {low} or {high} of those who are cut come within two days"),
        _share,
    ),
}
ASSUMED: Final = {  # the keys of [behaviour], as the page names them
    "use_w": marked("use, W"),
    "loads_eur": marked("loaded a visit, €"),
    "regular_days": marked("regular if seen within, days"),
    "rare_comes": marked("rare visitors come"),
    "reactivation_from": marked("reactivation from"),
    "comes": marked("have come, by days before T2"),
    "follows_calendar": marked("come on fixed days"),
    "comes_on": marked("those days"),
    "gives_up": marked("not served, give up"),
    "inserts_next_day": marked("card put in a day later"),
    "lost_card": marked("card lost"),
    "late_comes": marked("cut, at the office within two days"),
}


def group_named(group: str) -> str:
    """Return the name of a district, or what all meters are where there are none."""
    return group or said("all meters")


def room_said(group: str, day: date | None, *, plan: str) -> str:
    """Return from when on all of a district can be served under a plan, `None` for never."""
    group = group_named(group)
    if day is None:
        return said(
            "Plan {plan}, {group}: not all of them can be served in time", plan=plan, group=group
        )
    return said(
        "Plan {plan}, {group}: all of them can be served if they come from {day} on",
        plan=plan,
        group=group,
        day=day,
    )


def headline(answer: PlanAnswer) -> str:
    """Return who is without supply, in one sentence."""
    found = answer.morning
    return said_of(
        "Under {plan}, {count} of {total} is without supply on {when}: {disconnected} disconnected "
        "by order, {without_credit} without credit.",
        "Under {plan}, {count} of {total} are without supply on {when}: {disconnected} "
        "disconnected by order, {without_credit} without credit.",
        found.unsupplied,
        plan=answer.plan.name,
        total=found.total,
        when=answer.runner.morning,
        disconnected=found.disconnected,
        without_credit=found.without_credit,
    )


def promise_said(answer: PlanAnswer) -> str:
    """Return how many lived other than announced."""
    harmed = answer.morning.against_promise
    if not harmed:
        return said("Nobody was disconnected otherwise than announced.")
    return said_of(
        "{count} was disconnected otherwise than announced.",
        "{count} were disconnected otherwise than announced.",
        harmed,
    )


def decision_said(one: Compared) -> str:
    """Return which plan to take, or that the criteria disagree, or that nothing is decided."""
    fewer = {
        plan: ", ".join(said(each.value) for each in Criterion if one.better(each) == plan)
        for plan in (one.first, one.second)
    }
    better = [plan for plan, criteria in fewer.items() if criteria]
    if len(better) == 2:
        return said(
            "The criteria disagree: fewer under {first}: {fewer_first}; fewer under {second}: "
            "{fewer_second}.",
            first=one.first,
            second=one.second,
            fewer_first=fewer[one.first],
            fewer_second=fewer[one.second],
        )
    if not better:
        return said("Not decided by this: {first} or {second}.", first=one.first, second=one.second)
    (plan,) = better
    words = marked("{plan} is better, with fewer: {fewer}; the rest is not decided by this.")
    if all(one.better(each) == plan for each in Criterion):
        words = marked("{plan} is better, with fewer: {fewer}.")
    return said(words, plan=plan, fewer=fewer[plan])


def verdict_said(one: Compared, criterion: Criterion) -> str:
    """Return which plan has fewer by a criterion, or that this is not decided."""
    return one.better(criterion) or said("not decided by this")


def figure_said(found: Figure, *, sign: bool = False) -> str:
    """Return a figure with its interval by chance, and with rounding if that moves it."""
    whole = not sign or abs(found.mean) >= _ONE_PLACE_TO

    def written(number: float) -> str:
        if whole:
            number = round(number if sign else max(0, number))
            return speech.written_whole(number, sign=sign and bool(number))
        return speech.written_decimal(f"{number:+.1f}")

    mean, low, high = map(written, found[:3])
    least, most = written(found.low - found.fewer), written(found.high + found.more)
    words = marked("{mean} ({low} to {high} by chance)")
    if found.fewer or found.more:
        words = marked("{mean} ({low} to {high} by chance, {least} to {most} with rounding)")
    return said(words, mean=mean, low=low, high=high, least=least, most=most)


def criterion_said(answer: PlanAnswer, criterion: Criterion) -> str:
    """Return a plan's figure with its intervals."""
    return said(
        "{plan}, {criterion}: {figure}",
        plan=answer.plan.name,
        criterion=said(criterion.value),
        figure=figure_said(answer.figure(criterion)),
    )


def compared_lines(one: Compared) -> Iterator[str]:
    """Yield what is decided by each criterion, and the meter to look at."""
    for criterion, found in one.by.items():
        yield said(
            "{criterion}: {verdict}. {second} against {first}: {difference}",
            criterion=said(criterion.value),
            verdict=verdict_said(one, criterion),
            second=one.second,
            first=one.first,
            difference=figure_said(found, sign=True),
        )
    if one.shortest is not None:
        yield said("The shortest life that differs is that of meter {meter}.", meter=one.shortest)


def fit_said(fit: TightOffice) -> Iterator[str]:
    """Yield what the tightest office has on its fullest day, and what would help."""
    group = group_named(fit.group)
    yield said_of(
        "{group} is the tightest office: {count} still waits there when it closes on {day}, and "
        "{turned_away} come in time and are not served in time.",
        "{group} is the tightest office: {count} still wait there when it closes on {day}, and "
        "{turned_away} come in time and are not served in time.",
        fit.waiting,
        group=group,
        day=fit.day,
        turned_away=fit.turned_away,
    )
    if fit.week_later is not None:
        yield said_of(
            "A week later it would be {count}.", "A week later it would be {count}.", fit.week_later
        )
    if fit.needed is None:
        yield said("No number of people at its counters is enough.")
    else:
        yield said_of(
            "With {count} person served an hour, in place of {rate}, it would be nobody.",
            "With {count} people served an hour, in place of {rate}, it would be nobody.",
            fit.needed,
            rate=fit.visits_per_hour,
        )


def tried_said(one: Tried) -> str:
    """Return an assumption, low and high, and what each changes."""
    words, written = WHAT_IF[one.key]
    return said(
        "{assumption}: {less} or {more} without supply",
        assumption=said(words, low=written(one.low), high=written(one.high)),
        less=_signed(one.change_low),
        more=_signed(one.change_high),
    )


def threshold_said(one: Threshold) -> str:
    """Return which share must come."""
    if one.share is None:
        return said_of(
            "Even if all who follow the deadline come, more than {count} is cut.",
            "Even if all who follow the deadline come, more than {count} are cut.",
            one.at_most,
        )
    return said_of(
        "At most {count} is cut only if {share} of those who follow the deadline come in time.",
        "At most {count} are cut only if {share} of those who follow the deadline come in time.",
        one.at_most,
        share=speech.written_share(one.share, 1),
    )


def to_do_said(one: ToDo) -> str:
    """Return something to do."""
    group = group_named(one.group)
    if one.kind == "not_served":
        return said_of(
            "{group}: {count} comes in time and is not served in time. Open longer, or let other "
            "offices take them.",
            "{group}: {count} come in time and are not served in time. Open longer, or let other "
            "offices take them.",
            one.meters,
            group=group,
        )
    if one.kind == "unseen":
        return said_of(
            "{count} comes to no office: no order is on their meters. Write to them, or visit "
            "them.",
            "{count} come to no office: no order is on their meters. Write to them, or visit them.",
            one.meters,
        )
    assert one.day is not None, "an office opens on a day"
    return said_of(
        "{group}: {count} waits for the office on {day}; it takes {room} that day. Send more "
        "people there.",
        "{group}: {count} wait for the office on {day}; it takes {room} that day. Send more "
        "people there.",
        one.meters,
        group=group,
        day=one.day,
        room=one.room,
    )


def exact_said(town: Town, seeds: int) -> str:
    """Return what is exact, what is assumed, and what is rounded."""
    return said_of(
        "Exact: the sheet ({count} meter), the offices' hours, what each meter does. Assumed: who "
        "comes when, drawn {seeds} times (seeds from {seed}); figures are means, at 90 %. Rounded: "
        "times in the meter, and credit to {step} €.",
        "Exact: the sheet ({count} meters), the offices' hours, what each meter does. Assumed: who "
        "comes when, drawn {seeds} times (seeds from {seed}); figures are means, at 90 %. Rounded: "
        "times in the meter, and credit to {step} €.",
        len(town.sheet.rows),
        seeds=str(seeds),
        seed=str(town.raw.seed),
        step=town.raw.credit_step_eur,
    )


def audit_said(answer: PlanAnswer) -> str:
    """Return what the rounding cost, by the meters that were run unrounded."""
    audit = answer.audit
    return said_of(
        "{plan}: {count} life was run; of {run} meters run unrounded {morning} came otherwise the "
        "morning after and {end} at the end: of all at most {most_morning} and {most_end}, at 95 "
        "%.",
        "{plan}: {count} different lives were run; of {run} meters run unrounded {morning} came "
        "otherwise the morning after and {end} at the end: of all at most {most_morning} and "
        "{most_end}, at 95 %.",
        answer.classes,
        plan=answer.plan.name,
        run=audit.run,
        morning=audit.otherwise_morning,
        end=audit.otherwise_end,
        most_morning=audit.at_most_morning,
        most_end=audit.at_most_end,
    )


def lines(result: PlanResult) -> Iterator[str]:
    """Yield the answer, a paragraph a line."""
    if result.difference is not None:
        yield decision_said(result.difference)
        yield from (f"  {words}" for words in compared_lines(result.difference))
    for answer in result.answers:
        yield f"{headline(answer)} {promise_said(answer)}"
        for criterion in Criterion:
            yield f"  {criterion_said(answer, criterion)}"
        for name, one in answer.by_group.items() if len(answer.by_group) > 1 else ():
            words = group_said(
                name,
                supplied=one.supplied,
                disconnected=one.disconnected,
                without_credit=one.without_credit,
            )
            yield f"  {words}"
    if result.fit is not None:
        yield " ".join(fit_said(result.fit))
    yield from map(tried_said, result.tried)
    if result.threshold is not None:
        yield threshold_said(result.threshold)
    for number, todo in enumerate(result.todos, 1):
        yield f"{number}. {to_do_said(todo)}"
    yield exact_said(result.town, len(result.answers[0].drawn))
    yield from map(audit_said, result.answers)
    yield from result.town.sheet.notes
