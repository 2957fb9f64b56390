"""The households that stand for an incident's fleets and persons, with their unknowns drawn.

Nobody knows at which second a meter looks, how much a household uses, when exactly somebody came,
how a clock drifts and when it was last set. Each is drawn within its known range, for every kind of
household on every model that the incident allows. A meter that was on the wall on the last leap day
begins its story before it: its clock chip has lived that day.
"""

from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import Final, final

from meter_emu.diagnosis.incident import Incident, IncidentFleet
from meter_emu.units import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, Households
from meter_emu.world.meter.model import MeterModel
from meter_emu.world.meter.times import to_us, us_to_utc

LOAD_PERCENT: Final = 20  # ours: so far a home's load is from the usual one, as copies vary
_VISITS_US: Final = HOUR_US  # ours: a campaign's visits are typical ones, up to an hour off
_PERSONS_US: Final = 10 * MINUTE_US  # ours: a person who speaks of it knows the time better
_DRIFT_SHARE: Final = 0.5  # ours: of the model's bound; cabinets are seldom as hot as the sheet's
_LEAP_REACH_US: Final = 400 * DAY_US  # ours: a leap day further back costs too long a story
_POLLS_MAX: Final = 3_000  # ours: a story with a working clock has some 200


@final
@dataclass(frozen=True, slots=True)
class SampledHousehold:
    """One household to run: whom it represents, on which model, from when on.

    `load_percent` is how much it uses of what its kind does.
    """

    fleet: str
    person: str | None
    kind: str
    household: Household
    campaign: Campaign
    load_percent: int = 100

    @property
    def model(self) -> str:
        """The name of its model."""
        return self.household.model_name

    @property
    def energy(self) -> str:
        """What its meter measures."""
        return self.household.model.energy


def sampled_households(incident: Incident, samples: int, seed: int) -> tuple[SampledHousehold, ...]:
    """Return the households of an incident: `samples` of each kind and person on each model."""
    found: list[SampledHousehold] = []
    for fleet in incident.fleets.values():
        for kind in fleet.kinds:
            found += _on_models(fleet, None, kind, samples, seed)
    for name, person in incident.persons.items():
        fleet = incident.fleets[person.fleet]
        found += _on_models(fleet, name, person.household, samples, seed)
    return tuple(found)


def _on_models(
    fleet: IncidentFleet, person: str | None, kind: Household, samples: int, seed: int
) -> Iterator[SampledHousehold]:
    for name, model in fleet.models.items():
        if model.energy != kind.model.energy:
            continue
        for number in range(samples):
            # Not the fleet's name: who has the same kind in two incidents draws the same.
            chance = Random(f"{seed}/{kind.id}/{name}/{number}")  # noqa: S311  nuisances
            yield drawn(fleet, person, replace(kind, model=model, model_name=name), chance)


def drawn(
    fleet: IncidentFleet, person: str | None, kind: Household, chance: Random
) -> SampledHousehold:
    """Return a household with its unknowns drawn."""
    campaign, model = fleet.campaign, kind.model
    start_us, set_us = _on_the_wall(fleet, model, chance)
    percent = 100 + chance.randint(-LOAD_PERCENT, LOAD_PERCENT)
    reach_us = _VISITS_US if person is None else _PERSONS_US
    off_us = chance.randint(-reach_us // SECOND_US, reach_us // SECOND_US) * SECOND_US
    if kind.visits:
        first_us, last_us = kind.visits[0].at_us, kind.visits[-1].at_us
        off_us = max(campaign.start_us - first_us, min(off_us, campaign.end_us - last_us - 1))
    bound_ppb = round(model.clock.drift_bound_ppb * _DRIFT_SHARE)
    load = tuple(rate * percent // 100 for rate in kind.load)
    household = replace(
        kind,
        build="reference",
        load=load,
        balance_cents=kind.balance_cents + _used_cents(load, campaign.start_us - start_us, model),
        clock_set_us=set_us,
        clock_error_s=0,
        drift_ppb=chance.randint(-bound_ppb, bound_ppb),
        poll_phase_us=chance.randrange(model.poll_s * SECOND_US),
        visits=tuple(replace(visit, at_us=visit.at_us + off_us) for visit in kind.visits),
    )
    alone = replace(
        campaign,
        start_us=start_us,
        households=Households((), campaign.seed),
        polls_max=_POLLS_MAX,
        reported=(),
        path=campaign.name,
    )
    return SampledHousehold(fleet.name, person, kind.id, household, alone, percent)


def _on_the_wall(fleet: IncidentFleet, model: MeterModel, chance: Random) -> tuple[int, int]:
    """Return the start of the story, and when the clock was last set."""
    start_us = fleet.campaign.start_us
    earliest_us = start_us - model.clock.trust_max_days * DAY_US
    if fleet.since_us is not None:
        earliest_us = max(earliest_us, fleet.since_us)
    set_us = chance.randrange(earliest_us, start_us) // SECOND_US * SECOND_US
    leap_us = _last_leap_day_us(start_us)
    if set_us < leap_us and start_us - leap_us <= _LEAP_REACH_US:
        return leap_us, set_us
    return start_us, set_us


def _last_leap_day_us(before_us: int) -> int:
    """Return the midnight (UTC) with which the day before the last 29 February began."""
    year = us_to_utc(before_us).year
    days = (to_us(datetime(leap, 2, 28, tzinfo=UTC)) for leap in range(year, 0, -1) if isleap(leap))
    return next(us for us in days if us + 2 * DAY_US <= before_us)


def _used_cents(load: tuple[int, ...], for_us: int, model: MeterModel) -> int:
    """Return the cost of a load over a period: credit that outlasts the period."""
    units = sum(load) * for_us // DAY_US
    wh = units * model.credit.mwh_per_unit // 1_000
    return wh * model.credit.price_ueur_per_wh // 10_000
