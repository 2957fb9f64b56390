"""What a household with an STS meter lived: what it paid and never got, since when it cannot buy.

The meter may have kept every rule. Both are read from the ledger: a token that the meter, as it is
at the end, will never take; and the first instant from which, up to the end, the office either
sells nothing or sells what the meter refuses.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from card_protocol.errors import TokenError
from meter_emu.desk.vending import OFFICES, OfficeName
from meter_emu.units import MINUTE_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.households.sts_ledger import StsOffice, StsSale, StsToken
from meter_emu.world.judge.lived import NOTHING_HEARD, LivedAccount
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.sts_credit import StsCredited, sts_walk
from meter_emu.world.judge.verdicts import Lived
from meter_emu.world.meter.events import Event

_History: TypeAlias = Sequence[tuple[int, tuple[StsCredited, ...]]]  # the states from when on


def sts_lived(
    household: Household, campaign: Campaign, events: Sequence[Event], _: Outcome
) -> LivedAccount:
    """Return what a household lived."""
    walk = sts_walk(household, campaign, events)
    sold = [token for token in household.tokens if isinstance(token, StsToken)]
    lost = [token for token in sold if _lost(token, household, walk.states)]
    if lost:
        return LivedAccount(Lived.PAID_NEVER_GOT, lost[0].sold_us)
    since_us = _cannot_buy(household, campaign, [token.sale for token in sold], walk.history)
    return NOTHING_HEARD if since_us is None else LivedAccount(Lived.CANNOT_BUY, since_us)


def _lost(token: StsToken, household: Household, states: Sequence[StsCredited]) -> bool:
    """Whether a token that was paid for was not credited, and never will be."""
    checks_ken = _checks_ken(household)
    if token.sale.wh is None or token.refused:
        return False
    return not any(
        token.id in state.credited or state.takes(token, checks_ken=checks_ken) for state in states
    )


def _cannot_buy(
    household: Household, campaign: Campaign, sales: Sequence[StsSale], history: _History
) -> int | None:
    """Return since when nothing can be bought up to the end.

    Between two moments, a sale or an entry, what could be bought can only end.
    """
    office = StsOffice(household.model)
    moments = {us for us, _ in history} | {sale.sold_us for sale in sales}
    left, known = list(sales), list(history)
    counter = _Counter(office, "right", known[0][1], _checks_ken(household))
    since = None
    moments = {us for us in moments if us < campaign.end_us} | {campaign.start_us}
    for us, next_us in pairwise([*sorted(moments), campaign.end_us]):
        while left and left[0].sold_us <= us:
            counter = counter._replace(name=left[0].office)
            list(office.sold(left.pop(0)))
        while known and known[0][0] <= us:
            counter = counter._replace(states=known.pop(0)[1])
        ended_us = counter.ends_within(us, next_us)
        if ended_us is None:
            since = None
        elif since is None or ended_us > us:
            since = ended_us
    return since


class _Counter(NamedTuple):
    """Where a household would buy: its office, which one that is, and what its meter may hold."""

    office: StsOffice
    name: OfficeName
    states: tuple[StsCredited, ...]
    checks_ken: bool

    def sells(self, us: int) -> StsToken | None:
        """Return what is sold at an instant, `None` where the key's time is over."""
        sale = StsSale(id="next", household="", sold_us=us, wh=100, office=self.name)
        vending = OFFICES[self.name]
        under = vending.key(self.office.record)
        try:
            tid = self.office.tid(sale, under)
        except TokenError:
            return None
        over = vending.expired(tid, under.ken)
        return None if over else StsToken(sale=sale, under=under, tid=tid)

    def takes(self, us: int) -> bool:
        """Whether something is sold at an instant that the meter takes."""
        token = self.sells(us)
        if token is None or token.under.key_type == "default":
            return False
        return any(state.takes(token, checks_ken=self.checks_ken) for state in self.states)

    def ends_within(self, from_us: int, to_us: int) -> int | None:
        """Return from when on nothing is taken up to the last minute; `None` if it still is."""
        if self.takes(to_us - 1):
            return None
        if not self.takes(from_us):
            return from_us
        first, last = from_us // MINUTE_US, to_us // MINUTE_US  # TIDs are of whole minutes
        while last - first > 1:
            middle = (first + last) // 2
            first, last = (middle, last) if self.takes(middle * MINUTE_US) else (first, middle)
        return last * MINUTE_US


def _checks_ken(household: Household) -> bool:
    assert household.model.sts is not None, "it is such a meter"
    return household.model.sts.checks_ken
