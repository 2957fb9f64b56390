"""A card torn out at any byte of any visit: old or new, nothing else, and money is what was paid.

Over T=0 each character of each command and answer; on every carrier each command and each byte, or
phase, of what the card writes itself. A memory card is behind a reader that shows whole answers.
"""

from random import Random
from typing import Final

import pytest

from tests.properties.trials import CARDS, GAS, METERS, MODEL, ModelAndCards
from tests.reliability.stage import EXHAUSTIVE, KITS, kit_name
from tests.reliability.tally import Tried
from tests.reliability.tearing import VISITS, Tearing

MODELS = list(METERS.values())
SAMPLE: Final = None if EXHAUSTIVE else 40
Case = tuple[str, ModelAndCards]


def cases() -> list[Case]:
    """Return the meter's visit on every kit, the office's for each energy; or one model each."""
    if EXHAUSTIVE:
        energies = (MODEL, GAS)
        return [
            (name, kit)
            for name in VISITS
            for kit in KITS
            if name == "meter" or kit.model in energies
        ]
    return [
        (name, ModelAndCards(MODELS[(row + column) % len(MODELS)], *card))
        for row, name in enumerate(VISITS)
        for column, card in enumerate(CARDS)
    ]


def case_name(case: Case) -> str:
    return f"{case[0]}-{kit_name(case[1])}"


@pytest.mark.slow("cuts or changes it anywhere", short=4)
@pytest.mark.parametrize("case", cases(), ids=case_name)
def test_a_card_torn_out_anywhere_is_old_or_new_and_money_is_what_was_paid(case, tried: Tried):
    name, kit = case
    tearing = Tearing(kit, name)
    tears = tearing.tears()
    for tear in tears if SAMPLE is None else Random(case_name(case)).sample(tears, SAMPLE):
        with tried.one("cards torn out", tear):
            tearing.tear(tear)
