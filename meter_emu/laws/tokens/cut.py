"""Power that fails in an entry: it is taken or not, and all that it changes with it.

In any call of a port in the poll that serves an entry, and again in the next start, at the same
place or some calls on. The judge takes either for right, taken or not, until the supply shows which
it was; the same token keyed in once more brings that out.
"""

from dataclasses import replace
from itertools import pairwise
from typing import Final

from card_protocol.tokens.openpaygo.counter import PaygoKind
from meter_emu.laws.hazards.failing import call_in, failed
from meter_emu.laws.hazards.placing import calls, with_placed
from meter_emu.laws.judged import hazard
from meter_emu.laws.law import Trial, chance
from meter_emu.stories import buyers, energy
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft
from meter_emu.stories.paid import begin_paid, finish_paid
from meter_emu.stories.story import Among, finish
from meter_emu.stories.times import Timing
from meter_emu.units import DAY_S, HOUR_S, HOUR_US, MINUTE_S, MINUTE_US, SECOND_US
from meter_emu.world.households.campaign import Campaign

_TIMES: Final = (1, 1, 2, 3)
_ENTRY_US: Final = 5 * SECOND_US  # ours: an entry has been served by then


@hazard(
    id="cut-in-entry",
    says="power that fails in an entry leaves it taken or not, with all that it changes",
    properties=("P6", "P7"),
    presumes="a program that says when it has read an entry",
    check=lambda trial: with_placed(trial, cut_in, "no entry is served"),
    one_in=5,
    device="openpaygo",
    begins=begin_paid,
    finishes=finish_paid,
)
def cut_in_entry(draft: Draft, chooser: Chooser) -> None:
    """Draw an entry that is made again some hours later, and an outage that the law moves there."""
    draft.kind, draft.rates = "keyed in again", buyers.LOADS_W
    armed_s, end_s = draft.timing
    draft.timing = Timing(max(armed_s, end_s - 5 * DAY_S), end_s)
    kind = chooser.of((PaygoKind.ADD_TIME, PaygoKind.ADD_TIME, PaygoKind.SET_TIME))
    if chooser.below(2):
        before = draft.sell(
            draft.timing.armed_s - 2 * DAY_S, PaygoKind.ADD_TIME, buyers.days(draft)
        )
        draft.key_in(draft.timing.armed_s - DAY_S, before)
    sale = buyers.first_token(draft, kind)
    again_s = draft.timing.armed_s + (1 + chooser.below(40)) * HOUR_S // 2
    draft.key_in(again_s, sale)
    lost_s = max(draft.timing.end_s, again_s) + 3 * DAY_S
    draft.outages.append((lost_s, lost_s + chooser.of((1, 10, MINUTE_S))))


def cut_in(trial: Trial) -> Trial | None:
    """Return the story, run, with its outage in a call of the entry that is made again later."""
    household = trial.household
    keyed_us = [visit.at_us for visit in household.visits]
    before_pause = [us for us, after_us in pairwise(keyed_us) if after_us - us > 20 * MINUTE_US]
    if len(household.outages) != 1 or not before_pause:
        return None
    ((lost_us, back_us),) = household.outages
    at_us = before_pause[-1]
    heard = calls(trial, at_us, at_us + _ENTRY_US)
    served = [call.poll for call in heard if call.name == "keys_done"]
    if not served:
        return None
    draw = chance(trial, "cut in entry")
    place = call_in(draw, [call for call in heard if call.poll == served[0]])
    return failed(
        trial,
        place,
        times=draw.choice(_TIMES),
        dark_us=back_us - lost_us,
        span_us=(at_us, at_us + HOUR_US),
    )


def cut_in_energy(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw energy or a new key, all keyed in again some time later, and an outage as above."""
    seed, draft = energy.begin_energy(chooser, among)
    draft.kind, draft.rates = "keyed in again", energy.ENERGY_LOADS_W
    at_s = draft.timing.armed_s
    if chooser.below(2):
        tokens = [energy.buy_energy(draft, at_s)]
    else:
        tokens = energy.sell_next_key(draft, at_s, rollover=bool(chooser.below(4)))
    after = energy.buy_energy(draft, at_s + MINUTE_S)
    for token in tokens:
        at_s += MINUTE_S
        draft.key_in(at_s, token)
    at_s += (1 + chooser.below(20)) * HOUR_S // 2
    for token in (*tokens, after):
        at_s += MINUTE_S
        draft.key_in(at_s, token)
    lost_s = max(draft.timing.end_s, at_s) + 3 * DAY_S
    draft.outages.append((lost_s, lost_s + chooser.of((1, 10, MINUTE_S))))
    return finish(draft, seed)


ENERGY_CUT_IN_ENTRY: Final = replace(cut_in_entry, draw=cut_in_energy, device="sts")
