"""The turns of a loop that may have no end, in a program of ours that has a defect.

A program of ours is bounded by what it does, so that no wall clock is in a result: a poll by its
calls of the ports, a loop that calls none by its turns.
"""

from collections.abc import Iterator
from typing import Final

from meter_emu.errors import PollOverrun

TURNS_MAX: Final = 10_000  # ours: whole years, months or days of a clock are fewer


def turns() -> Iterator[int]:
    """Yield each turn; the poll that goes on after the last one is ended."""
    yield from range(TURNS_MAX)
    raise PollOverrun("a loop took more turns than any meter needs")
