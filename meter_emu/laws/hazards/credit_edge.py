"""Credit ends where the week's protected hours begin or end: Friday, Sunday and Monday."""

from typing import Final

from meter_emu.laws.judged import promises
from meter_emu.laws.law import Law
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import USES
from meter_emu.stories.people import near_week_edge_s
from meter_emu.stories.story import Among, begin, finish
from meter_emu.units import HOUR_S
from meter_emu.world.rehearsal.campaign import Campaign

# Minutes of the week, from Monday 0:00: Friday 16:00, Sunday's end, Monday 8:00, Monday 16:00.
_EDGES: Final = (4 * 1440 + 960, 7 * 1440, 480, 960, 4 * 1440 + 480, 5 * 1440)


def credit_edge(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a home with no order, whose credit is used up within an hour of such an edge."""
    seed, draft = begin(chooser, among)
    draft.kind = "credit ends at an edge of the week"
    draft.credit_ends_s = near_week_edge_s(draft, draft.timing.end_s, _EDGES)
    draft.rates = USES[:-1]
    draft.timing = draft.timing._replace(
        armed_s=draft.credit_ends_s - (1 + chooser.below(60)) * HOUR_S,
        end_s=draft.credit_ends_s + chooser.below(3) * 24 * HOUR_S,
    )
    if chooser.below(3) == 2:
        draft.ask_supply(draft.credit_ends_s + chooser.below(100) * HOUR_S)
    return finish(draft, seed)


LAW: Final = Law(
    id="credit-edge",
    says="credit that ends at an edge of the protected hours is the end of supply when they are",
    properties=("P9",),
    presumes="a clock within its model's bound",
    draw=credit_edge,
    check=promises,
    one_in=10,
    hazard=True,
)
