"""Incidents as a newspaper has them, of a mistake that is known: few reports, and rough ones.

Times are "about eleven", "in the night" or "that day", or a day off; counts are half or twice what
they were; some reports are hearsay, of which half are made up. Who reports lives on a meter that is
drawn anew, with other loads, phases, visits and clocks than the library's. Two reports in three are
of a household in which the mistake shows, for newspapers tell of those.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeAlias

from meter_emu.diagnosis import SAMPLES
from meter_emu.diagnosis.hypotheses import Hypothesis, singles
from meter_emu.diagnosis.incident import Observation, Person, Sighting, load_incident
from meter_emu.diagnosis.incident_file import Whose
from meter_emu.diagnosis.kept import KeptSignatures
from meter_emu.diagnosis.predictions import Predictor
from meter_emu.diagnosis.sampling import drawn, sampled_households
from meter_emu.diagnosis.sightings import meets
from meter_emu.diagnosis.signatures import Signature, run_under, signature_of
from meter_emu.resources import built_in
from meter_emu.units import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, VisitKind
from meter_emu.world.meter.build import REFERENCE
from meter_emu.world.meter.times import to_us, us_to_legal

MODELS = ("electricity-pcf8563-utc", "electricity-legal-time", "gas-pcf8563-battery")
SPOKEN_OF = 4  # kinds of the first fleet in an incident, and one of its control
SHOWS = 2 / 3  # of the reports: from a household in which the mistake shows
ABOUT_US = 45 * MINUTE_US  # so far a time that is "about" may be off, either way

Said: TypeAlias = tuple[str, Sighting, tuple[float, float] | None]


class Noise(NamedTuple):
    """The shares of reports that are rough, each in its way."""

    vague: float = 0.0  # times as "in the night" or "that day"
    day_off: float = 0.0
    hearsay: float = 0.0  # reports that nobody saw: half of them made up
    miscounted: float = 0.0  # counts by half or twice


NOISES = {
    "no noise": Noise(),
    "vague times": Noise(vague=1.0),
    "a day off": Noise(day_off=0.15),
    "hearsay": Noise(hearsay=0.3),
    "wrong counts": Noise(miscounted=1.0),
    "all of it": Noise(vague=0.5, day_off=0.05, hearsay=0.15, miscounted=0.4),
}


class Case(NamedTuple):
    """An incident whose mistake is known, and how many of its right reports show it."""

    truth: Hypothesis
    observations: tuple[Observation, ...]
    shown: int


class Library:
    """The built-in incident's households on two models and gas, each also as one who speaks.

    The base program is the reference.
    """

    def __init__(self, folder: Path) -> None:
        whole = load_incident(built_in("incidents")["ores-2020-07"])
        fleets = {
            name: replace(fleet, models={model: fleet.models[model] for model in MODELS})
            for name, fleet in whole.fleets.items()
        }
        persons = {
            f"{fleet.name} {kind.id}": Person(fleet.name, kind)
            for fleet in fleets.values()
            for kind in fleet.kinds
        }
        self.incident = replace(whole, fleets=fleets, persons={})
        households = sampled_households(self.incident, SAMPLES, 0)
        speaking = [replace(one, person=f"{one.fleet} {one.kind}") for one in households]
        self.incident = replace(self.incident, persons=persons)
        self.households = (*households, *speaking)
        self.kept = KeptSignatures(folder, self.households)
        self.tried = tuple(one for one in singles() if one.base == REFERENCE)

    def complete(self) -> None:
        """Run every single mistake that is not kept."""
        self.kept.complete(dict.fromkeys(range(len(self.households)), self.tried), jobs=2)

    def predictor(self, case: Case) -> Predictor:
        """Return what predicts the reports of an incident."""
        incident = replace(self.incident, observations=case.observations)
        return Predictor(incident, self.households, self.kept)

    def differing(self) -> list[Hypothesis]:
        """Return the single mistakes that some household of the first fleet shows."""
        first = self.incident.first.name
        places = [place for place, one in enumerate(self.households) if one.fleet == first]
        sound = [self.kept.of(place, Hypothesis()).off for place in places]
        return [
            one for one in self.tried if [self.kept.of(place, one).off for place in places] != sound
        ]

    def case(self, truth: Hypothesis, seed: str, count: int, noise: Noise) -> Case:
        """Return an incident of so many reports."""
        chance = Random(f"newspaper/{seed}")
        tellers = self._tellers(truth, chance, noise)
        shows = [one for one in tellers if one.lived.off != one.sound.off] or tellers
        observations: list[Observation] = []
        shown = 0
        for number in range(count * 20):
            if len(observations) == count:
                break
            one = chance.choice(shows if chance.random() < SHOWS else tellers)
            said = one.report(number)
            if said is not None:
                observations.append(said)
                shown += one.shows(said)
        return Case(truth, tuple(observations), shown)

    def _tellers(self, truth: Hypothesis, chance: Random, noise: Noise) -> "list[Teller]":
        first, control = self.incident.fleets.values()
        spoken_of = [(first, kind) for kind in chance.sample(first.kinds, SPOKEN_OF)]
        found = []
        for fleet, kind in (*spoken_of, (control, chance.choice(control.kinds))):
            fit = [item for item in fleet.models.items() if item[1].energy == kind.model.energy]
            called, model = chance.choice(fit)
            person = f"{fleet.name} {kind.id}"
            one = drawn(fleet, person, replace(kind, model=model, model_name=called), chance)
            here = truth if fleet is first else truth._replace(office=None)
            lived = signature_of(run_under(one, here))
            sound = signature_of(run_under(one, Hypothesis(truth.base)))
            for whose in (
                Whose(fleet=fleet.name, id=person),
                Whose(fleet=fleet.name, kind=kind.id),
            ):
                found.append(
                    Teller(
                        whose=whose,
                        household=one.household,
                        campaign=fleet.campaign,
                        lived=lived,
                        sound=sound,
                        noise=noise,
                        chance=chance,
                    )
                )
        return found


@dataclass(frozen=True)
class Teller:
    """Who speaks of a household: what it lived, and would have lived with a sound meter."""

    whose: Whose
    household: Household
    campaign: Campaign
    lived: Signature
    sound: Signature
    noise: Noise
    chance: Random

    def report(self, number: int) -> Observation | None:
        """Return something that is said of it, if there is something to say."""
        hearsay = self.chance.random() < self.noise.hearsay
        sure = 0.7 if hearsay else self.chance.choice((0.8, 0.9, 0.95))
        tell: Callable[[], Said | None]
        if hearsay and self.chance.random() < 0.5:
            tell = self._made_up
        elif self.whose.id is None:
            tell = self.chance.choice((self._cut, self._count))
        else:
            tell = self.chance.choice((self._cut, self._cut, self._supply, self._card))
        said = tell()
        if said is None:
            return None
        many, seen, share = said
        return Observation(
            id=f"report {number}", whose=self.whose, many=many, seen=seen, sure=sure,
            refs=("a newspaper",), words="", share=share,
        )  # fmt: skip

    def shows(self, said: Observation) -> bool:
        """Whether a report is right and would not be with a sound meter."""
        so = said.many != "none"
        return meets(self.lived, said.seen) == so and meets(self.sound, said.seen) != so

    def _cut(self) -> Said:
        """A cut, rather one that a sound meter has not; or the night in which there was none."""
        cuts = [begun for begun, _ in self.lived.off]
        usual = {begun for begun, _ in self.sound.off}
        strange = [at for at in cuts if at not in usual]
        missed = sorted(usual - set(cuts))
        if strange or (cuts and self.chance.random() < 0.7):
            window = self._window(self.chance.choice(strange or cuts[-2:]) * SECOND_US)
            return "some", Sighting(cut_us=window), None
        quiet_us = self.campaign.end_us - self.chance.randrange(4, 12) * DAY_US
        seen = Sighting(cut_us=self._night(missed[0] * SECOND_US if missed else quiet_us))
        return "some" if meets(self.lived, seen) else "none", seen, None

    def _count(self) -> Said:
        many, seen, _ = self._cut()
        if many == "none":
            return many, seen, None
        share = self.chance.choice((0.6, 0.8, 1.0))
        if self.chance.random() < self.noise.miscounted:
            share = min(1.0, share * self.chance.choice((0.5, 2.0)))
        return "share", seen, (share * 0.7, min(1.0, share * 1.3))

    def _supply(self) -> Said:
        around = [
            at for story in (self.lived, self.sound) for stretch in story.off for at in stretch
        ]
        last_us = self.campaign.end_us - 1
        about_us = self.chance.choice(around) * SECOND_US if around else last_us - 6 * DAY_US
        at_us = min(last_us, about_us + self.chance.randrange(1, 20) * HOUR_US)
        off = meets(self.lived, Sighting(off_us=at_us))
        at_us = min(last_us, at_us + self._off_by())
        return "some", Sighting(off_us=at_us) if off else Sighting(fed_us=at_us), None

    def _card(self) -> Said | None:
        visits = enumerate(self.household.visits)
        number = self.chance.choice([n for n, one in visits if one.kind is VisitKind.INSERT])
        answers = [card for card in self.lived.cards if card.visit == number]
        if not answers:
            return None
        if self.chance.random() < 0.7:
            return "some", Sighting(card=answers[0].answer, visit=number), None
        return "some", Sighting(shown=answers[0].shown.rpartition(" | ")[2], visit=number), None

    def _made_up(self) -> Said:
        at_us = self.campaign.end_us - self.chance.randrange(1, 14 * 24) * HOUR_US
        return "some", Sighting(cut_us=self._night(at_us)), None

    def _off_by(self) -> int:
        off = self.chance.random() < self.noise.day_off
        return self.chance.choice((-DAY_US, DAY_US)) if off else 0

    def _window(self, at_us: int) -> tuple[int, int]:
        at_us += self._off_by()
        if self.chance.random() < self.noise.vague:
            return self._night(at_us) if self.chance.random() < 0.7 else self._day(at_us)
        about_us = at_us + self.chance.randrange(-ABOUT_US // 2, ABOUT_US // 2)
        return about_us - ABOUT_US, about_us + ABOUT_US

    def _night(self, at_us: int) -> tuple[int, int]:
        """The night around an instant, ten to seven, or the day if it is in one."""
        at = self._legal(at_us)
        seven = at.replace(hour=7, minute=0, second=0, microsecond=0)
        if at < seven:
            return self._us(seven - timedelta(hours=9)), self._us(seven)
        ten = seven + timedelta(hours=15)
        if at < ten:
            return self._us(seven), self._us(ten)
        return self._us(ten), self._us(ten + timedelta(hours=9))

    def _day(self, at_us: int) -> tuple[int, int]:
        day = self._legal(at_us).replace(hour=0, minute=0, second=0, microsecond=0)
        return self._us(day), self._us(day + timedelta(days=1))

    def _legal(self, at_us: int) -> datetime:
        return us_to_legal(at_us, self.campaign.zone).replace(tzinfo=None)

    def _us(self, when: datetime) -> int:
        us = to_us(when.replace(tzinfo=self.campaign.zone.info))
        return max(self.campaign.start_us, min(us, self.campaign.end_us - 1))
