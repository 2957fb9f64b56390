"""Hypothesis strategies for dates and times where programs break. They need no meter.

    from meter_emu.strategies import instants, pairs

    @given(instants(ZoneInfo("Europe/Brussels")))
    def test_my_calendar(when): ...

Hypothesis draws wide ranges of dates near their simplest value, so plain `st.datetimes()` meets no
change of clocks and no leap day. These draw a boundary first, then an offset from it. An example
shrinks to offset 0 at its boundary, and to the first boundary that fails, 2020's first
(`meter_emu.stories.boundaries` has the order). What `__all__` names is public.

Examples:
    The two changes of clocks of 2020 in Brussels, as the offsets before and after them, in hours:

    >>> from zoneinfo import ZoneInfo
    >>> from meter_emu.strategies import changes
    >>> for change in changes(ZoneInfo("Europe/Brussels"), 2020, 2020):
    ...     print(change.before_s // 3600, change.after_s // 3600)
    1 2
    2 1
"""

from typing import TYPE_CHECKING

from card_protocol.late import late
from meter_emu.stories.boundaries import Change, Register, changes
from meter_emu.strategies.dates import (
    KINDS,
    boundaries,
    instants,
    leaps,
    pairs,
    registers_of_no_calendar,
)
from meter_emu.strategies.households import stories

if TYPE_CHECKING:
    from meter_emu.strategies.at_play import HouseholdMachine

__all__ = [
    "KINDS",
    "Change",
    "HouseholdMachine",
    "Register",
    "boundaries",
    "changes",
    "instants",
    "leaps",
    "pairs",
    "registers_of_no_calendar",
    "stories",
]

if not TYPE_CHECKING:  # a whole household is loaded when one is asked for; dates are quick
    __getattr__, __dir__ = late(__name__, {"at_play": "HouseholdMachine"}, globals())
