"""A cut does not depend on the kind of card that brought it."""

from dataclasses import replace
from typing import Final

from card_protocol.card.image import CardKind
from meter_emu.laws.compared import apart_us, same_cut
from meter_emu.laws.law import Finding, Law, Trial
from meter_emu.stories.story import armed_home


def _check(trial: Trial) -> Finding:
    home = trial.home
    others = (
        (f"by a {kind.name.lower()} card", replace(home, carrier=kind))
        for kind in CardKind
        if kind is not home.carrier and (kind is not CardKind.MEMORY or home.card_generation == 1)
    )
    return same_cut(trial, others, apart_us(home))


LAW: Final = Law(
    id="carrier",
    says="a home is cut at the same time whichever kind of card brought the order",
    properties=("P4",),
    presumes="cards of the same generation; 2u and a poll apart are the same time",
    draw=armed_home,
    check=_check,
    one_in=10,
)
