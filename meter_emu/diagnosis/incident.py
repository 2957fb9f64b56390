"""An incident, resolved: fleets, persons, and what was reported of them, with how sure that is.

Sources that did not copy each other multiply their odds: 0.95 twice is 361 to 1. A copy adds
nothing. An incident that contradicts itself is refused: no cause could fit it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import Final, final

import msgspec

from meter_emu.diagnosis.incident_file import (
    RawFleet,
    RawIncident,
    RawObserved,
    RawPerson,
    RawSeen,
    RawSilence,
    RawSource,
    Whose,
)
from meter_emu.energies import ENERGIES
from meter_emu.errors import ConfigError
from meter_emu.nearest import hint
from meter_emu.resources import find, read_toml
from meter_emu.units import HOUR_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, Visit, VisitKind
from meter_emu.world.meter.model import MeterModel, load_model
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.reading import FilePlace
from meter_emu.world.rehearsal.visits import VisitReader
from meter_emu.zones import TimeZone

_NO_CARD: Final = (VisitKind.DESK, VisitKind.ACT, VisitKind.CLOCK_CARD)
BOTH: Final = "both"  # of energies: a meter for each in one household
_LATE_US: Final = 2 * HOUR_US  # ours: so long after the announced cut a meter is not just late
SURE_MIN: Final = 0.5  # below, a report would speak for its opposite: it is written the other way


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFleet:
    """One operator's meters. `part` is the share of them that may be concerned, if not all may.

    `models` are by name; `kinds` are the households of the campaign that stand for the fleet, and
    `weights` how many there are of each, by id.
    `same_product` says whether its meters and office are the first fleet's; `None` if not known.
    """

    name: str
    campaign: Campaign
    size: int
    models: Mapping[str, MeterModel]
    kinds: tuple[Household, ...]
    weights: Mapping[str, int]
    since_us: int | None
    part: tuple[float, float] | None
    same_product: bool | None


@final
@dataclass(frozen=True, slots=True)
class Person:
    """A household of which somebody spoke, with all its visits."""

    fleet: str
    household: Household


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What is to be seen of a household; instants are true microseconds. Exactly one is set.

    `cut_us` is from when to when supply went off by the meter, `fed_us` and `off_us` when it was on
    or off, `card` whether the card of visit `visit` (from 0) was obeyed, `shown` what the display
    said then.
    """

    cut_us: tuple[int, int] | None = None
    fed_us: int | None = None
    off_us: int | None = None
    card: str | None = None
    shown: str | None = None
    visit: int | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A report, or a silence. `many` is `some`, `none` or `share`; `share` is its bounds.

    `exposed` and `heard` are those of a silence: so many households, and the chance that one such
    event would have been heard of. `sure` is how likely it is right, all sources taken together.
    """

    id: str
    whose: Whose
    many: str
    seen: Sighting
    sure: float
    refs: tuple[str, ...]
    words: str
    share: tuple[float, float] | None = None
    exposed: int | None = None
    heard: float | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A whole file, resolved. The first fleet is the one in which something went wrong."""

    name: str
    path: str
    zone: TimeZone
    fleets: Mapping[str, IncidentFleet]
    persons: Mapping[str, Person]
    observations: tuple[Observation, ...]

    @property
    def first(self) -> IncidentFleet:
        """The fleet in which something went wrong."""
        return next(iter(self.fleets.values()))


def load_incident(path: Path) -> Incident:
    """Return the incident in a file; raise `ConfigError` naming key and what was wanted."""
    return _Reader(path, read_toml(path, RawIncident)).incident()


def combined(sources: Sequence[tuple[float, str, str | None]]) -> float:
    """Return the joint surety of sources, each given as surety, name, and whom it copies."""
    odds, best = 1.0, dict[str, float]()
    copied = {ref: copies for _, ref, copies in sources if copies is not None}
    for sure, ref, _ in sources:
        origin = _origin(ref, copied)
        best[origin] = max(best.get(origin, 0.0), sure)
    for sure in best.values():
        odds *= sure / (1 - sure)
    return odds / (1 + odds)


def _origin(ref: str, copied: Mapping[str, str]) -> str:
    """Return the first source of a chain of copies; sources that copy each other count once."""
    chain = [ref]
    while (earlier := copied.get(chain[-1])) is not None:
        if earlier in chain:
            return min(chain[chain.index(earlier) :])
        chain.append(earlier)
    return chain[-1]


class _Reader:
    """Resolves the raw file, and remembers where each value stood for error messages."""

    def __init__(self, path: Path, raw_incident: RawIncident) -> None:
        self._path, self._raw = path, raw_incident
        self._top = FilePlace(str(path), raw_incident.zone)
        self._fleets: dict[str, IncidentFleet] = {}
        self._persons: dict[str, Person] = {}

    def incident(self) -> Incident:
        raw = self._raw
        self._each_once("fleet", [one.name for one in raw.fleet])
        self._each_once("person", [one.id for one in raw.person])
        said: list[RawObserved | RawSilence] = [*raw.observed, *raw.silence]
        self._each_once("observed", [one.id for one in said])
        for raw_fleet in raw.fleet:
            place = self._top.at(f"fleet {raw_fleet.name!r}")
            self._fleets[raw_fleet.name] = self._fleet(raw_fleet, place)
        for raw_person in raw.person:
            place = self._top.at(f"person {raw_person.id!r}")
            self._persons[raw_person.id] = self._person(raw_person, place)
        observations = (*self._observed(), *self._silences())
        for pair in combinations(observations, 2):
            self._check_pair(*pair)
        return Incident(
            name=raw.name,
            path=str(self._path),
            zone=raw.zone,
            fleets=self._fleets,
            persons=self._persons,
            observations=observations,
        )

    def _each_once(self, key: str, names: Sequence[str]) -> None:
        for name in names:
            if names.count(name) > 1:
                self._top.refuse(key, f"two are called {name!r}, expected each once")

    # Fleets and persons --------------------------------------------------------------------------

    def _fleet(self, raw_fleet: RawFleet, place: FilePlace) -> IncidentFleet:
        try:
            campaign = load_campaign(
                find("campaigns", raw_fleet.campaign, folder=self._path.parent)
            )
            found = {
                model: load_model(find("meters", model, folder=self._path.parent))
                for model in raw_fleet.models
            }
        except ConfigError as error:
            raise ConfigError(str(self._path), place.words, str(error)) from None
        if campaign.zone.key != self._raw.zone.key:
            place.refuse("campaign", f"keeps the time of {campaign.zone.key}")
        known = {one.first.id: one.first for one in campaign.households.entries}
        for name in raw_fleet.kinds or ():
            _known(name, known, place, "kinds")
        have = {model.energy for model in found.values()}
        kinds = tuple(
            known[name]
            for name in raw_fleet.kinds or known
            if raw_fleet.kinds is not None or known[name].model.energy in have
        )
        energies = {kind.model.energy for kind in kinds}
        for model_name, model in found.items():
            if model.energy not in energies:
                place.refuse("models", f"none of the households has a meter as {model_name}")
        part = None
        if raw_fleet.part is not None:
            low, high = part = (raw_fleet.part[0], raw_fleet.part[1])
            if not 0 < low <= high < 1:
                place.refuse("part", f"expected [from, to] above 0 and below 1, got {low}, {high}")
        if raw_fleet.same_product is not None and not self._fleets:
            place.refuse("same_product", "expected none: this is the first fleet")
        same = {"yes": True, "no": False, "unknown": None}[raw_fleet.same_product or "unknown"]
        since = raw_fleet.on_the_wall_since
        since_us = None
        if since is not None:
            since_us = place.instant(datetime(*since.timetuple()[:3]), "on_the_wall_since")  # noqa: DTZ001
            if since_us >= campaign.start_us:
                place.refuse("on_the_wall_since", "expected a day before the campaign's start")
        return IncidentFleet(
            name=raw_fleet.name,
            campaign=campaign,
            size=raw_fleet.households,
            models=found,
            kinds=kinds,
            weights=raw_fleet.kinds or {kind.id: 1 for kind in kinds},
            since_us=since_us,
            part=part,
            same_product=True if not self._fleets else same,
        )

    def _person(self, raw_person: RawPerson, place: FilePlace) -> Person:
        fleet_name, _, like = raw_person.like.partition(":")
        _known(fleet_name, self._fleets, place, "like")
        campaign = self._fleets[fleet_name].campaign
        known = {one.first.id: one.first for one in campaign.households.entries}
        _known(like, known, place, "like")
        first = known[like]
        reader = VisitReader(
            place,
            first.model,
            first.announced,
            within_us=(campaign.start_us, campaign.end_us),
            said=(datetime.min, datetime.max),  # noqa: DTZ901  only words of a refusal
            ledger={},
        )
        visits = [*first.visits, *reader.all(raw_person.visits)]
        visits.sort(key=lambda visit: visit.at_us)
        return Person(fleet_name, replace(first, id=raw_person.id, visits=tuple(visits)))

    # Observations --------------------------------------------------------------------------------

    def _observed(self) -> Iterator[Observation]:
        for raw in self._raw.observed:
            place = self._top.at(f"observed {raw.id!r}")
            said = {"some": raw.some, "none": raw.none, "share": raw.share}
            found = {many: seen for many, seen in said.items() if seen is not None}
            if len(found) != 1:
                place.refuse("", "expected one of some, none, share")
            ((many, raw_seen),) = found.items()
            whose = self._whose(raw.whose, place)
            share = self._share(raw_seen, many, whose, place.at(many))
            yield Observation(
                id=raw.id,
                whose=whose,
                many=many,
                seen=self._seen(raw_seen, whose, place.at(many)),
                sure=combined([self._source(one, place) for one in raw.sources]),
                refs=tuple(one.ref for one in raw.sources),
                words=_in_words(raw.whose, many, raw_seen),
                share=share,
            )

    def _silences(self) -> Iterator[Observation]:
        for raw in self._raw.silence:
            place = self._top.at(f"silence {raw.id!r}")
            whose = self._whose(raw.whose, place)
            self._share(raw.none, "none", whose, place.at("none"))
            fleet = self._fleets[whose.fleet]
            if raw.exposed > fleet.size:
                place.refuse(
                    "exposed", f"expected at most the fleet's {fleet.size}, got {raw.exposed}"
                )
            if not 0 < raw.heard <= 1:
                place.refuse("heard", "expected more than 0: what is never heard of says nothing")
            yield Observation(
                id=raw.id,
                whose=whose,
                many="none",
                seen=self._seen(raw.none, whose, place.at("none")),
                sure=_surety(raw.sure, place),
                refs=(),
                words=_in_words(raw.whose, "none", raw.none),
                exposed=raw.exposed,
                heard=raw.heard,
            )

    def _source(self, raw_source: RawSource, place: FilePlace) -> tuple[float, str, str | None]:
        where = place.at(f"source {raw_source.ref}")
        return _surety(raw_source.sure, where), raw_source.ref, raw_source.copies

    def _whose(self, whose: Whose, place: FilePlace) -> Whose:
        place = place.at("whose")
        if bool(whose.fleet) == (whose.id is not None):
            place.refuse("", "expected fleet or id, one of them")
        if whose.id is not None:
            _known(whose.id, self._persons, place, "id")
            return msgspec.structs.replace(whose, fleet=self._persons[whose.id].fleet)
        _known(whose.fleet, self._fleets, place, "fleet")
        _known(whose.energy, (*ENERGIES, BOTH), place, "energy")
        _known(whose.kind, [one.id for one in self._fleets[whose.fleet].kinds], place, "kind")
        return whose

    def _seen(self, raw_seen: RawSeen, whose: Whose, place: FilePlace) -> Sighting:
        given = {
            key: getattr(raw_seen, key)
            for key in ("cut", "fed", "off", "lived", "card", "shown")
            if getattr(raw_seen, key) is not None
        }
        if len(given) != 1:
            place.refuse("", "expected one of cut, fed, off, lived, card, shown")
        ((key, value),) = given.items()
        campaign = self._fleets[whose.fleet].campaign
        if key in ("card", "shown"):
            return self._at_visit(raw_seen, whose, place)
        if raw_seen.at_visit is not None:
            place.refuse("at_visit", "expected it with card or shown only")
        if key == "lived":
            return self._lived(value, whose, place)
        times = value if isinstance(value, list) else [value]
        instants = [place.instant(when, key) for when in times]
        if any(not campaign.start_us <= us < campaign.end_us for us in instants):
            place.refuse(key, "expected times within the campaign's start and end")
        if key == "cut":
            from_us, to_us = instants
            if to_us <= from_us:
                place.refuse("cut", "expected [from, to], the earlier first")
            return Sighting(cut_us=(from_us, to_us))
        return Sighting(fed_us=instants[0]) if key == "fed" else Sighting(off_us=instants[0])

    def _lived(self, verdict: str, whose: Whose, place: FilePlace) -> Sighting:
        """Return what it is next to the announced cut, which is the same for all of them."""
        fleet = self._fleets[whose.fleet]
        spoken_of = fleet.kinds if whose.id is None else (self._persons[whose.id].household,)
        cuts = {
            household.last_announced.cut_us
            for household in spoken_of
            if whose.kind in (None, household.id) and household.last_announced is not None
        }
        cut_us = cuts.pop() if len(cuts) == 1 else None
        if cut_us is None:
            place.refuse("lived", "these households were announced no cut, or several: give times")
        if verdict == "cut_before":
            return Sighting(cut_us=(fleet.campaign.start_us, cut_us - 1))
        return Sighting(fed_us=min(cut_us + _LATE_US, fleet.campaign.end_us - 1))

    def _at_visit(self, raw_seen: RawSeen, whose: Whose, place: FilePlace) -> Sighting:
        if whose.id is None or raw_seen.at_visit is None:
            place.refuse("at_visit", "a card or a display is one person's, at one of the visits")
        visits = self._persons[whose.id].household.visits
        number = raw_seen.at_visit - 1
        if number >= len(visits) or not _with_card(visits[number]):
            cards = [str(n) for n, visit in enumerate(visits, 1) if _with_card(visit)]
            place.refuse("at_visit", f"expected one with a card: {', '.join(cards)}")
        return Sighting(card=raw_seen.card, shown=raw_seen.shown, visit=number)

    def _share(
        self, raw_seen: RawSeen, many: str, whose: Whose, place: FilePlace
    ) -> tuple[float, float] | None:
        bounds = (raw_seen.from_, raw_seen.to)
        if many != "share":
            if bounds != (None, None):
                place.refuse("from", "expected from and to with share only")
            return None
        low, high = bounds
        if low is None or high is None or low > high:
            place.refuse("from", "expected from and to, the smaller first")
        if whose.id is not None:
            place.refuse("", "expected some or none of one person")
        return low, high

    def _check_pair(self, one: Observation, other: Observation) -> None:
        """Refuse two observations that no cause could fit."""
        if _at_odds(one, other) or _at_odds(other, one):
            words = f"contradicts {one.id!r}: no cause could fit both"
            self._top.at(f"observed {other.id!r}").refuse("", words)


def _at_odds(one: Observation, other: Observation) -> bool:
    """Whether `one` affirms what `other` denies of the same households."""
    if not one.whose.within(other.whose):
        return False
    mine, theirs = one.seen, other.seen
    if one.whose.id is not None and "some" == one.many == other.many:
        if mine.fed_us is not None and mine.fed_us == theirs.off_us:
            return True
        return (
            mine.visit is not None
            and mine.visit == theirs.visit
            and (mine.card is not None and theirs.card not in (None, mine.card))
        )
    happened = one.many == "some" or (one.share is not None and one.share[0] > 0)
    if not happened or other.many != "none":
        return False
    if mine.cut_us is not None and theirs.cut_us is not None:
        return theirs.cut_us[0] <= mine.cut_us[0] and mine.cut_us[1] <= theirs.cut_us[1]
    return mine == theirs


def _known(name: str | None, there: Collection[str], place: FilePlace, key: str) -> None:
    """Refuse an unknown name; `None` is accepted."""
    if name is not None and name not in there:
        want = f"expected one of {', '.join(there)}, got {name!r}{hint(name, there)}"
        place.refuse(key, want)


def _surety(sure: float, place: FilePlace) -> float:
    if sure in (0, 1):
        why = "of 1 nothing could speak against it" if sure else "of 0 it says nothing"
        place.refuse("sure", f"expected more than 0 and less than 1: with a surety {why}")
    if sure < SURE_MIN:
        place.refuse(
            "sure", f"expected at least {SURE_MIN}: below, report the opposite, got {sure}"
        )
    return sure


def _with_card(visit: Visit) -> bool:
    return visit.kind not in _NO_CARD


def _in_words(whose: Whose, many: str, raw_seen: RawSeen) -> str:
    """Return an observation as a line of a memo."""
    if whose.id is not None:
        who = whose.id
    else:
        amount = {"some": "some", "none": "no"}.get(many, f"{raw_seen.from_} to {raw_seen.to} of")
        past = {None: None, True: "reactivated", False: "not reactivated"}[whose.reactivated]
        kind = whose.kind and f"as {whose.kind}"
        which = ", ".join(filter(None, (whose.fleet, kind, whose.energy, past)))
        who = f"{which}: {amount} households"
    negated = " not" if whose.id is not None and many == "none" else ""
    if raw_seen.cut is not None:
        from_, to = raw_seen.cut
        until = f"{to:%H:%M}" if from_.date() == to.date() else f"{to.day} {to:%B %H:%M}"
        return f"{who}{negated} cut from {from_.day} {from_:%B %H:%M} to {until}"
    if raw_seen.card is not None:
        return f"{who}: card{negated} {raw_seen.card} at visit {raw_seen.at_visit}"
    if raw_seen.shown is not None:
        return f"{who}: display{negated} showed {raw_seen.shown!r} at visit {raw_seen.at_visit}"
    if raw_seen.lived is not None:
        what = {"cut_before": "cut before", "still_on": "still supplied after"}[raw_seen.lived]
        return f"{who}{negated} {what} the announced time"
    when = raw_seen.fed or raw_seen.off
    assert when is not None, "one of them is given"
    what = "with" if raw_seen.fed is not None else "without"
    return f"{who}{negated} {what} supply on {when.day} {when:%B %H:%M}"
