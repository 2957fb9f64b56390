"""The program comes back from every poll, and asks nothing that no meter can do."""

from typing import Final

from meter_emu.laws.law import Broken, Finding, Law, Trial
from meter_emu.stories.story import story
from meter_emu.world.rehearsal.verdicts import MEANING, Verdict


def _check(trial: Trial) -> Finding:
    verdict = trial.run.outcome.verdict
    return Broken(MEANING[verdict]) if verdict in {Verdict.CRASHED, Verdict.HUNG} else None


LAW: Final = Law(
    id="answers",
    says="the program comes back from every poll, without an error",
    properties=("P3", "P6"),
    presumes="nothing",
    draw=story,
    check=_check,
)
