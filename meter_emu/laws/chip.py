"""A cut does not depend on which clock chip counts."""

from dataclasses import replace
from typing import Final

import msgspec

from meter_emu.laws.compared import apart_us, same_cut
from meter_emu.laws.law import Finding, Law, Trial
from meter_emu.stories.story import armed_home
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS


def _check(trial: Trial) -> Finding:
    home = trial.home
    others = (
        (f"by a {rtc}", replace(home, model=msgspec.structs.replace(home.model, rtc=rtc)))
        for rtc in CLOCK_CHIPS
        if rtc != home.model.rtc
    )
    return same_cut(trial, others, apart_us(home))


LAW: Final = Law(
    id="chip",
    says="a home is cut at the same time whichever clock chip its meter has",
    properties=("P3", "P7"),
    presumes="clocks of the same bound; 2u and a poll apart are the same time",
    draw=armed_home,
    check=_check,
    one_in=10,
)
