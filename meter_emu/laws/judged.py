"""What the passive laws read off one judged run."""

from typing import Final

from meter_emu.laws.law import Aside, Broken, Finding, Trial
from meter_emu.world.rehearsal.verdicts import MEANING, Verdict

_UNSEEN: Final = frozenset({Verdict.NOT_SEEN, Verdict.CRASHED, Verdict.HUNG})


def breached(trial: Trial, *verdicts: Verdict) -> Finding:
    """Return the first breach of these kinds; a run that shows nothing is put aside."""
    outcome = trial.run.outcome
    for breach in outcome.breaches:
        if breach.verdict in verdicts:
            return Broken(breach.in_words)
    return Aside(MEANING[outcome.verdict]) if outcome.verdict in _UNSEEN else None
