"""How a household fared: its row of obligations, what was seen of its meter, and the verdict.

The verdict is that of the gravest breach. Without a breach it is the gravest that became of the
cuts that were due: not seen to the end, held because the meter could not know, or on time; and
`kept` where none was due.
"""

from collections.abc import Sequence

from meter_emu.world.meter.events import Event
from meter_emu.world.rehearsal.breaches import breaches_of
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.failed import seen_until, with_failure
from meter_emu.world.rehearsal.findings import findings_of
from meter_emu.world.rehearsal.household import Household
from meter_emu.world.rehearsal.ideal import Due
from meter_emu.world.rehearsal.obligations import PromiseRow, row_of
from meter_emu.world.rehearsal.outcome import HomeFinding, Outcome
from meter_emu.world.rehearsal.verdicts import GOOD, GRAVITY, Verdict


def judge(household: Household, campaign: Campaign, events: Sequence[Event]) -> Outcome:
    """Return the verdict over one household, of its events from how it begins on, in time order.

    A story that ends before its time is judged up to there, and by how it ended.
    """
    failure = events[-1].failure
    if failure is None:
        return _judge_whole(household, campaign, events)
    outcome = _judge_whole(*seen_until(household, campaign, failure.at_us), events)
    return with_failure(outcome, failure)


def _judge_whole(household: Household, campaign: Campaign, events: Sequence[Event]) -> Outcome:
    row = row_of(household, campaign, events)
    breaches = tuple(breaches_of(household, row, events))
    if breaches:
        gravest = min(breaches, key=lambda breach: GRAVITY[breach.verdict])
        announced_us, cut_us, verdict = gravest.announced_us, gravest.cut_us, gravest.verdict
    else:
        announced_us, cut_us = _last_due(row)
        verdict = min(map(_became, row.dues), key=lambda one: GRAVITY[one], default=Verdict.KEPT)
    return Outcome(
        id=household.id,
        kind=household.kind,
        energy=household.model.energy,
        model=household.model_name,
        build=household.build,
        announced_us=announced_us,
        cut_us=cut_us,
        verdict=verdict,
        breaches=breaches,
        findings=findings_of(household, row, events),
    )


def expected(outcome: Outcome, household: Household) -> bool:
    """Whether verdict, findings and cut are what the campaign's author expects.

    Where nothing is said that is a good verdict, and no finding.
    """
    if household.expect_cut_us is not None:
        from_us, to_us = household.expect_cut_us
        if outcome.cut_us is None or not from_us <= outcome.cut_us <= to_us:
            return False
    return verdict_expected(outcome, household) and not unexpected_findings(outcome, household)


def verdict_expected(outcome: Outcome, household: Household) -> bool:
    """Whether the verdict alone is what the author expects."""
    expect = household.expect or ()
    return outcome.verdict in ([one for one in Verdict if one.value in expect] or GOOD)


def unexpected_findings(outcome: Outcome, household: Household) -> tuple[HomeFinding, ...]:
    """Return the findings that the author did not name."""
    expect = household.expect or ()
    return tuple(finding for finding in outcome.findings if finding.kind.value not in expect)


def cut_before_announced(outcome: Outcome, household: Household) -> bool:
    """Whether the home's own order has it cut before the moment it was announced.

    It is judged by its own: an announcement reaches a meter only by its card.
    """
    told_us = None if household.announced is None else household.announced.cut_us
    if told_us is None or outcome.announced_us is None:
        return False
    return outcome.announced_us < told_us


def _last_due(row: PromiseRow) -> tuple[int | None, int | None]:
    """Return T2 and the cut of the last one that was due, else T2 of the order in force."""
    if row.dues:
        return row.dues[-1].cut_us, row.dues[-1].opened_us
    return row.orders[-1].cut_us, None


def _became(due: Due) -> Verdict:
    """Return what became of a cut that was due, where nothing is wrong with it."""
    if due.opened_us is not None or not due.fed:
        return Verdict.ON_TIME  # or dark already, lawfully, and it stayed so
    if due.over_us is None:
        return Verdict.HELD if due.unable else Verdict.NOT_SEEN
    return Verdict.HELD if due.waited else Verdict.KEPT
