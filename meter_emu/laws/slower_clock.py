"""A clock that is slower, and still within its bound, never cuts earlier."""

from dataclasses import replace
from typing import Final

from meter_emu.laws.compared import said
from meter_emu.laws.law import Broken, Finding, Law, Trial, cut_us
from meter_emu.stories.story import armed_home


def _check(trial: Trial) -> Finding:
    home, clock = trial.home, trial.home.model.clock
    slow = replace(home, clock_error_s=1 - clock.set_error_s, drift_ppb=-clock.drift_bound_ppb)
    own_us, slow_us = cut_us(trial.run.events), cut_us(trial.events(slow))
    if slow_us is not None and (own_us is None or slow_us < own_us):
        return Broken(f"cut {said(own_us)}, and by the slowest clock {said(slow_us)}")
    return None


LAW: Final = Law(
    id="slower-clock",
    says="a slower clock never cuts a home earlier",
    properties=("P1", "P12"),
    presumes="a clock within its model's bound",
    draw=armed_home,
    check=_check,
    one_in=10,
)
