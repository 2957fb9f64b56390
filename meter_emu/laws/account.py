"""What the card says of the account is what an exact meter would have charged."""

from typing import Final

from meter_emu.laws.judged import found
from meter_emu.laws.law import Finding, Law, Trial
from meter_emu.stories.story import story
from meter_emu.world.rehearsal.verdicts import FindingKind


def _check(trial: Trial) -> Finding:
    return found(trial, FindingKind.WRONG_MONEY)


LAW: Final = Law(
    id="account",
    says="the card that comes back states the credit that is left, and nobody is fed without it",
    properties=("P9",),
    presumes="a card on which the meter writes",
    draw=story,
    check=_check,
)
