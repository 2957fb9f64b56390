"""What a buyer of days of light lived: what the ledger sold, against the light that there was.

The yardstick is the ledger alone: the light of a right device at which each token is keyed in when
it is sold. What the device would still take is not lost, nor what is left on it at the end.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from card_protocol.tokens.openpaygo.counter import PaygoKind
from meter_emu.units import DAY_US, HOUR_US, PPB
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.households.ledger import SoldToken, TypedToken
from meter_emu.world.judge.lived import NOTHING_HEARD, LivedAccount, LossReason, PaidLight
from meter_emu.world.judge.outcome import Outcome, Supplied
from meter_emu.world.judge.paygo import paygo_walk
from meter_emu.world.judge.verdicts import Lived
from meter_emu.world.meter.events import Event

_UNSEEN_US: Final = HOUR_US  # ours: of light, that nobody misses; and what a right clock may drift


def paygo_lived(
    household: Household, campaign: Campaign, events: Sequence[Event], outcome: Outcome
) -> LivedAccount:
    """Return what a household lived, with the three lengths of light."""
    if not outcome.supply:  # the story ended before anything could be seen
        return LivedAccount(Lived.CANNOT_BE_SAID)
    walk, end_us = paygo_walk(household, campaign, events), outcome.seen_until_us
    sold = [
        token
        for token in household.tokens
        if isinstance(token, SoldToken) and token.sold_us < end_us
    ]
    still = [token for token in sold if any(state.takes(token) for state in walk.states)]
    due = [token for token in sold if token not in still]
    on_us, left_us = 0, sum(_sold_us(household, token) for token in still)
    paid_us = left_us + _light_us(household, due, campaign.start_us, end_us)
    dark_us: int | None = None  # since when there was none first, after something was sold
    ends_us = [*(one.from_us for one in outcome.supply[1:]), end_us]
    for one, to_us in zip(outcome.supply, ends_us, strict=True):
        if one.had is Supplied.ON:
            on_us += to_us - one.from_us
        elif dark_us is None and due and due[0].sold_us < to_us:
            dark_us = max(one.from_us, due[0].sold_us)
    if not any(state.unlocked for state in walk.states):
        left_us += max(0 if one.over else max(0, one.to_us - end_us) for one in walk.states)
    light = PaidLight(paid_us, on_us, left_us)
    drift_us = paid_us * household.model.clock.drift_bound_ppb // PPB
    if dark_us is None or light.lost_us <= _UNSEEN_US + drift_us:
        return NOTHING_HEARD._replace(light=light)
    erred = (one.from_us for one in outcome.breaches if one.had is Supplied.OFF)
    erred_us = next(erred, None)
    why = LossReason.CREDIT if erred_us is None else LossReason.METER
    return LivedAccount(Lived.DARK_THOUGH_PAID, erred_us or dark_us, why, light)


def _sold_us(household: Household, token: SoldToken) -> int:
    """Return the light that a token adds or sets."""
    assert household.model.paygo is not None, "it is such a device"
    return (token.value or 0) * DAY_US // household.model.paygo.time_divider


def _light_us(household: Household, sold: Iterable[SoldToken], start_us: int, end_us: int) -> int:
    """Return the light that tokens give, each keyed in when it is sold.

    The last instalment gives light up to the end, from when it was keyed in.
    """
    light_us = left_us = now_us = 0
    for token in sold:
        before_us, now_us = now_us, max(start_us, token.sold_us)
        lit_us = min(left_us, now_us - before_us)
        light_us, left_us = light_us + lit_us, left_us - lit_us
        if token.kind is PaygoKind.DISABLE:
            keyed_us = min(_entries_us(household, token), default=now_us)
            return light_us + min(left_us, keyed_us - now_us) + end_us - keyed_us
        left_us *= token.kind is PaygoKind.ADD_TIME
        left_us += _sold_us(household, token)
    return light_us + left_us


def _entries_us(household: Household, token: SoldToken) -> Iterable[int]:
    """Yield when a token was keyed in at its own device, as it was sold."""
    for visit in household.visits:
        if visit.token == TypedToken(token=token):
            yield visit.at_us
