"""Why nobody could see a change of a log: by the second oracle, the log and the campaign alone."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from meter_emu.units import SECOND_US, UEUR_PER_CENT
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.judge.account import UEUR
from meter_emu.world.judge.obligations import Must, row_of
from meter_emu.world.judge.outcome import WORK_US, Supplied
from meter_emu.world.meter.events import Event, What
from tests.world.judge.changing import Change, differs
from tests.world.judge.naive import Naive

LAWFUL: Final = {
    Must.ON: {Supplied.ON, Supplied.NO_POWER},
    Must.OFF: {Supplied.OFF, Supplied.NO_POWER},
    Must.LIMITED: {Supplied.ON, Supplied.LIMITED, Supplied.NO_POWER},
    Must.EITHER: set(Supplied),
    None: set(Supplied),
}
SOMEBODY: Final = (What.CARD_SERVED, What.CARD_REFUSED, What.KEY_PRESSED, What.KEY_HELD)
# By the rule under which the changed supply parts from the one before. Another rule is no reason.
REASONS: Final = {
    "cut allowed": "T2 has come: within 2*u* and a look a clock may cut at any moment",
    "no credit": "the credit is used up: the cut comes with a look, or waits for a clock that may "
    "be *u* off at the end of the protected hours",
    "limiter": "T2 has come, or the credit is used up: the limiter comes as the cut would",
    "asked": "somebody asked within 2*u* and a look of T2: the meter may know that it has come",
}
FORGOTTEN: Final = "the end had come, so a meter may forget it, and it never states it again"
NEW_ORDER: Final = "a card came less than a look before, and the display may be of before it"
ACCOUNT: Final = "less than the account is wide there: two prices, or a T1 within 2*u* of that look"


def why_unseen(
    household: Household, campaign: Campaign, events: Sequence[Event], change: Change
) -> str | None:
    """Return why nobody could see a change, `None` if somebody could."""
    if change.subject == "charge":
        return _of_a_charge(household, campaign, events, change)
    if change.subject == "display":
        return FORGOTTEN if change.gone and not _stated_again(events, change) else None
    if change.subject == "display after the cut":
        return _of_a_display(household, events, change)
    naive = Naive(household, campaign, change.events)
    moments = differs(events, change, campaign)
    for us, has in moments:
        late = has is Supplied.ON and naive.must_be_limited(us)
        if late or has not in LAWFUL[naive.must(us)]:
            return None  # the second oracle sees it
    # What was lawful just before the two part, and lets them.
    parts_us = max(campaign.start_us, moments[0][0] - 1)
    spans = row_of(household, campaign, change.events).spans
    rule = next(span.rule for span in spans if span.from_us <= parts_us < span.to_us)
    orders = naive.orders(parts_us)
    if rule == "asked" and (orders is None or (orders.cut_us or parts_us + 1) > parts_us):
        return None
    return REASONS.get(rule)


def _of_a_charge(
    household: Household, campaign: Campaign, events: Sequence[Event], change: Change
) -> str | None:
    books = row_of(household, campaign, events).books[change.place]
    if change.by_ueur > (books.high - books.low + 2 * books.carried) // UEUR:
        return None
    # Nobody was at the meter, and its balance rose.
    looks = [e for e in change.events if e.balance_ueur is not None]
    for before, after in pairwise(looks):
        risen = (after.balance_ueur or 0) - (before.balance_ueur or 0)
        alone = after.what not in SOMEBODY and before.what not in SOMEBODY
        if alone and risen > UEUR_PER_CENT:
            return None
    return ACCOUNT


def _of_a_display(household: Household, events: Sequence[Event], change: Change) -> str | None:
    """At a card or a key it is of now."""
    event, before = events[change.place], events[: change.place]
    if event.what in SOMEBODY:
        return None
    look_us = household.model.poll_s * SECOND_US + WORK_US
    cards = [e.at_us for e in before if e.what in {What.CARD_SERVED, What.CARD_REFUSED}]
    return NEW_ORDER if cards and event.at_us < cards[-1] + look_us else None


def _stated_again(events: Sequence[Event], change: Change) -> bool:
    """Whether the end that was taken away is stated later, on a card or on the display."""
    which = 0 if change.how.startswith("T1") else 1
    understood = events[change.place].understood
    assert understood is not None, "it was taken away"
    end = understood[which]
    for event in events[change.place :]:
        if event.what is What.DESK:
            break  # perhaps another order
        later = event.at_us > events[change.place].at_us and event.understood is not None
        if later and event.understood is not None and event.understood[which] == end:
            return True
        if which and event.what in SOMEBODY and f"OFF: CUT AS OF {end}" in event.shown:
            return True
    return False
