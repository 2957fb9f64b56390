"""Stories of a device that is paid for by the day: drawn as those of a budget meter are.

The same chooser, times, outages, ages and tape; what differs is what people do (`buyers`).
"""

from card_protocol.tokens.openpaygo.counter import PaygoKind
from meter_emu.stories import buyers
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft
from meter_emu.stories.story import Among, begin, finish, lose_power, models
from meter_emu.stories.times import Timing
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S
from meter_emu.world.households.campaign import Campaign


def paid(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a household that buys time, from its first token until after the end of all."""
    seed, draft = begin_paid(chooser, among)
    buyers.buy(draft)
    lose_power(draft)
    return finish_paid(draft, seed)


def paid_unit(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a household with a token of one unit, and entries round its end: every poll is run."""
    seed, draft = begin_paid(chooser, among)
    end_s = draft.timing.end_s
    draft.timing = Timing(end_s - buyers.length_s(draft.model, 1), end_s)
    draft.short = True
    draft.kind, draft.rates = "some hours", buyers.LOADS_W
    sales = [buyers.first_token(draft)]
    for _ in range(chooser.below(5)):
        at_s = end_s + chooser.around(150) * MINUTE_S + chooser.of((0, 0, 1, 30, 59))
        if chooser.below(3) == 2:
            draft.key_in(at_s, chooser.of(sales), buyers.typo(draft))
            continue
        if chooser.below(2):
            sales.append(draft.sell(draft.timing.armed_s, PaygoKind.ADD_TIME, 1))
        draft.key_in(max(at_s, draft.timing.armed_s), chooser.of(sales))
    lost_s = (end_s + chooser.around(150) * MINUTE_S for _ in range(max(0, chooser.below(5) - 2)))
    draft.lose_power(sorted(lost_s), (1 + chooser.below(90)) * MINUTE_S)
    return finish_paid(draft, seed)


def bought(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a household that adds time alone, with power all the time."""
    seed, draft = begin_paid(chooser, among)
    buyers.buy(draft, buyers.ADDERS)
    return finish_paid(draft, seed)


def finish_paid(draft: Draft, seed: int) -> Campaign:
    """Complete a draft, watched until all that was sold must be over, whatever the order.

    Time without power is not known to have passed where no reserve lasts so long.
    """
    reserve_s = draft.model.clock.backup_days * DAY_S
    last_s = max(at_s for at_s, *_ in draft.entries)
    for _, _, _, units in draft.sales:
        last_s += buyers.length_s(draft.model, units or 0)
    dark_s = (back_s - lost_s for lost_s, back_s in draft.outages)
    last_s += sum(long_s + HOUR_S for long_s in dark_s if long_s > reserve_s)
    draft.timing = Timing(draft.timing.armed_s, max(draft.timing.end_s, last_s))
    return finish(draft, seed)


def begin_paid(chooser: Chooser, among: Among) -> tuple[int, Draft]:
    """Draw seed, device and T, as every story begins."""
    return begin(chooser, among or models("openpaygo"))
