"""When within a poll's period the meter looks moves a cut by no more than 2u and a poll."""

from dataclasses import replace
from typing import Final

from meter_emu.laws.compared import apart_us, same_cut
from meter_emu.laws.law import Finding, Law, Trial
from meter_emu.stories.story import armed_home
from meter_emu.units import SECOND_US


def _check(trial: Trial) -> Finding:
    home = trial.home
    period_us = home.model.poll_s * SECOND_US
    others = (
        (
            "by a meter that looks at other moments",
            replace(home, poll_phase_us=(home.poll_phase_us + period_us * part // 8) % period_us),
        )
        for part in (1, 3, 6)
    )
    return same_cut(trial, others, apart_us(home))


LAW: Final = Law(
    id="poll-phase",
    says="when the meter looks moves a cut by no more than 2u and a poll",
    properties=("P1", "P2", "P7"),
    presumes="nothing",
    draw=armed_home,
    check=_check,
    one_in=10,
)
