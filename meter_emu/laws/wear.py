"""A memory lasts: a program that saves at each look wears a page out within the life of a meter.

Looked at with every poll run: a real meter looks at the model's cadence.
"""

from typing import Final

from meter_emu.laws.law import Broken, Finding, Trial, law
from meter_emu.stories.around_t import around_t
from meter_emu.units import DAY_US

_LIFE_D: Final = 15 * 365  # ours: a meter is in service for as long
_AN_ACT: Final = 3  # ours: writes of one page for whatever a person, or a power failure, does
_AT_FIRST: Final = 10  # ours: a story is short, and may begin with a clock that is set


@law(
    id="memory-lasts",
    properties=("P8",),
    presumes="the built-in board, and some hours in which every poll is run",
    draw=around_t,
    one_in=80,
)
def memory_lasts(trial: Trial) -> Finding:
    """No page of the memory is written more often than it lasts for in fifteen years."""
    household, (_, bench) = trial.household, trial.at_every_poll
    board = bench.board
    span_us, endurance = board.now_us - trial.campaign.start_us, board.eeprom.endurance_cycles
    acts = len(household.visits) + len(household.outages)
    most = span_us * endurance // (_LIFE_D * DAY_US) + acts * _AN_ACT + _AT_FIRST
    worn = max(board.eeprom.wear)
    if worn <= most:
        return None
    words = f"a page of the memory is written {worn} times in {span_us // 60_000_000} min"
    return Broken(f"{words}, and lasts for {endurance:,} writes", for_good=True)
