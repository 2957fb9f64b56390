"""The passive laws of devices that obey tokens: each reads one judged run."""

from dataclasses import replace
from functools import partial
from typing import Final

from meter_emu.laws import hint, judged, no_look_ahead, rebuilt
from meter_emu.laws.judged import breached, found
from meter_emu.laws.law import Finding, Trial, law
from meter_emu.stories.energy import energy, energy_hours
from meter_emu.stories.paid import paid, paid_unit
from meter_emu.world.judge.verdicts import FindingKind, Verdict

# A law that looks at stories of those who buy light by the day.
law_of_light: Final = partial(law, draw=paid, device="openpaygo")


@law_of_light(id="paid-until", properties=("P1", "P6"), presumes="a clock within its model's bound")
def paid_until(trial: Trial) -> Finding:
    """Supply is on until the time that was paid for is over, by durations."""
    return breached(trial, Verdict.WRONGLY_CUT, Verdict.EARLY, Verdict.NOT_RESTORED)


@law_of_light(id="ends-then", properties=("P2", "P6"), presumes="a clock within its model's bound")
def ends_then(trial: Trial) -> Finding:
    """Supply is off from the end of the time that was paid for."""
    return breached(trial, Verdict.LATE, Verdict.NEVER, Verdict.FED_UNASKED)


@law_of_light(
    id="credited-once",
    properties=("P10", "P13"),
    presumes="somebody who keys the token in",
)
def credited_once(trial: Trial) -> Finding:
    """What was paid is credited, and no token is credited twice."""
    return found(trial, FindingKind.PAID_NOT_CREDITED, FindingKind.CREDITED_TWICE)


ENERGY_GIVEN: Final = replace(
    paid_until,
    id="energy-given",
    says="supply is on while tokens that were taken have more energy than was used",
    presumes="tokens sold by a right office",
    draw=energy,
    device="sts",
)

ENERGY_ENDS: Final = replace(
    ends_then,
    id="energy-ends",
    says="supply is off once the energy of all tokens is used, whatever is keyed in again",
    presumes="tokens sold by a right office",
    draw=energy,
    device="sts",
)

ENERGY_ONCE: Final = replace(
    credited_once,
    id="energy-once",
    says="every token under the meter's key is credited in full and once, in any order within 50",
    draw=energy,
    device="sts",
)

# Laws of any program, asked of stories of such a device.
PAID_ANSWERS: Final = replace(judged.answers, draw=paid, device="openpaygo")
PAID_HINT: Final = replace(hint.sleep_hint, draw=paid_unit, device="openpaygo")
PAID_NO_LOOK_AHEAD: Final = replace(no_look_ahead.no_look_ahead, draw=paid, device="openpaygo")
PAID_REBUILT: Final = replace(rebuilt.rebuilt, draw=paid_unit, device="openpaygo")
ENERGY_ANSWERS: Final = replace(judged.answers, draw=energy, device="sts")
ENERGY_HINT: Final = replace(hint.sleep_hint, draw=energy_hours, device="sts")
ENERGY_NO_LOOK_AHEAD: Final = replace(no_look_ahead.no_look_ahead, draw=energy, device="sts")
ENERGY_REBUILT: Final = replace(rebuilt.rebuilt, draw=energy_hours, device="sts")
