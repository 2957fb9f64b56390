"""What can be put right alone where tokens are keyed in: the office, who keys in, the visits."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from card_protocol.tokens.sts.tid import KEN_NEVER, TID_MAX, BaseDate
from meter_emu.units import HOUR_US, MINUTE_US
from meter_emu.world.households.household import Household, Visit, VisitKind
from meter_emu.world.households.ledger import TypedToken
from meter_emu.world.households.ledger_token import LedgerToken
from meter_emu.world.households.sts_ledger import StsSale, StsToken, vended
from meter_emu.world.meter.devices import first_key

_KEYED_IN_US: Final = HOUR_US  # ours: so long after it was sold, sections a minute apart
_VISIT: Final = "visited in time"


def sold_rightly(household: Household) -> Household:
    """Have a right office sell all that was asked for, under the key on its record."""
    right = (
        replace(sale, office="right", under=None, office_error_s=0) for sale in _sales(household)
    )
    return _sold(household, right)


def keyed_in_when_sold(household: Household, start_us: int, end_us: int) -> Household:
    """Have each token keyed in once, in its order, within hours of its sale."""
    visits = [one for one in household.visits if one.kind is not VisitKind.KEYED_IN]
    return replace(household, visits=_keyed_in(visits, household.tokens, start_us, end_us))


def visited_in_time(household: Household, start_us: int, end_us: int) -> Household:
    """Have a new key brought at the beginning that is good to the end; none where one was sold."""
    assert household.model.sts is not None, "it is such a meter"
    key = first_key(household.model.sts)
    new = replace(key, base=_good_to(key.base, end_us), ken=KEN_NEVER)
    sales = [
        sale
        if sale.new_key is None
        else replace(sale, new_key=replace(sale.new_key, base=new.base, ken=KEN_NEVER))
        for sale in _sales(household)
    ]
    if new == key or any(sale.new_key for sale in sales):
        return _sold(household, sales)
    sale = StsSale(
        id=_VISIT,
        household=household.id,
        sold_us=start_us,
        new_key=replace(new, revision=key.revision % 9 + 1),
        rollover=True,
    )
    visited = _sold(household, [sale, *sales])
    brought = [one for one in visited.tokens if isinstance(one, StsToken) and one.sale is sale]
    return replace(visited, visits=_keyed_in(list(visited.visits), brought, start_us, end_us))


def _good_to(base: BaseDate, us: int) -> BaseDate:
    """Return the first base date from this one on that can still be counted from at an instant."""
    left = list(BaseDate)[list(BaseDate).index(base) :]
    ends = (one for one in left if us // MINUTE_US - one.epoch_min <= TID_MAX)
    return next(ends, left[-1])


def _sales(household: Household) -> list[StsSale]:
    return list(dict.fromkeys(one.sale for one in household.tokens if isinstance(one, StsToken)))


def _sold(household: Household, sales: Iterable[StsSale]) -> Household:
    """Return a household that was sold this; what was keyed in is what was sold by that name."""
    tokens = tuple(vended(sales, household.model))
    named = {one.id: one for one in tokens if not one.refused}
    visits = (
        visit
        if visit.token is None
        else replace(visit, token=replace(visit.token, token=named[visit.token.token.id]))
        for visit in household.visits
        if visit.token is None or visit.token.token.id in named
    )
    return replace(household, tokens=tokens, visits=tuple(visits))


def _keyed_in(
    visits: list[Visit], tokens: Iterable[LedgerToken], start_us: int, end_us: int
) -> tuple[Visit, ...]:
    free_us = start_us
    for token in tokens:
        if token.refused:
            continue
        free_us = max(token.sold_us + _KEYED_IN_US, free_us + MINUTE_US)
        if free_us < end_us:
            typed = TypedToken(token=token)
            visits.append(Visit(at_us=free_us, kind=VisitKind.KEYED_IN, token=typed))
    return tuple(sorted(visits, key=lambda one: one.at_us))
