"""A home whose story ends before its time: what is judged of it, and by what verdict."""

from dataclasses import replace
from typing import Final

from meter_emu.world.meter.failure import Failure, FailureKind
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.household import Household
from meter_emu.world.rehearsal.outcome import Outcome
from meter_emu.world.rehearsal.verdicts import GRAVITY, Verdict

_VERDICTS: Final = {
    FailureKind.CRASHED: Verdict.CRASHED,
    FailureKind.HUNG: Verdict.HUNG,
    FailureKind.UNSEEN: Verdict.NOT_SEEN,
}


def seen_until(household: Household, campaign: Campaign, at_us: int) -> tuple[Household, Campaign]:
    """Return household and campaign as far as they came."""
    visits = tuple(visit for visit in household.visits if visit.at_us <= at_us)
    return replace(household, visits=visits), replace(campaign, end_us=at_us + 1)


def with_failure(outcome: Outcome, failure: Failure) -> Outcome:
    """Return the outcome with the graver of its verdict and what the failure means."""
    verdict = min(outcome.verdict, _VERDICTS[failure.kind], key=GRAVITY.__getitem__)
    return replace(outcome, verdict=verdict, failure=failure)
