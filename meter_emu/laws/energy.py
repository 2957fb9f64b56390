"""The passive laws of an STS meter: each reads one judged run."""

from dataclasses import replace
from typing import Final

from meter_emu.laws import hint, judged, no_look_ahead, rebuilt
from meter_emu.laws.judged import breached, found
from meter_emu.laws.law import Law
from meter_emu.stories.energy import energy, energy_hours
from meter_emu.world.judge.verdicts import FindingKind, Verdict

ENERGY_GIVEN: Final = Law(
    id="energy-given",
    says="supply is on while tokens that were taken have more energy than was used",
    properties=("P1", "P6"),
    presumes="tokens sold by a right office",
    draw=energy,
    check=lambda trial: breached(trial, Verdict.WRONGLY_CUT, Verdict.EARLY, Verdict.NOT_RESTORED),
    device="sts",
)

ENERGY_ENDS: Final = Law(
    id="energy-ends",
    says="supply is off once the energy of all tokens is used, whatever is keyed in again",
    properties=("P2", "P6"),
    presumes="tokens sold by a right office",
    draw=energy,
    check=lambda trial: breached(trial, Verdict.LATE, Verdict.NEVER, Verdict.FED_UNASKED),
    device="sts",
)

ENERGY_ONCE: Final = Law(
    id="energy-once",
    says="every token under the meter's key is credited in full and once, in any order within 50",
    properties=("P10", "P13"),
    presumes="somebody who keys the token in",
    draw=energy,
    check=lambda trial: found(trial, FindingKind.PAID_NOT_CREDITED, FindingKind.CREDITED_TWICE),
    device="sts",
)

# Laws of any program, asked of stories of such a meter.
ENERGY_ANSWERS: Final = replace(judged.ANSWERS, draw=energy, device="sts")
ENERGY_HINT: Final = replace(hint.LAW, draw=energy_hours, device="sts")
ENERGY_NO_LOOK_AHEAD: Final = replace(no_look_ahead.LAW, draw=energy, device="sts")
ENERGY_REBUILT: Final = replace(rebuilt.LAW, draw=energy_hours, device="sts")
