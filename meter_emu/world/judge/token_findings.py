"""What a breach of the supply is in words of tokens, for any device that they are typed at."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from meter_emu.world.households.household import Household
from meter_emu.world.judge.breaches import breaches_of, supply_judged
from meter_emu.world.judge.obligations import PromiseRow
from meter_emu.world.judge.outcome import Breach, HouseholdFinding, Supplied
from meter_emu.world.judge.verdicts import FindingKind
from meter_emu.world.meter.events import Event, What


def token_findings(
    household: Household, row: PromiseRow, events: Sequence[Event]
) -> tuple[HouseholdFinding, ...]:
    """Return what a breach of the supply is in words of tokens: the first of each kind."""
    seen = supply_judged(row, events)
    found = [_finding(events, one) for one in breaches_of(household, row, events, seen)]
    kinds = dict.fromkeys(one.kind for one in found if one is not None)
    return tuple(_first(kind, found) for kind in kinds)


def _first(kind: FindingKind, found: Sequence[HouseholdFinding | None]) -> HouseholdFinding:
    same = [one for one in found if one is not None and one.kind is kind]
    lasted_us = sum(one.lasted_us for one in same)
    return replace(same[0], until_us=same[-1].until_us, times=len(same), lasted_us=lasted_us)


def _finding(events: Sequence[Event], breach: Breach) -> HouseholdFinding | None:
    typed = [one for one in events if one.what is What.TYPED and one.at_us <= breach.from_us]
    if not typed:
        return None
    of = partial(
        HouseholdFinding,
        from_us=breach.from_us,
        until_us=breach.to_us,
        times=1,
        lasted_us=breach.to_us - breach.from_us,
    )
    if breach.had is Supplied.OFF:
        words = "there was something left of what was paid, and the supply was off"
        return of(kind=FindingKind.PAID_NOT_CREDITED, words=words)
    # The same entry twice, or what was not sold, and then more supply than was paid for.
    again = len({one.detail for one in typed}) < len(typed)
    if not again:
        return None
    words = "a token was keyed in again, and the supply was on for longer than was paid"
    return of(kind=FindingKind.CREDITED_TWICE, words=words)
