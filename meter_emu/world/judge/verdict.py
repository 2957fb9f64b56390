"""Judges a household: its row of obligations, what was seen of its meter, and the verdict.

The verdict is that of the gravest breach. Without a breach it is the gravest end of the cuts that
were due: not seen to the end, held because the meter could not know the time, or on time; `kept` if
none was due. Findings are what the meter stated, charged, doubted or ignored (`findings_of`). A
story that ends early is judged up to there. Apart from what its order did, it is noted when a
household is without supply for lack of credit: from the flat both look the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from meter_emu.domain import DeviceName
from meter_emu.units import SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, newest_announced
from meter_emu.world.judge.breaches import breaches_of, supply_judged
from meter_emu.world.judge.findings import StatedSoFar, findings_of, right_by_itself
from meter_emu.world.judge.ideal import Due
from meter_emu.world.judge.lived import LivedAccount
from meter_emu.world.judge.living import account_of
from meter_emu.world.judge.losses import parts_of, stretches_of, supply_since
from meter_emu.world.judge.obligations import (
    RULES,
    PromiseRow,
    Span,
    Walk,
    row_of,
)
from meter_emu.world.judge.outcome import HouseholdFinding, Outcome, Supplied
from meter_emu.world.judge.paygo import paygo_ahead, paygo_row
from meter_emu.world.judge.paygo_lived import paygo_lived
from meter_emu.world.judge.promise import Promise, first_promise
from meter_emu.world.judge.sts_credit import sts_ahead, sts_row
from meter_emu.world.judge.sts_lived import sts_lived
from meter_emu.world.judge.token_findings import token_findings
from meter_emu.world.judge.token_walk import Ahead
from meter_emu.world.judge.unheard import unheard, ways_of
from meter_emu.world.judge.verdicts import GOOD, GRAVITY, LIVED_GOOD, Lived, Verdict
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.failure import Failure, FailureKind

_LESS: Final = (Supplied.OFF, Supplied.LIMITED)
_VERDICTS: Final = {
    FailureKind.CRASHED: Verdict.CRASHED,
    FailureKind.HUNG: Verdict.HUNG,
    FailureKind.UNSEEN: Verdict.NOT_SEEN,
    FailureKind.OUTSIDE: Verdict.NOT_COVERED,
    FailureKind.UNSTEADY: Verdict.NOT_REPRODUCIBLE,
}


def seen_until(household: Household, campaign: Campaign, at_us: int) -> tuple[Household, Campaign]:
    """Return household and campaign up to where they were seen."""
    visits = tuple(visit for visit in household.visits if visit.at_us <= at_us)
    return replace(household, visits=visits), replace(campaign, end_us=at_us + 1)


def with_failure(outcome: Outcome, failure: Failure) -> Outcome:
    """Return the outcome with the graver of its verdict and what the failure means."""
    verdict = min(outcome.verdict, _VERDICTS[failure.kind], key=GRAVITY.__getitem__)
    return replace(outcome, verdict=verdict, failure=failure)


def judge(
    household: Household,
    campaign: Campaign,
    events: Sequence[Event],
    whose: Household | None = None,
) -> Outcome:
    """Return the verdict over one household, of its events from how it begins on, in time order.

    What it lived is judged by what it heard and did itself, or `whose` household is given. A
    story that ends before its time is judged up to there, and by how it ended.
    """
    failure = events[-1].failure
    if failure is None:
        return _likely(household, campaign, events, whose)[0]
    until = seen_until(household, campaign, failure.at_us)
    outcome = _likely(*until, events)[0]
    return with_failure(outcome, failure)


def likely_events(
    household: Household, campaign: Campaign, events: Sequence[Event]
) -> Sequence[Event]:
    """Return the events as they are judged: cards heard or not, as it fits best (`unheard`)."""
    return _likely(household, campaign, events)[1] if unheard(events) else events


def _likely(
    household: Household,
    campaign: Campaign,
    events: Sequence[Event],
    whose: Household | None = None,
) -> tuple[Outcome, Sequence[Event]]:
    all_ways = ways_of(events, household.model)
    ways = ((_judge_way(household, campaign, way, whose), way) for way in all_ways)
    return min(ways, key=lambda judged: _faults(judged[0]))


def _faults(outcome: Outcome) -> tuple[int, int]:
    """Return how many faults there are, and how grave the gravest is."""
    grave = -GRAVITY[outcome.verdict] if outcome.breaches else -len(Verdict)
    return len(outcome.breaches) + len(outcome.findings), grave


class Judging(NamedTuple):
    """Where a judge goes on from; `said` is `None` where something was wrong."""

    walk: Walk
    said: StatedSoFar | None


class SoFar(NamedTuple):
    """What is judged of a story that goes on.

    `ahead` is what it owes until later if nothing more happens, by `order`. `judging` is where the
    judge goes on from; `None` where he has to begin anew. `standing` is what else he goes by when a
    token comes.
    """

    outcome: Outcome
    ahead: tuple[Span, ...]
    order: Promise
    judging: Judging | None
    standing: frozenset[object] = frozenset()


def judge_so_far(
    household: Household,
    campaign: Campaign,
    events: Sequence[Event],
    until_us: int,
    before: Judging | None = None,
) -> SoFar:
    """Judge a story that goes on until later, from where it was judged `before`.

    The campaign ends now, and the story did not fail.
    """
    ahead_of = DEVICE_JUDGES[household.model.device].ahead
    if ahead_of is not None:
        ahead, standing = ahead_of(household, campaign, events, until_us)
        order = first_promise(household, campaign.start_us)
        return SoFar(_judge_way(household, campaign, events), ahead, order, None, standing)
    judged = []
    for way in ways_of(events, household.model):
        on = [event for event in way if event.what is not What.ENDED]
        if before is not None and way is events and before.walk.follows(on):
            walk, said = before.walk.fork(), None if before.said is None else before.said.fork()
            walk.go_on(household, on)
        else:
            walk = Walk(household, campaign, on, RULES)
            said = StatedSoFar(household, walk.ideal.promise, on)
        walk.until(campaign.end_us)
        goes_on = campaign.end_us < until_us
        ended = walk.fork() if goes_on else walk
        ended.go_on(household, way)
        row = ended.row(campaign.end_us)
        if said is not None and not said.right(household, row, way, len(on)):
            said = None
        last = said.fork() if goes_on and said is not None else said
        right = last is not None and last.right(household, row, way, len(way))
        findings = () if right and right_by_itself(row) else findings_of(household, row, way)
        outcome = _of_row(household, campaign, row, way, findings)
        # Where a card may have been heard or not he may think otherwise of what has passed.
        judging = Judging(walk, said) if goes_on and way is events else None
        judged.append(SoFar(outcome, ended.ahead(until_us), row.orders[-1], judging))
    return min(judged, key=lambda one: _faults(one.outcome))


def _judge_way(
    household: Household,
    campaign: Campaign,
    events: Sequence[Event],
    whose: Household | None = None,
) -> Outcome:
    judges = DEVICE_JUDGES[household.model.device]
    owed = judges.row(household, campaign, events)
    found = judges.findings(household, owed, events)
    outcome = _of_row(household, campaign, owed, events, found, whose)
    if judges.lived is None:
        return outcome
    return replace(outcome, lived=judges.lived(household, campaign, events, outcome))


def owed_to(household: Household, campaign: Campaign, events: Sequence[Event]) -> PromiseRow:
    """Return the row of what is owed to a household, whatever device it has."""
    return DEVICE_JUDGES[household.model.device].row(household, campaign, events)


def _of_row(
    household: Household,
    campaign: Campaign,
    row: PromiseRow,
    events: Sequence[Event],
    findings: tuple[HouseholdFinding, ...],
    whose: Household | None = None,
) -> Outcome:
    seen = supply_judged(row, events)
    breaches = tuple(breaches_of(household, row, events, seen))
    parts = tuple(parts_of(row, seen))
    if breaches:
        gravest = min(breaches, key=lambda breach: GRAVITY[breach.verdict])
        ordered_us, cut_us, verdict = gravest.ordered_us, gravest.cut_us, gravest.verdict
    else:
        ordered_us, cut_us = _last_due(row)
        verdict = min(map(_became, row.dues), key=lambda one: GRAVITY[one], default=Verdict.KEPT)
    return Outcome(
        id=household.id,
        kind=household.kind,
        energy=household.model.energy,
        model=household.model_name,
        build=household.build,
        ordered_us=ordered_us,
        cut_us=cut_us,
        verdict=verdict,
        breaches=breaches,
        findings=findings,
        supply=tuple(supply_since(parts)),
        seen_until_us=parts[-1].seen.to_us if parts else 0,
        lived=account_of(whose or household, campaign, tuple(stretches_of(parts, breaches))),
    )


class DeviceJudge(NamedTuple):
    """Who says of a device what its supply must be, and what else is wrong."""

    row: Callable[[Household, Campaign, Sequence[Event]], PromiseRow]
    findings: Callable[[Household, PromiseRow, Sequence[Event]], tuple[HouseholdFinding, ...]]
    ahead: Callable[[Household, Campaign, Sequence[Event], int], Ahead] | None = None
    lived: Callable[[Household, Campaign, Sequence[Event], Outcome], LivedAccount] | None = None


DEVICE_JUDGES: Final[dict[DeviceName, DeviceJudge]] = {
    "budget": DeviceJudge(row_of, findings_of),
    "openpaygo": DeviceJudge(paygo_row, token_findings, paygo_ahead, paygo_lived),
    "sts": DeviceJudge(sts_row, token_findings, sts_ahead, sts_lived),
}


def expected(outcome: Outcome, household: Household) -> bool:
    """Whether both accounts are what the campaign's author expects."""
    return ordered_expected(outcome, household) and lived_expected(outcome, household)


def ordered_expected(outcome: Outcome, household: Household) -> bool:
    """Whether verdict, findings and cut are what the campaign's author expects.

    By default that is a good verdict and no finding. Of a household that the program does not
    cover nothing is expected.
    """
    if outcome.verdict is Verdict.NOT_COVERED:
        return True
    if household.expect_cut_us is not None:
        from_us, to_us = household.expect_cut_us
        if outcome.cut_us is None or not from_us <= outcome.cut_us <= to_us:
            return False
    return verdict_expected(outcome, household) and not unexpected_findings(outcome, household)


def verdict_expected(outcome: Outcome, household: Household) -> bool:
    """Whether the verdict alone is what the author expects."""
    if outcome.verdict is Verdict.NOT_COVERED:
        return True
    expect = household.expect or ()
    return outcome.verdict in ([one for one in Verdict if one.value in expect] or GOOD)


def lived_expected(outcome: Outcome, household: Household) -> bool:
    """Whether what a household lived is what the author expects: by default no harm."""
    if outcome.verdict is Verdict.NOT_COVERED:
        return True
    if household.expect_lived is not None:
        return outcome.lived.verdict.value in household.expect_lived
    return outcome.lived.verdict in LIVED_GOOD


def cut_before_us(household: Household, outcome: Outcome) -> int:
    """Return how long before the announced moment it was cut or limited; 0 where it was not.

    The cut counts from its whole second, as it is shown.
    """
    at_us = outcome.lived.at_us
    newest = None if at_us is None else newest_announced(household.announced, at_us)
    if at_us is None or newest is None or outcome.lived.verdict is not Lived.DARK_BEFORE:
        return 0
    return newest.end_us - at_us // SECOND_US * SECOND_US


def supplied_past_us(household: Household, outcome: Outcome) -> int:
    """Return for how long it was supplied past an announced cut; 0 where it was not."""
    at_us = outcome.lived.at_us
    newest = None if at_us is None else newest_announced(household.announced, at_us)
    if at_us is None or newest is None or outcome.lived.verdict is not Lived.STILL_ON:
        return 0
    less = (one.from_us for one in outcome.supply if one.from_us > at_us and one.had in _LESS)
    return next(less, outcome.seen_until_us) - newest.end_us


def unexpected_findings(outcome: Outcome, household: Household) -> tuple[HouseholdFinding, ...]:
    """Return the findings that the author did not name."""
    expect = household.expect or ()
    return tuple(finding for finding in outcome.findings if finding.kind.value not in expect)


def _last_due(row: PromiseRow) -> tuple[int | None, int | None]:
    """Return T2 and the cut of the last one that was due, else T2 of the order in the meter."""
    if row.dues:
        return row.dues[-1].cut_us, row.dues[-1].opened_us
    return row.orders[-1].cut_us, None


def _became(due: Due) -> Verdict:
    """Return the verdict of a due cut without a breach."""
    if due.opened_us is not None or not due.fed:
        return Verdict.ON_TIME  # or without supply already, lawfully, and it stayed so
    if due.over_us is None:
        return Verdict.HELD if due.unable else Verdict.NOT_SEEN
    return Verdict.HELD if due.waited else Verdict.KEPT
