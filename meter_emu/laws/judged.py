"""What the passive laws read off one judged run."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final

from meter_emu.laws.law import Aside, Broken, Finding, Trial
from meter_emu.world.rehearsal.promise import Told, cards_shown, first_told, with_loads
from meter_emu.world.rehearsal.verdicts import MEANING, FindingKind, Verdict

_UNSEEN: Final = frozenset({Verdict.NOT_SEEN, Verdict.CRASHED, Verdict.HUNG})


def breached(trial: Trial, *verdicts: Verdict) -> Finding:
    """Return the first breach of these kinds; a run that shows nothing is put aside."""
    outcome = trial.run.outcome
    for breach in outcome.breaches:
        if breach.verdict in verdicts:
            return Broken(breach.in_words)
    return _put_aside(trial)


def found(trial: Trial, *kinds: FindingKind) -> Finding:
    """Return the first finding of these kinds; a run that shows nothing is put aside."""
    outcome = trial.run.outcome
    for finding in outcome.findings:
        if finding.kind in kinds:
            return Broken(finding.words)
    return _put_aside(trial)


def orders_heard(trial: Trial) -> list[tuple[int, Told]]:
    """Return what each card brought that the meter heard and that said something new, and when."""
    heard: list[tuple[int, Told]] = []
    said = first_told(trial.home, trial.campaign.start_us)
    for card in cards_shown(trial.home, trial.campaign.start_us, trial.run.events):
        told = with_loads(replace(card.on_card, from_us=said.from_us), said)
        if card.served and told != said:
            said = told
            heard.append((card.at_us, told))
    return heard


def breached_under(
    trial: Trial, verdicts: Collection[Verdict], under: Callable[[list[Told]], bool]
) -> Finding:
    """Return the first of these breaches that begins while `under` holds of the orders heard."""
    orders = orders_heard(trial)
    for breach in trial.run.outcome.breaches:
        told = [order for at_us, order in orders if at_us <= breach.from_us]
        if told and breach.verdict in verdicts and under(told):
            return Broken(breach.in_words)
    return _put_aside(trial)


def promises(trial: Trial) -> Finding:
    """Return the first thing that is wrong with a run in any way that a judge sees."""
    outcome = trial.run.outcome
    if outcome.verdict in {Verdict.CRASHED, Verdict.HUNG}:
        return Broken(MEANING[outcome.verdict])
    wrong = [(breach.from_us, breach.in_words) for breach in outcome.breaches]
    wrong += [(finding.from_us, finding.words) for finding in outcome.findings]
    if wrong:
        return Broken(min(wrong)[1])
    return _put_aside(trial)


def _put_aside(trial: Trial) -> Aside | None:
    """Return why a run in which nothing is wrong says nothing all the same, if it does."""
    verdict = trial.run.outcome.verdict
    return Aside(MEANING[verdict]) if verdict in _UNSEEN else None
