"""What a transition of `explore` costs, in processor time."""

from collections.abc import Iterator
from time import process_time
from typing import Final

from meter_emu.explore.roots import scope_named
from meter_emu.explore.search import Explored, explore
from tests.bench.row import Row

SCOPE: Final = "new"
# 1,020 at e538b751; a transition takes 1.02 times the calls of Python since, as a poll does more.
A_SECOND_MIN: Final = 900


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield how many transitions a second a scope of twelve acts at ten instants takes."""
    explored, began_s = Explored(scope_named(SCOPE, "reference")), process_time()
    explore(explored, depth=1 if quick else 2)
    a_second = explored.transitions / (process_time() - began_s)
    yield Row(
        what=f"explore, scope {SCOPE}, transitions on one core",
        measured=f"{a_second:,.0f} a second ({explored.transitions:,})",
        target=f">= {A_SECOND_MIN} a second",
        met=a_second >= A_SECOND_MIN,
    )
