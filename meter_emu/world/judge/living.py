"""What a household heard and did, for the account of what it lived; and whose doing a harm was.

The account (`lived`) asks no card and no order. Whose doing it was is the question that compares it
with the other one, so it is asked here, after both.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import (
    DeskOrder,
    Household,
    Visit,
    VisitKind,
    newest_announced,
)
from meter_emu.world.judge.lived import (
    NOTHING_HEARD,
    HeardAnnouncement,
    HouseholdAct,
    HouseholdDeed,
    LivedAccount,
    LivedStretch,
    LossReason,
    account_lived,
)
from meter_emu.world.judge.obligations import PromiseRow
from meter_emu.world.judge.outcome import Breach, HouseholdFinding
from meter_emu.world.judge.promise import promise_at
from meter_emu.world.judge.verdicts import HARM, FindingKind, Lived, Who
from meter_emu.world.meter.events import Event, What

_CARDS: Final = (What.CARD_SERVED, What.CARD_REFUSED)


class Judged(NamedTuple):
    """What the other account has found."""

    row: PromiseRow
    events: Sequence[Event]
    breaches: Sequence[Breach]
    findings: Sequence[HouseholdFinding]


def account_of(
    household: Household, campaign: Campaign, supply: Sequence[LivedStretch], judged: Judged
) -> tuple[LivedAccount, Who | None]:
    """Return what a household lived, and whose doing it was, if somebody's."""
    if not campaign.announced:
        return NOTHING_HEARD, None
    if not supply:  # the story ended before anything could be seen
        return LivedAccount(Lived.CANNOT_BE_SAID), None
    heard = [
        HeardAnnouncement(one.made_us, one.defer_us, one.cut_us, one.takers_only, one.late_max_us)
        for one in household.announced
    ]
    acts = tuple(acts_of(household.visits))
    account = account_lived(heard, acts, supply, household.model.boot_ms * 1_000)
    return account, _doing(household, account, judged)


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
    return None if order.defer_us is None and order.cut_us is None else HouseholdDeed.TAKE_PART


def _doing(household: Household, account: LivedAccount, judged: Judged) -> Who | None:
    """Return whose doing it was that it did not live what it heard: the first that fits."""
    at_us = account.at_us
    if at_us is None or account.verdict not in HARM | {Lived.STILL_ON}:
        return None
    if account.why is LossReason.METER or _meter_erred(account, judged, at_us):
        return Who.METER
    cards = [event for event in judged.events if event.what in _CARDS and event.at_us <= at_us]
    own = [event for event in cards if event.visit is not None and _own(household, event.visit)]
    if own and own[-1].what is What.CARD_REFUSED:
        return Who.CARD
    written = [
        visit
        for visit in household.visits
        if visit.at_us <= at_us and _words_asked(visit.desk) is not None
    ]
    if written and _mistaken(household, written[-1]):
        return Who.OFFICE
    now = newest_announced(household.announced, at_us)
    moved = now is not None and (not written or now.made_us > written[-1].at_us)
    unasked = now is not None and not now.takers_only and not written
    if moved or unasked or account.verdict is Lived.NOT_GIVEN_BACK:
        return Who.PLAN
    return Who.HOUSEHOLD


def _own(household: Household, visit: int) -> bool:
    return household.visits[visit].kind is VisitKind.INSERT


def _meter_erred(account: LivedAccount, judged: Judged, at_us: int) -> bool:
    """Whether the meter broke its orders then, or was later with them than was announced."""
    if any(breach.from_us <= at_us < breach.to_us for breach in judged.breaches):
        return True
    refused = FindingKind.GROUNDLESS_REFUSAL
    if any(one.kind is refused and one.from_us <= at_us for one in judged.findings):
        return True
    cut_us = promise_at(judged.row.orders, at_us).cut_us
    return account.verdict is Lived.STILL_ON and cut_us is not None and cut_us <= at_us


def _mistaken(household: Household, visit: Visit) -> bool:
    """Whether an office wrote something else than what was asked, by what was announced then."""
    order = visit.desk
    assert order is not None, "it is a visit to an office"
    if order.torn or order.fields is not None or order.office_error_s:
        return True
    if order.reactivate:
        return False
    shown = newest_announced(household.announced, visit.at_us)
    if shown is None:
        return True
    said = ((order.defer_us, shown.defer_us), (order.cut_us, shown.cut_us))
    return any(wrote is not None and wrote != heard for wrote, heard in said)
