"""The passive laws: each reads one judged run, and what they share to read it."""

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from typing import Final

from meter_emu.domain import Result
from meter_emu.laws.law import Aside, Broken, Finding, Law, Trial
from meter_emu.stories.story import armed_household, story
from meter_emu.world.judge.promise import (
    Promise,
    PromiseKind,
    cards_shown,
    first_promise,
    with_loads,
)
from meter_emu.world.judge.verdicts import MEANING, FindingKind, Verdict

_UNSEEN: Final = frozenset(
    {
        Verdict.NOT_SEEN,
        Verdict.NOT_COVERED,
        Verdict.NOT_REPRODUCIBLE,
        Verdict.CRASHED,
        Verdict.HUNG,
    }
)


def breached(trial: Trial, *verdicts: Verdict) -> Finding:
    """Return the first breach of these kinds; set aside a run that shows nothing."""
    outcome = trial.run.outcome
    for breach in outcome.breaches:
        if breach.verdict in verdicts:
            return Broken(breach.in_words, for_good=True)
    return _put_aside(trial)


def found(trial: Trial, *kinds: FindingKind) -> Finding:
    """Return the first finding of these kinds; set aside a run that shows nothing."""
    outcome = trial.run.outcome
    for finding in outcome.findings:
        if finding.kind in kinds:
            return Broken(finding.words, for_good=True)
    return _put_aside(trial)


def orders_heard(trial: Trial) -> list[tuple[int, Promise]]:
    """Return the new orders that the meter heard from cards, and when."""
    heard: list[tuple[int, Promise]] = []
    said = first_promise(trial.household, trial.campaign.start_us)
    for card in cards_shown(trial.household, trial.campaign.start_us, trial.run.events):
        promise = with_loads(replace(card.on_card, from_us=said.from_us), said)
        if card.served and promise != said:
            said = promise
            heard.append((card.at_us, promise))
    return heard


def breached_under(
    trial: Trial, verdicts: Collection[Verdict], under: Callable[[list[Promise]], bool]
) -> Finding:
    """Return the first of these breaches that begins while `under` holds for the orders heard."""
    breaches = trial.run.outcome.breaches
    orders = orders_heard(trial) if breaches else []
    for breach in breaches:
        promise = [order for at_us, order in orders if at_us <= breach.from_us]
        if promise and breach.verdict in verdicts and under(promise):
            return Broken(breach.in_words, for_good=True)
    return _put_aside(trial)


def promises(trial: Trial) -> Finding:
    """Return the first fault of a run, of any kind the judge knows."""
    outcome = trial.run.outcome
    if outcome.verdict in {Verdict.CRASHED, Verdict.HUNG}:
        return Broken(MEANING[outcome.verdict], for_good=True)
    wrong = [(breach.from_us, breach.in_words) for breach in outcome.breaches]
    wrong += [(finding.from_us, finding.words) for finding in outcome.findings]
    if wrong:
        first = min(wrong, key=lambda one: one[0])  # of two at one instant the breach
        return Broken(first[1], for_good=True)
    return _put_aside(trial)


def _put_aside(trial: Trial) -> Aside | None:
    """Return why a run without a fault shows nothing all the same, if so."""
    outcome = trial.run.outcome
    if outcome.verdict not in _UNSEEN:
        return None
    return Aside(MEANING[outcome.verdict], "" if outcome.failure is None else outcome.failure.why)


# A law whose draw is a situation of its own, and what most of them are: one story in forty draws
# it, and all that the judge knows is asked of it.
hazard: Final = partial(Law, check=promises, one_in=40, hazard=True)
# A law that looks at whatever story was lived; and one that has runs or trials of its own next to
# the story of an armed household, which are dear.
law_of_stories: Final = partial(Law, draw=story)
law_with_runs: Final = partial(Law, draw=armed_household, one_in=40)


NEVER_EARLY: Final = law_of_stories(
    id="never-early",
    says="an armed household keeps its supply until T",
    properties=("P1", "P6"),
    presumes="a clock within its model's bound",
    check=lambda trial: breached(trial, Verdict.EARLY),
)

CUT_COMES: Final = law_of_stories(
    id="cut-comes",
    says="a cut that was announced comes, no later than twice the clock's uncertainty and a poll",
    properties=("P2", "P6"),
    presumes="power, and a clock that the meter believes",
    check=lambda trial: breached(trial, Verdict.LATE, Verdict.NEVER),
)

NO_WRONG_CUT: Final = law_of_stories(
    id="no-wrong-cut",
    says="a household with credit, in protected hours, reactivated or with a limiter is not cut",
    properties=("P9", "P11"),
    presumes="a clock within its model's bound",
    check=lambda trial: breached(trial, Verdict.WRONGLY_CUT),
)


def _newest_order(trial: Trial) -> Finding:
    if len(orders_heard(trial)) < 2:
        return Aside("there was one order at most")
    return breached_under(trial, set(Verdict), lambda promise: len(promise) > 1)


NEWEST_ORDER: Final = law_of_stories(
    id="newest-order",
    says="after several orders the meter obeys the newest",
    properties=("P11", "P13"),
    presumes="a clock within its model's bound",
    check=_newest_order,
)


def _reactivation_cancels(trial: Trial) -> Finding:
    orders = orders_heard(trial)
    if all(order.kind is not PromiseKind.REACTIVATED for _, order in orders):
        return Aside("nobody was reactivated")
    kinds = {Verdict.WRONGLY_CUT, Verdict.EARLY, Verdict.NOT_RESTORED}
    return breached_under(trial, kinds, lambda promise: promise[-1].kind is PromiseKind.REACTIVATED)


REACTIVATION_CANCELS: Final = law_of_stories(
    id="reactivation-cancels",
    says="a reactivated household is cut by no date that was ordered before",
    properties=("P11",),
    presumes="the card put in before T",
    check=_reactivation_cancels,
)

RESTORED: Final = law_of_stories(
    id="restored",
    says="a meter due to supply again asks for its button, and supplies when it is pressed",
    properties=("P11",),
    presumes="somebody who presses the button when the lamp asks for it",
    check=lambda trial: breached(trial, Verdict.NOT_RESTORED, Verdict.FED_UNASKED),
)

ACCOUNT: Final = law_of_stories(
    id="account",
    says="the card that comes back states the credit that is left, and nobody is fed without it",
    properties=("P9",),
    presumes="a card on which the meter writes",
    check=lambda trial: found(trial, FindingKind.WRONG_MONEY),
)


def _answers(trial: Trial) -> Finding:
    verdict = trial.run.outcome.verdict
    return Broken(MEANING[verdict]) if verdict in {Verdict.CRASHED, Verdict.HUNG} else None


ANSWERS: Final = law_of_stories(
    id="answers",
    says="the program comes back from every poll, without an error",
    properties=("P3", "P6"),
    check=_answers,
)

DOUBTS: Final = law_of_stories(
    id="doubts",
    says="the meter doubts its clock only where an outsider can see why, and believes no wrong one",
    properties=("P6", "P8"),
    presumes="a clock within its model's bound",
    check=lambda trial: found(trial, FindingKind.GROUNDLESS_DOUBT, FindingKind.WRONG_CLOCK),
)


def _order_answered(trial: Trial) -> Finding:
    """A right office writes both forms of a date alike, so there is no later one to take."""
    for event in trial.run.events:
        if event.written is not None and event.written.result == Result.LATER_END_TAKEN:
            words = "the card says that the later of two ends was taken, and there is one"
            return Broken(words, for_good=True)
    return found(trial, FindingKind.SILENT_ORDER)


ORDER_ANSWERED: Final = law_of_stories(
    id="order-answered",
    says="the card that comes back names the order that it brought, and doubts no end of it",
    properties=("P13",),
    presumes="a card on which the meter writes, by an office that is right",
    check=_order_answered,
)

RIGHT_ANSWER: Final = law_of_stories(
    id="right-answer",
    says="a right card is obeyed, and no expired, replaced or foreign one is",
    properties=("P9", "P13"),
    presumes="an office that is right, and a clock within its model's bound",
    check=lambda trial: found(trial, FindingKind.GROUNDLESS_REFUSAL, FindingKind.OBEYED_UNLAWFULLY),
)

SAYS_WHAT_IT_UNDERSTOOD: Final = law_of_stories(
    id="says-what-it-understood",
    says="the card that comes back states the T1 and T2 that were announced, and the display no "
    "other supply than there is",
    properties=("P4", "P13"),
    presumes="a card on which the meter writes",
    check=lambda trial: found(trial, FindingKind.WRONG_DISPLAY, FindingKind.SUPPLY_MISSTATED),
)
