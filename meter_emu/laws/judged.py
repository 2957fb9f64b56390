"""The passive laws: each reads one judged run, and what they share to read it."""

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial, wraps
from typing import Final, Unpack

from meter_emu.domain import BUDGET, DeviceName, Result
from meter_emu.laws.law import Aside, Broken, Finding, Law, LawCheck, LawSaid, Trial, law
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft
from meter_emu.stories.story import Among, armed_household, begin, finish, story
from meter_emu.world.households.campaign import Campaign
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


def hazard(
    *,
    says: str,
    check: LawCheck = promises,
    one_in: int = 40,
    device: DeviceName = BUDGET,
    kits: Callable[[Among], Among] | None = None,
    begins: Callable[[Chooser, Among], tuple[int, Draft]] = begin,
    finishes: Callable[[Draft, int], Campaign] = finish,
    **said: Unpack[LawSaid],
) -> Callable[[Callable[[Draft, Chooser], None]], Law]:
    """Return what makes a law of a function that draws a situation of its own on a draft.

    One story in forty draws it, and all that the judge knows is looked for, unless said otherwise.
    `kits` are those that can have it.
    """

    def of(situation: Callable[[Draft, Chooser], None]) -> Law:
        @wraps(situation)  # a story's seed is of this name
        def draw(chooser: Chooser, among: Among = ()) -> Campaign:
            seed, draft = begins(chooser, kits(among) if kits else among)
            situation(draft, chooser)
            return finishes(draft, seed)

        return Law(
            says=says, draw=draw, check=check, one_in=one_in, hazard=True, device=device, **said
        )

    return of


# A law that looks at whatever story was lived; and one that has runs or trials of its own next to
# the story of an armed household, which are dear.
law_of_stories: Final = partial(law, draw=story)
law_with_runs: Final = partial(law, draw=armed_household, one_in=40)


@law_of_stories(
    id="never-early",
    properties=("P1", "P6"),
    presumes="a clock within its model's bound",
)
def never_early(trial: Trial) -> Finding:
    """An armed household keeps its supply until T."""
    return breached(trial, Verdict.EARLY)


@law_of_stories(
    id="cut-comes",
    properties=("P2", "P6"),
    presumes="power, and a clock that the meter believes",
)
def cut_comes(trial: Trial) -> Finding:
    """A cut that was announced comes, no later than twice the clock's uncertainty and a poll."""
    return breached(trial, Verdict.LATE, Verdict.NEVER)


@law_of_stories(
    id="no-wrong-cut",
    properties=("P9", "P11"),
    presumes="a clock within its model's bound",
)
def no_wrong_cut(trial: Trial) -> Finding:
    """A household with credit, in protected hours, reactivated or with a limiter is not cut."""
    return breached(trial, Verdict.WRONGLY_CUT)


@law_of_stories(
    id="newest-order",
    properties=("P11", "P13"),
    presumes="a clock within its model's bound",
)
def newest_order(trial: Trial) -> Finding:
    """After several orders the meter obeys the newest."""
    if len(orders_heard(trial)) < 2:
        return Aside("there was one order at most")
    return breached_under(trial, set(Verdict), lambda promise: len(promise) > 1)


@law_of_stories(id="reactivation-cancels", properties=("P11",), presumes="the card put in before T")
def reactivation_cancels(trial: Trial) -> Finding:
    """A reactivated household is cut by no date that was ordered before."""
    orders = orders_heard(trial)
    if all(order.kind is not PromiseKind.REACTIVATED for _, order in orders):
        return Aside("nobody was reactivated")
    kinds = {Verdict.WRONGLY_CUT, Verdict.EARLY, Verdict.NOT_RESTORED}
    return breached_under(trial, kinds, lambda promise: promise[-1].kind is PromiseKind.REACTIVATED)


@law_of_stories(
    id="restored",
    properties=("P11",),
    presumes="somebody who presses the button when the lamp asks for it",
)
def restored(trial: Trial) -> Finding:
    """A meter due to supply again asks for its button, and supplies when it is pressed."""
    return breached(trial, Verdict.NOT_RESTORED, Verdict.FED_UNASKED)


@law_of_stories(id="account", properties=("P9",), presumes="a card on which the meter writes")
def account(trial: Trial) -> Finding:
    """The card that comes back states the credit that is left, and nobody is fed without it."""
    return found(trial, FindingKind.WRONG_MONEY)


@law_of_stories(id="answers", properties=("P3", "P6"))
def answers(trial: Trial) -> Finding:
    """The program comes back from every poll, without an error."""
    verdict = trial.run.outcome.verdict
    return Broken(MEANING[verdict]) if verdict in {Verdict.CRASHED, Verdict.HUNG} else None


@law_of_stories(id="doubts", properties=("P6", "P8"), presumes="a clock within its model's bound")
def doubts_its_clock(trial: Trial) -> Finding:
    """The meter doubts its clock only where an outsider can see why, and believes no wrong one."""
    return found(trial, FindingKind.GROUNDLESS_DOUBT, FindingKind.WRONG_CLOCK)


@law_of_stories(
    id="order-answered",
    properties=("P13",),
    presumes="a card on which the meter writes, by an office that is right",
)
def order_answered(trial: Trial) -> Finding:
    """The card that comes back names the order that it brought, and doubts no end of it."""
    # A right office writes both forms of a date alike, so there is no later one to take.
    for event in trial.run.events:
        if event.written is not None and event.written.result == Result.LATER_END_TAKEN:
            words = "the card says that the later of two ends was taken, and there is one"
            return Broken(words, for_good=True)
    return found(trial, FindingKind.SILENT_ORDER)


@law_of_stories(
    id="right-answer",
    properties=("P9", "P13"),
    presumes="an office that is right, and a clock within its model's bound",
)
def right_answer(trial: Trial) -> Finding:
    """A right card is obeyed, and no expired, replaced or foreign one is."""
    return found(trial, FindingKind.GROUNDLESS_REFUSAL, FindingKind.OBEYED_UNLAWFULLY)


@law_of_stories(
    id="says-what-it-understood",
    properties=("P4", "P13"),
    presumes="a card on which the meter writes",
)
def says_what_it_understood(trial: Trial) -> Finding:
    """The card that comes back states T1 and T2 as announced, and the display what supply is."""
    return found(trial, FindingKind.WRONG_DISPLAY, FindingKind.SUPPLY_MISSTATED)
