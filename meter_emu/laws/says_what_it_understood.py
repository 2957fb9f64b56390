"""What the meter writes back on the card as T2 is what the household was told."""

from typing import Final

from meter_emu.laws.law import Broken, Finding, Law, Trial
from meter_emu.stories.story import story


def _check(trial: Trial) -> Finding:
    wrong = trial.run.outcome.wrong_display
    if wrong is None:
        return None
    _, stated = wrong
    return Broken("the card states no cut" if stated is None else f"the card states {stated}")


LAW: Final = Law(
    id="says-what-it-understood",
    says="the card that comes back states the T2 that the household was told",
    properties=("P4", "P13"),
    presumes="a card on which the meter writes",
    draw=story,
    check=_check,
)
