"""When a household is without supply for want of credit: apart from what its order did.

An order's cut and an empty account look the same from the flat, and a campaign answers for both.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from meter_emu.world.judge.breaches import supply_of
from meter_emu.world.judge.obligations import BEFORE, NO_CREDIT, PromiseRow
from meter_emu.world.judge.outcome import Supplied
from meter_emu.world.meter.events import Event


class Unfed(NamedTuple):
    """A stretch without supply for want of credit, in true microseconds."""

    from_us: int
    to_us: int


def unfed_in(row: PromiseRow, events: Sequence[Event]) -> Iterator[Unfed]:
    """Yield each stretch that began with a lawful cut for want of credit, in time order.

    It lasts until there is supply again, or to the end of what was judged.
    """
    if not row.spans:
        return
    start_us, end_us = row.spans[0].from_us, row.spans[-1].to_us
    by_order = {due.opened_us for due in row.dues}
    since_us, fed = None, True
    for had in supply_of(events, start_us, end_us):
        if had.had in {Supplied.ON, Supplied.LIMITED}:
            if since_us is not None:
                yield Unfed(since_us, had.from_us)
            since_us, fed = None, True
        elif had.had is Supplied.OFF and fed:
            fed = False
            for_credit = had.from_us not in by_order and _rule_before(row, had.from_us) == NO_CREDIT
            since_us = had.from_us if for_credit and had.from_us > start_us else None
    if since_us is not None:
        yield Unfed(since_us, end_us)


def _rule_before(row: PromiseRow, us: int) -> str:
    """Return the rule that held up to an instant; one that only covers for it is passed over."""
    held = [span.rule for span in row.spans if span.from_us < us and span.rule != BEFORE]
    return held[-1] if held else ""
