"""Whether a program covers a meter and its card: as declared, or as one order on one card shows.

The trial passes if the card is obeyed and the meter trusts its clock afterwards. So a program
without a driver for the chip, or that refuses the card, energy or time base, does not cover it. One
that misreads another chip's registers looks the same as one with a mistake: it must declare.
"""

from functools import cache
from typing import Final, NamedTuple

from card_protocol.card.image import CardKind
from meter_emu.domain import BUDGET
from meter_emu.units import DAY_US, HOUR_US, HOURS_A_DAY, SECOND_US
from meter_emu.world.households.campaign import METER_ID_FIRST, Campaign
from meter_emu.world.households.household import (
    DeskOrder,
    Entry,
    Household,
    Households,
    Visit,
    VisitKind,
)
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.build import Build, parse_build
from meter_emu.world.meter.covers import Covers, base_words, card_words, chip_words
from meter_emu.world.meter.devices import DEVICES
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.model import MeterModel
from meter_emu.world.meter.times import us_to_civil
from meter_emu.world.rehearsal.engine import run_meter

_START_US: Final = 1_584_957_600 * SECOND_US  # 2020-03-23 10:00 UTC, a Monday; any day will do
_UNSAID: Final = Covers()  # a program that declares nothing is for a budget meter
_CUT_US: Final = 1_593_810_060 * SECOND_US  # 2020-07-03 21:01 UTC
_LASTS_US: Final = 4 * HOUR_US


class _Tried(NamedTuple):
    """What one trial of a build showed: events, and how many polls were run."""

    events: tuple[Event, ...]
    polls: int


@cache
def uncovered(build: Build, model: MeterModel, generation: int, carrier: CardKind) -> str | None:
    """Return in words what of a meter and its card a build does not cover, `None` if all.

    Ours covers everything. Another's declaration counts; what it leaves open is tried in one run,
    once in a process.
    """
    if build.factory is None:
        return None
    declared = build.covers
    if declared is not None:
        outside = declared.outside(model, generation, carrier)
        if outside is not None or declared.whole:
            return outside
    if model.device != BUDGET:  # no card of ours is for it, so nothing is tried with one
        return (declared or _UNSAID).outside(model, generation, carrier)
    seen = _tried(build, model, generation, carrier).events
    served = [event for event in seen if event.what is What.CARD_SERVED]
    if any(event.clock_trusted for event in served):
        return None
    if served and declared is not None and None not in (declared.chips, declared.time_bases):
        return None  # it declares this clock, so what it makes of it is not a matter of coverage
    clock = f"{chip_words(model)}, {base_words(model)}"
    return clock if served else f"{card_words(generation, carrier)}, {model.energy}, {clock}"


def serves(build: Build, model: MeterModel, generation: int, carrier: CardKind) -> bool:
    """Return whether a build obeys a card in a meter at all, whatever it thinks of its clock."""
    seen = _tried(build, model, generation, carrier).events
    return any(event.what is What.CARD_SERVED for event in seen)


def how_it_hangs(build: Build, model: MeterModel, generation: int, carrier: CardKind) -> str | None:
    """Return why a build is said to hang when it was tried in a meter; `None` if it does not."""
    last = _tried(build, model, generation, carrier).events[-1]
    return last.detail if last.what is What.HUNG else None


def how_it_fails(build: Build, model: MeterModel, generation: int, carrier: CardKind) -> str | None:
    """Return why a build failed when it was tried in a meter; `None` if it came through."""
    failure = _tried(build, model, generation, carrier).events[-1].failure
    return None if failure is None else failure.why


def polls_run(build: Build, model: MeterModel, generation: int, carrier: CardKind) -> float:
    """Return which share of the polls of a quiet trial was run: its sleep hints skip the others."""
    tried = _tried(build, model, generation, carrier)
    return tried.polls * model.poll_s * SECOND_US / _LASTS_US


def covers_household(build: Build, household: Household) -> str | None:
    """Return in words which part of a household a build does not cover; `None` for no part."""
    return uncovered(build, household.model, household.card_generation, household.carrier)


def outside_of(household: Household, campaign: Campaign) -> str | None:
    """Return what of a household its build does not cover, in words; `None` where it is to be run.

    What it declares counts. Where that leaves open what it covers, a program that is found to cover
    none of the campaign's households is run in all of them: what it does to them is all there is.
    """
    build = parse_build(household.build)
    if build.factory is None:
        return None
    outside = covers_household(build, household)
    if outside is None or declared_outside(build, household):
        return outside
    others = (entry.first for entry in campaign.households.entries)
    any_covered = any(
        other.build == household.build and covers_household(build, other) is None
        for other in others
    )
    return outside if any_covered else None


def declared_outside(build: Build, household: Household) -> bool:
    """Whether a build declares that it does not cover a household."""
    kind = household.model, household.card_generation, household.carrier
    return (build.covers or _UNSAID).outside(*kind) is not None


@cache
def obeys_clock_cards(build: Build, model: MeterModel, generation: int, carrier: CardKind) -> bool:
    """Return whether a build sets its clock by a technician's card, as declared or tried."""
    if build.factory is None:
        return True
    if build.covers is not None and build.covers.clock_cards is not None:
        return build.covers.clock_cards
    events = _tried(build, model, generation, carrier).events
    return any(event.what is What.CLOCK_SET for event in events)


@cache
def _tried(build: Build, model: MeterModel, generation: int, carrier: CardKind) -> _Tried:
    """Try one order on a card, then a technician at the clock, in four hours; none without slot."""
    cut = us_to_civil(_CUT_US, model.zone)
    order = DeskOrder(defer_until=cut, cut_at=cut, defer_us=_CUT_US, cut_us=_CUT_US)
    visits = (
        Visit(at_us=_START_US + HOUR_US, kind=VisitKind.DESK, desk=order),
        Visit(at_us=_START_US + 2 * HOUR_US, kind=VisitKind.INSERT),
        Visit(at_us=_START_US + 3 * HOUR_US, kind=VisitKind.CLOCK_CARD),
    )
    household = Household(
        id="home",
        kind="what is covered",
        model=model,
        model_name=model.name,
        build=build.name,
        balance_cents=2_000,
        load=(500 // model.measures.drawn_one_in,) * HOURS_A_DAY,
        clock_set_us=_START_US - DAY_US,
        meter_id=METER_ID_FIRST,
        card_generation=generation,
        carrier=carrier,
        visits=visits if DEVICES[model.device].slot else (),
    )
    campaign = Campaign(
        name="what is covered",
        zone=model.zone,
        start_us=_START_US,
        end_us=_START_US + _LASTS_US,
        seed=0,
        announced=(),
        households=Households((Entry(first=household, count=1),), 0),
    )
    benches: list[Bench] = []
    events = tuple(run_meter(household, campaign, prepare=benches.append))
    return _Tried(events, benches[-1].polls)
