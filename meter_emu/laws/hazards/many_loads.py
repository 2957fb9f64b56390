"""Load after load on one card: sums that fill 16 bits, much energy, other prices, an older card."""

from dataclasses import replace
from typing import Final

from meter_emu.laws.judged import promises
from meter_emu.laws.law import Law
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.story import Among, begin, finish
from meter_emu.units import DAY_S, HOUR_S
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.household import DeskOrder

_CENTS: Final = (25_000, 25_000, 25_000, 10_000, 24_999, 500)  # most are the largest a meter takes
_RATES: Final = (4_000, 500, 8_000)  # 4 kW are 65 kWh in 16 hours
_APART_S: Final = (DAY_S, HOUR_S, 2 * DAY_S, 6 * HOUR_S)
_LOADS_MAX: Final = 6


def many_loads(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a home with no order that loads three times and more, not each time at the meter."""
    seed, draft = begin(chooser, among)
    draft.kind = "many loads"
    draft.rates = _RATES
    at_s, count = draft.timing.armed_s, 3 + chooser.below(_LOADS_MAX - 2)
    other = chooser.below(count + 1)  # which load comes with another tariff, if any
    for number in range(count):
        order = DeskOrder(load_cents=chooser.of(_CENTS))
        if number == other:
            order = replace(order, tariff=draft.tariff(), mwh_per_unit=draft.worth_of_a_unit())
        if number + 1 < count and chooser.below(4) == 3:
            draft.office(at_s, order)  # two loads at once, the next time
        else:
            draft.bring(at_s, order)
        at_s += chooser.of(_APART_S) + chooser.below(HOUR_S)
    if chooser.below(2):
        draft.insert_copy(at_s, 1 + chooser.below(count))
    draft.insert(at_s + chooser.of(_APART_S))
    return finish(draft, seed)


LAW: Final = Law(
    id="many-loads",
    says="each load is taken once and whole, however many there were before",
    properties=("P10", "P13"),
    presumes="a card on which the meter writes",
    draw=many_loads,
    check=promises,
    one_in=10,
    hazard=True,
)
