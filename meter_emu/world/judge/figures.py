"""How many households are supplied at an instant, and in which state the others are.

Only changes by the minute are kept, so the size goes with the length of the campaign and not with
the number of households.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final, NamedTuple, final

from meter_emu.units import MINUTE_US, SECOND_US
from meter_emu.world.judge.outcome import Outcome, Supplied, SupplySince

_MINUTE_S: Final = MINUTE_US // SECOND_US


class SupplyFigures(NamedTuple):
    """Every household once, by the state of its supply; `supplied` is in full.

    By order is also what a meter did without one. Not known is who is not rehearsed so far, because
    the program failed.
    """

    at_us: int
    supplied: int
    limited: int
    disconnected: int
    without_credit: int
    no_power: int
    not_known: int

    @property
    def unsupplied(self) -> int:
        """How many do not have supply in full, for whatever reason."""
        return sum(self[2:])

    @property
    def off(self) -> int:
        """How many a meter keeps without supply."""
        return self.disconnected + self.without_credit


STATES: Final = SupplyFigures._fields[1:]
_NOT_KNOWN: Final = STATES.index("not_known")
_HAD: Final = {
    Supplied.ON: STATES.index("supplied"),
    Supplied.LIMITED: STATES.index("limited"),
    Supplied.OFF: STATES.index("disconnected"),
    Supplied.NO_POWER: STATES.index("no_power"),
}


def _supply_state(one: SupplySince) -> int:
    by_credit = one.had is Supplied.OFF and one.for_credit
    return STATES.index("without_credit") if by_credit else _HAD[one.had]


@final
class SupplyCounts:
    """Takes in households, and says how many were in each state at each whole minute."""

    def __init__(self, start_us: int, end_us: int) -> None:
        self._start_us: Final = start_us
        self._end_us: Final = end_us
        # By state and minute: how many more are in it. A change within a minute, as it is shown by
        # its second, counts from the next one on; the last of several is the one that is left.
        self._more: Final = tuple(Counter[int]() for _ in STATES)

    def add(self, outcome: Outcome) -> None:
        """Take one household in; of one whose story ends early nobody knows from then on."""
        states = [(one.from_us, _supply_state(one)) for one in outcome.supply]
        if outcome.failure is not None:
            states = [one for one in states if one[0] < outcome.failure.at_us]
            states.append((outcome.failure.at_us, _NOT_KNOWN))
        before: int | None = None
        for us, state in states or [(self._start_us, _NOT_KNOWN)]:
            minute = (
                self._start_us // MINUTE_US
                if before is None
                else -(-(us // SECOND_US) // _MINUTE_S)
            )
            self._more[state][minute] += 1
            if before is not None:
                self._more[before][minute] -= 1
            before = state

    def at(self, us: int) -> SupplyFigures:
        """Return the figures of the whole minute in which an instant lies."""
        minute = us // MINUTE_US
        counts = (sum(n for at, n in more.items() if at <= minute) for more in self._more)
        return SupplyFigures(minute * MINUTE_US, *counts)

    @property
    def at_end(self) -> SupplyFigures:
        """The figures when the rehearsal ends."""
        return self.at(self._end_us)

    @property
    def worst(self) -> SupplyFigures:
        """The figures of the first minute in which the fewest are supplied in full."""
        return self.most(lambda one: one.unsupplied)

    def most(self, count: Callable[[SupplyFigures], int]) -> SupplyFigures:
        """Return the figures of the first minute in which a count of them is the largest."""
        return max(self.steps(self._start_us, self._end_us - 1), key=count)

    def steps(self, from_us: int, to_us: int) -> Iterator[SupplyFigures]:
        """Yield the figures at an instant, and at each minute of a change up to another."""
        first = self.at(from_us)
        yield first
        counts: tuple[int, ...] = first[1:]
        for minute in sorted(set(chain(*self._more))):
            if first.at_us < minute * MINUTE_US <= to_us:
                counts = tuple(n + more[minute] for n, more in zip(counts, self._more, strict=True))
                yield SupplyFigures(minute * MINUTE_US, *counts)
