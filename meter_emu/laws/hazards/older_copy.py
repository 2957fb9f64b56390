"""Two images of one card: the meter has obeyed the newer order, and the older one is put in."""

from typing import Final

from meter_emu.laws.judged import promises
from meter_emu.laws.law import Law
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.story import Among, begin, finish
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.household import DeskOrder

_OTHER_S: Final = (-DAY_S, -3 * DAY_S, -HOUR_S, DAY_S)  # the first T, from the one that counts


def older_copy(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a home that is armed, then reactivated or armed anew, and shows its first card again."""
    seed, draft = begin(chooser, among)
    armed_s, end_s = draft.timing
    first_s = max(armed_s - (1 + chooser.below(48)) * HOUR_S, draft.first_s)
    other_s = max(end_s + chooser.of(_OTHER_S), first_s + MINUTE_S)
    draft.bring(first_s, draft.arming(other_s, other_s))
    second_s = max(armed_s, first_s + 2 * MINUTE_S)
    if chooser.below(2) == 0:
        draft.bring(second_s, DeskOrder(reactivate=True, load_cents=2_000))
        draft.kind = "reactivated, then the older card"
    else:
        draft.bring(second_s, draft.arming(end_s, end_s))
        draft.kind = "armed again, then the older card"
    left_s = max(1, end_s - second_s - MINUTE_S)
    copied_s = second_s + MINUTE_S + chooser.below(left_s) + (0, 0, 0, DAY_S)[chooser.below(4)]
    draft.insert_copy(copied_s, 1)
    draft.ample_credit = True
    return finish(draft, seed)


LAW: Final = Law(
    id="older-copy",
    says="an older image of the card, put in last, brings nothing",
    properties=("P11", "P13"),
    presumes="a card that can be copied",
    draw=older_copy,
    check=promises,
    one_in=10,
    hazard=True,
)
