"""A diagnosis from the incident file to the answer: singles first, then pairs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, final

from meter_emu.diagnosis.decide import Deciding, leaders, probes
from meter_emu.diagnosis.hypotheses import Hypothesis, pairs_of, singles
from meter_emu.diagnosis.incident import Incident
from meter_emu.diagnosis.kept import KeptSignatures
from meter_emu.diagnosis.memo import Diagnosis
from meter_emu.diagnosis.pairs import screen, survivors
from meter_emu.diagnosis.predictions import Predictor, about_nobody
from meter_emu.diagnosis.ranking import Ranking, ranked
from meter_emu.diagnosis.sampling import sampled_households
from meter_emu.errors import ConfigError

HearRuns = Callable[[str, int, int], None]


def _silent(_what: str, _done: int, _of: int) -> None:
    """Say nothing."""


@final
class Diagnosing:
    """One incident at work; `only` names the mistakes to try, for a quick look."""

    def __init__(
        self,
        incident: Incident,
        *,
        samples: int,
        seed: int,
        kept_in: Path,
        jobs: int | None,
        only: Sequence[str] = (),
        hear: HearRuns = _silent,
    ) -> None:
        households = sampled_households(incident, samples, seed)
        for one in about_nobody(incident, households):
            raise ConfigError(incident.path, f"observed {one.id!r}", "is about no household of it")
        self._incident, self._samples, self._jobs = incident, samples, jobs
        self.hear = hear
        self._only: Final = only
        self._probes: Final = probes(incident, households)
        self.kept: Final = KeptSignatures(kept_in, (*households, *self._probes.households))
        self.predictor: Final = Predictor(incident, households, self.kept)
        self._singles: Final = singles(only)
        self._pairs: int | None = None

    def singles(self) -> Diagnosis:
        """Return the answer with every single mistake."""
        self._complete("single mistakes", self._singles)
        return self._diagnosis(ranked(self.predictor, self._singles))

    def pairs(self, so_far: Diagnosis) -> Diagnosis:
        """Return the answer with every pair of mistakes that can matter as well."""
        where = screen(self.predictor, so_far.ranking)
        if where is None:
            return self.decided(so_far)
        every = tuple(pairs_of(self._only))
        self.kept.complete(
            {where.place: every},
            jobs=self._jobs,
            hear=lambda done, of: self.hear("pairs in one household", done, of),
        )
        alive = survivors(self.predictor, self.kept, where, every, so_far.ranking)
        self._complete("surviving pairs", alive)
        self._pairs = len(every)
        return self.decided(self._diagnosis(ranked(self.predictor, (*self._singles, *alive))))

    def _complete(self, what: str, hypotheses: tuple[Hypothesis, ...]) -> None:
        places = range(len(self.predictor.households))
        self.kept.complete(
            dict.fromkeys(places, hypotheses),
            jobs=self._jobs,
            hear=lambda done, of: self.hear(what, done, of),
        )

    def decided(self, found: Diagnosis) -> Diagnosis:
        """Return an answer with what would decide."""
        among, first = leaders(found.ranking), len(self.predictor.households)
        asks = Deciding(self._incident, self._probes, self.kept, first, among)
        self.kept.complete(
            asks.runs(),
            jobs=self._jobs,
            hear=lambda done, of: self.hear("what would decide", done, of),
        )
        return replace(
            found,
            questions=asks.questions(),
            experiments=asks.experiments(),
            alike=asks.alike(),
        )

    def _diagnosis(self, ranking: Ranking) -> Diagnosis:
        return Diagnosis(
            incident=self._incident,
            ranking=ranking,
            households=len(self.predictor.households),
            samples=self._samples,
            hypotheses=len(self._singles),
            pairs=self._pairs,
        )
