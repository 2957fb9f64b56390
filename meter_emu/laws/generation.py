"""Both generations of the card lead to the same cut, where a time names one instant."""

from dataclasses import replace
from typing import Final

from card_protocol.card.image import CardKind
from meter_emu.laws.compared import apart_us, same_cut
from meter_emu.laws.law import Aside, Finding, Law, Trial
from meter_emu.stories.story import armed_home


def _check(trial: Trial) -> Finding:
    home = trial.home
    if home.carrier is CardKind.MEMORY:
        return Aside("a memory card has no room for generation 2")
    other = replace(home, card_generation=3 - home.card_generation)
    what = f"by a card of generation {other.card_generation}"
    return same_cut(trial, [(what, other)], apart_us(home))


LAW: Final = Law(
    id="generation",
    says="a home is cut at the same time by cards of either generation",
    properties=("P4", "P5"),
    presumes="of a time that comes twice, the later",
    draw=armed_home,
    check=_check,
    one_in=10,
)
