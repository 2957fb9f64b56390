"""A diagnosis from the incident file to the answer: singles first, then pairs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final, TypeAlias, final

from meter_emu.diagnosis.decide import Deciding, asked_again, probes
from meter_emu.diagnosis.hypotheses import Hypothesis, mistakes, pairs_of, singles
from meter_emu.diagnosis.incident import Incident
from meter_emu.diagnosis.kept import KeptSignatures
from meter_emu.diagnosis.memo import Diagnosis
from meter_emu.diagnosis.pairs import SCREENS_MAX, screens, survivors
from meter_emu.diagnosis.predictions import Predictor, is_about
from meter_emu.diagnosis.ranking import ranked
from meter_emu.diagnosis.sampling import sampled_households

HearRuns: TypeAlias = Callable[[str, int, int], None]  # what runs, how many are done, of how many


@final
class Diagnosing:
    """Diagnoses one incident; `only` limits the mistakes that are tried, for a quick look."""

    def __init__(
        self,
        incident: Incident,
        *,
        samples: int,
        seed: int,
        kept_in: Path,
        jobs: int | None,
        only: Sequence[str] = (),
        shipped: Path | None = None,
        hear: HearRuns = lambda _what, _done, _of: None,
    ) -> None:
        households = tuple(
            home
            for home in sampled_households(incident, samples, seed)
            if any(is_about(said, home) for said in incident.observations)
        )
        self._incident, self._samples, self._jobs = incident, samples, jobs
        self.hear = hear
        self._only: Final = only
        self._probes: Final = probes(incident, households)
        kept = KeptSignatures(kept_in, (*households, *self._probes.households), shipped)
        self.predictor: Final = Predictor(incident, households, kept)
        self._singles: Final = singles(only)

    def singles(self) -> Diagnosis:
        """Return the diagnosis over all single mistakes."""
        self._run_in_all("single mistakes", self._singles)
        return self._diagnosis(self._singles, None)

    def pairs(self, so_far: Diagnosis) -> Diagnosis:
        """Return the diagnosis over single mistakes and every pair that could matter."""
        every, alive = tuple(pairs_of(self._only)), tuple[Hypothesis, ...]()
        where = None
        for where in islice(screens(self.predictor, so_far.ranking), SCREENS_MAX):
            self._run("pairs in one household", {where.place: every})
            if alive := survivors(self.predictor, where, every, so_far.ranking):
                break
        if where is None:
            return self.decided(so_far)
        self._run_in_all("surviving pairs", alive)
        return self.decided(self._diagnosis((*self._singles, *alive), len(every)))

    def decided(self, found: Diagnosis) -> Diagnosis:
        """Return a diagnosis with the questions and bench orders that would decide."""
        first = len(self.predictor.households)
        asks = Deciding(self.predictor, self._probes, first, found.ranking)
        self._run("what would decide", asks.runs())
        return replace(
            found,
            again=asked_again(self._incident, found.ranking),
            questions=asks.questions(),
            openings=asks.openings(),
            experiments=asks.experiments(),
            alike=asks.alike(),
        )

    def _run_in_all(self, what: str, hypotheses: Sequence[Hypothesis]) -> None:
        self._run(what, dict.fromkeys(range(len(self.predictor.households)), hypotheses))

    def _run(self, what: str, wanted: Mapping[int, Sequence[Hypothesis]]) -> None:
        self.predictor.kept.complete(
            wanted, jobs=self._jobs, hear=lambda done, of: self.hear(what, done, of)
        )

    def _diagnosis(self, tried: Sequence[Hypothesis], pairs: int | None) -> Diagnosis:
        return Diagnosis(
            incident=self._incident,
            ranking=ranked(self.predictor, tried),
            households=len(self.predictor.households),
            samples=self._samples,
            hypotheses=len(self._singles),
            pairs=pairs,
            left_out=sum(map(len, mistakes())) - sum(map(len, mistakes(self._only))),
        )
