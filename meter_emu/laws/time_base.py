"""A cut does not depend on whether the clock counts UTC, standard time or legal time."""

from typing import Final, get_args, get_type_hints

from meter_emu.laws.compared import apart_us, same_cut, with_base
from meter_emu.laws.law import Finding, Law, Trial
from meter_emu.stories.story import armed_home
from meter_emu.world.meter.model import MeterModel


def _check(trial: Trial) -> Finding:
    home = trial.home
    bases: tuple[str, ...] = get_args(get_type_hints(MeterModel)["rtc_base"])
    others = [base for base in bases if base != home.model.rtc_base]
    return same_cut(
        trial,
        ((f"by a clock in {base} time", with_base(home, base)) for base in others),
        apart_us(home),
    )


LAW: Final = Law(
    id="time-base",
    says="a home is cut at the same time by clocks in UTC, in standard and in legal time",
    properties=("P5",),
    presumes="clocks of the same bound; 2u and a poll apart are the same time",
    draw=armed_home,
    check=_check,
    one_in=10,
)
