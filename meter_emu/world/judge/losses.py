"""How supply was lost: for lack of credit, by an order, or by a meter that broke its orders.

An order's cut and an empty account look the same from the flat. Only the account of money tells
them apart, so this is what it hands over to the account that asks no meter and no card (`lived`).
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from meter_emu.world.judge.breaches import SupplySpan
from meter_emu.world.judge.lived import Had, LivedStretch, LossReason
from meter_emu.world.judge.obligations import (
    BEFORE,
    DARK,
    LIMITER,
    NO_CREDIT,
    START_UP,
    USED_UP,
    PromiseRow,
)
from meter_emu.world.judge.outcome import Breach, Supplied, SupplySince
from meter_emu.world.judge.promise import promise_at

_SAME: Final = {
    Supplied.ON: Had.ON,
    Supplied.LIMITED: Had.LIMITED,
    Supplied.OFF: Had.OFF,
    Supplied.NO_POWER: Had.NO_POWER,
}


class SupplyPart(NamedTuple):
    """A part of the supply as it was seen, and whether a loss in it is for lack of credit."""

    seen: SupplySpan
    for_credit: bool


def parts_of(row: PromiseRow, seen: Sequence[SupplySpan]) -> Iterator[SupplyPart]:
    """Yield the supply that was seen; a loss is for credit as soon as it is for nothing else."""
    by_order = {due.opened_us for due in row.dues}
    starts_us = [span.from_us for span in row.spans]
    lost, for_credit = Supplied.ON, False
    for one in seen:
        if one.had is Supplied.NO_POWER:
            yield SupplyPart(one, for_credit=False)
            continue
        if one.had is not lost:
            lost = one.had
            for_credit = lost is not Supplied.ON and _begins(row, one, starts_us, by_order)
        turns_us = None
        if lost is not Supplied.ON and not for_credit:
            turns_us = _turns_us(row, one, starts_us)
        if turns_us is None:
            yield SupplyPart(one, for_credit)
            continue
        for_credit = True
        if turns_us > one.from_us:
            yield SupplyPart(
                SupplySpan(one.from_us, turns_us, one.had, one.invited), for_credit=False
            )
        yield SupplyPart(SupplySpan(turns_us, one.to_us, one.had, one.invited), for_credit=True)


def _begins(
    row: PromiseRow, one: SupplySpan, starts_us: Sequence[int], by_order: set[int | None]
) -> bool:
    """Whether a loss begins for lack of credit, as the rules allow it."""
    if one.from_us in by_order:
        return False
    index = bisect_left(starts_us, one.from_us) - 1
    while index >= 0 and row.spans[index].rule == BEFORE:  # it only covers for the one before
        index -= 1
    if index < 0:
        return False
    if one.had is Supplied.OFF:
        if row.spans[index].rule == START_UP:  # what it was for is seen when the meter has started
            after = row.spans[min(index + 1, len(row.spans) - 1)]
            return (after.rule, after.why) == (DARK, USED_UP)
        return row.spans[index].rule == NO_CREDIT
    return row.spans[index].rule == LIMITER and _credit_is_needed(row, one.from_us)


def _turns_us(row: PromiseRow, one: SupplySpan, starts_us: Sequence[int]) -> int | None:
    """Return from when on only credit is missing, `None` for not in this time."""
    for index in range(max(0, bisect_left(starts_us, one.from_us + 1) - 1), len(row.spans)):
        span = row.spans[index]
        if span.from_us >= one.to_us:
            break
        at_us = max(span.from_us, one.from_us)
        if one.had is Supplied.OFF:
            only_credit = (span.rule, span.why) == (DARK, USED_UP)
        else:
            only_credit = span.rule == LIMITER
        if only_credit and _credit_is_needed(row, at_us):
            return at_us
    return None


def _credit_is_needed(row: PromiseRow, us: int) -> bool:
    """Whether the order in the meter leaves supply to credit: no T1 is to come, and no T2 has."""
    promise = promise_at(row.orders, us)
    deferred = promise.defer_us is not None and us < promise.defer_us
    return not deferred and (promise.cut_us is None or us < promise.cut_us)


def supply_since(parts: Sequence[SupplyPart]) -> Iterator[SupplySince]:
    """Yield the supply from the first part on, each change once."""
    last: SupplySince | None = None
    for part in parts:
        one = SupplySince(part.seen.from_us, part.seen.had, part.for_credit)
        if last is None or one[1:] != last[1:]:
            yield one
            last = one


def stretches_of(parts: Sequence[SupplyPart], breaches: Sequence[Breach]) -> Iterator[LivedStretch]:
    """Yield the supply as it was lived; a loss in a breach is the meter's."""
    for span, for_credit in parts:
        had = _SAME[span.had]
        if had not in (Had.OFF, Had.LIMITED):
            yield LivedStretch(span.from_us, span.to_us, had)
            continue
        bounds = {span.from_us, span.to_us}
        for breach in breaches:
            bounds |= {
                us for us in (breach.from_us, breach.to_us) if span.from_us < us < span.to_us
            }
        for from_us, to_us in pairwise(sorted(bounds)):
            if any(breach.from_us <= from_us < breach.to_us for breach in breaches):
                yield LivedStretch(from_us, to_us, had, LossReason.METER)
            elif span.invited and had is Had.OFF:
                yield LivedStretch(from_us, to_us, Had.READY)
            else:
                yield LivedStretch(
                    from_us, to_us, had, LossReason.CREDIT if for_credit else LossReason.ORDER
                )
