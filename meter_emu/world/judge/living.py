"""What a household heard and did, for the account of what it lived, which asks no card."""

from collections.abc import Iterator, Sequence

from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import DeskOrder, Household, Visit, VisitKind
from meter_emu.world.judge.lived import (
    NOTHING_HEARD,
    HeardAnnouncement,
    HouseholdAct,
    HouseholdDeed,
    LivedAccount,
    LivedStretch,
    account_lived,
)
from meter_emu.world.judge.outcome import WORK_US
from meter_emu.world.judge.verdicts import Lived


def account_of(
    household: Household, campaign: Campaign, supply: Sequence[LivedStretch]
) -> LivedAccount:
    """Return what a household lived with a supply, by what it heard and did."""
    if not campaign.announced:
        return NOTHING_HEARD
    if not supply:  # the story ended before anything could be seen
        return LivedAccount(Lived.CANNOT_BE_SAID)
    heard = [
        HeardAnnouncement(one.made_us, one.defer_us, one.cut_us, one.takers_only, one.late_max_us)
        for one in household.announced
    ]
    acts = tuple(acts_of(household.visits))
    return account_lived(heard, acts, supply, household.model.boot_ms * 1_000 + WORK_US)


def acts_of(visits: Sequence[Visit]) -> Iterator[HouseholdAct]:
    """Yield what people asked an office for, and when they put their own newest card in."""
    for visit in visits:
        deed = HouseholdDeed.PUT_IN if visit.kind is VisitKind.INSERT else _words_asked(visit.desk)
        if deed is not None:
            yield HouseholdAct(visit.at_us, deed)


def _words_asked(order: DeskOrder | None) -> HouseholdDeed | None:
    """Return the words at the desk, whatever the office wrote."""
    if order is None:
        return None
    if order.reactivate:
        return HouseholdDeed.REACTIVATE
    return HouseholdDeed.TAKE_PART if order.dated else None
