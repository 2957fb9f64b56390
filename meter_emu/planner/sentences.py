"""The sentences of the answer, whole ones, for terminal and page alike."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from meter_emu.languages import speech
from meter_emu.languages.speech import marked, said, said_of
from meter_emu.planner.answer import Compared, PlanAnswer, PlanResult, Threshold, ToDo, Tried
from meter_emu.planner.lives import Town


class _WhatIf(NamedTuple):
    words: str
    written: Callable[[float], str]


WHAT_IF: Final = {  # an assumption, low and high, and what each changes
    "comes_total": _WhatIf(
        marked(
            "If {low} or {high} of those who follow the deadline come: {less} or {more} without "
            "supply"
        ),
        speech.written_share,
    ),
    "comes_later_days": _WhatIf(
        marked("If they come {low} or {high} days later: {less} or {more} without supply"),
        lambda days: speech.written_whole(round(days), sign=True),
    ),
    "visits_per_hour_times": _WhatIf(
        marked(
            "If the offices serve {low} or {high} times as many: {less} or {more} without supply"
        ),
        speech.written_number,
    ),
    "use_w": _WhatIf(
        marked("If a household uses {low} or {high} W: {less} or {more} without supply"),
        lambda watt: speech.written_whole(round(watt)),
    ),
    "loads_eur": _WhatIf(
        marked("If a household loads {low} or {high} € a visit: {less} or {more} without supply"),
        lambda euro: speech.written_whole(round(euro)),
    ),
    "rare_comes": _WhatIf(
        marked("If {low} or {high} of the rare visitors come: {less} or {more} without supply"),
        speech.written_share,
    ),
    "follows_calendar": _WhatIf(
        marked("If {low} or {high} come on pay days: {less} or {more} without supply"),
        speech.written_share,
    ),
    "gives_up": _WhatIf(
        marked("If {low} or {high} of those not served give up: {less} or {more} without supply"),
        speech.written_share,
    ),
    "inserts_next_day": _WhatIf(
        marked("If {low} or {high} put the card in a day later: {less} or {more} without supply"),
        speech.written_share,
    ),
    "lost_card": _WhatIf(
        marked(
            "If {low} or {high} of the cards never reach the meter: {less} or {more} without supply"
        ),
        lambda share: speech.written_share(share, 1),
    ),
    "late_comes": _WhatIf(
        marked(
            "If {low} or {high} of those who are cut come within two days: {less} or {more} "
            "without supply"
        ),
        speech.written_share,
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


def group_said(group: str) -> str:
    """Return the name of a district, or what all meters are where there are none."""
    return group or said("all meters")


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


def compared_said(one: Compared) -> str:
    """Return who is supplied under one plan alone."""
    first, second = one.first, one.second
    if not one.moves:
        return said(
            "On the morning after, {second} leaves everybody what {first} does.",
            second=second,
            first=first,
        )
    better = said_of(
        "On the morning after, {count} is supplied under {second} and not under {first}, and "
        "{worse} under {first} and not under {second}.",
        "On the morning after, {count} are supplied under {second} and not under {first}, and "
        "{worse} under {first} and not under {second}.",
        one.better,
        second=second,
        first=first,
        worse=one.worse,
    )
    if one.shortest is None:
        return better
    shortest = said(
        "The shortest life that differs is that of meter {meter}.", meter=one.shortest.meter_id
    )
    return f"{better} {shortest}"


def tried_said(one: Tried) -> str:
    """Return an assumption, low and high, and what each changes."""
    words, written = WHAT_IF[one.key]
    less, more = (speech.written_whole(to, sign=True) for to in (one.change_low, one.change_high))
    return said(words, low=written(one.low), high=written(one.high), less=less, more=more)


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
    group = group_said(one.group)
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


def exact_said(town: Town) -> str:
    """Return what is exact, what is assumed, and what is rounded."""
    return said_of(
        "Exact: the sheet ({count} meter), the offices' hours, what each meter does. Assumed: who "
        "comes when, by the plan (seed {seed}). Rounded: times in the meter, and credit to {step} "
        "€.",
        "Exact: the sheet ({count} meters), the offices' hours, what each meter does. Assumed: who "
        "comes when, by the plan (seed {seed}). Rounded: times in the meter, and credit to {step} "
        "€.",
        len(town.sheet.rows),
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
        morning=len(audit.otherwise_morning),
        end=len(audit.otherwise_end),
        most_morning=audit.at_most(audit.otherwise_morning),
        most_end=audit.at_most(audit.otherwise_end),
    )


def lines(result: PlanResult) -> Iterator[str]:
    """Yield the answer, a paragraph a line."""
    for answer in result.answers:
        yield f"{headline(answer)} {promise_said(answer)}"
        for name, one in answer.by_group.items() if len(answer.by_group) > 1 else ():
            group = said(
                "{group}: {supplied} supplied, {disconnected} disconnected by order, "
                "{without_credit} without credit",
                group=name,
                supplied=one.supplied,
                disconnected=one.disconnected,
                without_credit=one.without_credit,
            )
            yield f"  {group}"
    if result.difference is not None:
        yield compared_said(result.difference)
    yield from map(tried_said, result.tried)
    if result.threshold is not None:
        yield threshold_said(result.threshold)
    for number, todo in enumerate(result.todos, 1):
        yield f"{number}. {to_do_said(todo)}"
    yield exact_said(result.town)
    yield from map(audit_said, result.answers)
