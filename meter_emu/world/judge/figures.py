"""How many households are supplied at an instant, and why the others are not.

Only changes by the minute are kept, so the size goes with the length of the campaign and not with
the number of households.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple, final

from meter_emu.units import MINUTE_US
from meter_emu.world.judge.outcome import Outcome, Times


class SupplyFigures(NamedTuple):
    """Every household once: supplied, disconnected by order, or without credit.

    By order is also what a meter did without one. A household is supplied through a limiter too,
    and while the street alone has no power.
    """

    at_us: int
    supplied: int
    disconnected: int
    without_credit: int

    @property
    def unsupplied(self) -> int:
        """How many have no supply, for whatever reason."""
        return self.disconnected + self.without_credit


@final
class SupplyCounts:
    """Takes in households, and says how many were supplied at each whole minute."""

    def __init__(self, start_us: int, end_us: int) -> None:
        self._start_us: Final = start_us
        self._end_us: Final = end_us
        self._total = 0
        self._cut: Final[Counter[int]] = Counter()  # by minute: how many more are disconnected
        self._unfed: Final[Counter[int]] = Counter()  # and without credit

    def add(self, outcome: Outcome) -> None:
        """Take one household in; one whose story ends early stays as it was then."""
        self._total += 1
        last_us = self._end_us if outcome.failure is None else outcome.failure.at_us
        self._take(self._cut, outcome.disconnected, last_us)
        self._take(self._unfed, outcome.unfed, last_us)

    def _take(self, changes: Counter[int], times: Times, last_us: int) -> None:
        for from_us, to_us in times:
            changes[-(-from_us // MINUTE_US)] += 1
            if to_us < last_us:
                changes[-(-to_us // MINUTE_US)] -= 1

    def at(self, us: int) -> SupplyFigures:
        """Return the figures of the whole minute in which an instant lies."""
        minute = us // MINUTE_US
        return self._figures(
            minute * MINUTE_US,
            *(sum(n for at, n in one.items() if at <= minute) for one in (self._cut, self._unfed)),
        )

    @property
    def at_end(self) -> SupplyFigures:
        """The figures when the rehearsal ends."""
        return self.at(self._end_us)

    @property
    def worst(self) -> SupplyFigures:
        """The figures of the first minute in which the fewest are supplied."""
        return max(self.steps(self._start_us, self._end_us - 1), key=lambda one: one.unsupplied)

    def steps(self, from_us: int, to_us: int) -> Iterator[SupplyFigures]:
        """Yield the figures at an instant, and at each minute of a change up to another."""
        first = self.at(from_us)
        yield first
        cut, unfed = first.disconnected, first.without_credit
        for minute in sorted(set(chain(self._cut, self._unfed))):
            if first.at_us < minute * MINUTE_US <= to_us:
                cut, unfed = cut + self._cut[minute], unfed + self._unfed[minute]
                yield self._figures(minute * MINUTE_US, cut, unfed)

    def _figures(self, us: int, cut: int, unfed: int) -> SupplyFigures:
        return SupplyFigures(us, self._total - cut - unfed, cut, unfed)
