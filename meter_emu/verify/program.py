"""The program to verify: a runnable build, and the meters and cards that it covers.

Ours covers every chip, energy and carrier. Somebody else's may cover fewer, as declared or tried
out (`world.rehearsal.covered`); it is not checked outside.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

from card_protocol.card.image import CardKind
from meter_emu.domain import BUDGET, DeviceName
from meter_emu.errors import ConfigError
from meter_emu.laws import laws
from meter_emu.resources import find
from meter_emu.stories.chooser import Replayed
from meter_emu.stories.story import ModelAndCards, models, on_build
from meter_emu.units import DAY_S
from meter_emu.world.households.household import Household
from meter_emu.world.meter.build import Build, parse_build
from meter_emu.world.meter.covers import Covers, base_words, card_words, chip_words
from meter_emu.world.meter.devices import DEVICES
from meter_emu.world.meter.model import Paygo, load_model
from meter_emu.world.rehearsal.covered import (
    covers_household,
    declared_outside,
    how_it_fails,
    how_it_hangs,
    obeys_clock_cards,
    polls_run,
    serves,
    uncovered,
)
from meter_emu.world.rehearsal.rig import Rig

_SKIPPED_LEAST: Final = 0.1  # ours: the starter in C skips nine tenths
_HUNG_MAX: Final = 2  # ours: meters in a row in which a program hangs: each takes ten seconds


class Covered(NamedTuple):
    """The kits on which stories are drawn, and the others in words."""

    kits: tuple[ModelAndCards, ...]
    not_covered: tuple[str, ...]


def covered(build: Build, names: tuple[str, ...]) -> Covered:
    """Return the kits a build covers, among these models or all of the device that it is for.

    Raise `ConfigError` for an unknown model, for models of several devices, for a program that
    cannot be run, and if no kit is left.
    """
    kits = _covered_kits(build, names)
    if not kits:
        device = device_of(_named(build, names))
        why = "obeys no card on any meter" if DEVICES[device].slot else f"is for no {device}"
        raise ConfigError(build.name, "build", f"{_failing(build, names)}{why}: nothing to verify")
    return Covered(kits, tuple(_missing(kits)))


def device_of(kits: Sequence[ModelAndCards]) -> DeviceName:
    """Return the device that all these models are of."""
    (device,) = {kit.model.device for kit in kits}
    return device


def device_for(*builds: Build) -> DeviceName:
    """Return the device that builds are tried in: a budget meter, unless one is for another.

    A program of ours is for every device, and a defect for the one whose part it is in.
    """
    for build in builds:
        if build.factory is None:
            found = {defect.device for defect in build.defects} - {BUDGET}
        else:
            declared = (build.covers or Covers()).devices or {BUDGET}
            found = set() if BUDGET in declared else {d for d in DEVICES if d in declared}
        if found:
            return min(found)
    return BUDGET


def few_hints(build: Build, kit: ModelAndCards) -> str:
    """Return what is to be said of a program whose sleep hints skip less than a tenth of polls."""
    if build.factory is None:
        return ""
    run = polls_run(build, kit.model, *kit.cards[0])
    if run <= 1 - _SKIPPED_LEAST:
        return ""
    return f"skip {max(0, 1 - run):.0%} of the polls of a quiet trial: with hints it is quicker"


@cache
def _covered_kits(build: Build, names: tuple[str, ...]) -> tuple[ModelAndCards, ...]:
    """Return the kits, each with the cards that a build covers."""
    kits = _named(build, names)
    _check_program(build, kits[0])
    if build.factory is None:
        return kits
    tried, found = list[str](), list[ModelAndCards]()
    for kit in kits:
        if not found and len(tried) >= _HUNG_MAX:
            why = f"{tried[0]}; it obeys no card in {len(tried)} meters, and was tried in no more"
            raise ConfigError(build.name, "build", f"{why}: name one that it is for by --model")
        if (known := _covered_of(build, kit)).cards:
            found.append(known)
        elif (hung := how_it_hangs(build, kit.model, *kit.cards[0])) is not None:
            tried.append(hung)
    if found or build.covers is not None:
        return tuple(found)
    # It doubts its clock in every meter: that is no matter of coverage, and the laws are to say so.
    served = (_served_of(build, kit) for kit in kits)
    return tuple(kit for kit in served if kit.cards)


def check_covered(household: Household) -> None:
    """Raise `ConfigError` for a household that its build does not cover: nothing is known there.

    One that is found to cover no meter at all is run: what it does is all there is.
    """
    build = parse_build(household.build)
    outside = covers_household(build, household)
    if outside is None:
        return
    if not declared_outside(build, household) and not any(_covered_here(build)):
        return
    why = f"the program does not cover {outside}, which household {household.id!r} has"
    raise ConfigError(
        household.build, "build", f"{why}: nothing was run, expected another meter or scope"
    )


def _covered_here(build: Build) -> Iterator[bool]:
    """Yield whether each meter and card of the bench is covered."""
    for kit in models():
        yield from (uncovered(build, kit.model, *card) is None for card in kit.cards)


def _named(build: Build, names: Sequence[str]) -> tuple[ModelAndCards, ...]:
    if not names:
        return models(device_for(build))
    found: list[ModelAndCards] = []
    for name in names:
        path = find("meters", name)  # a user's own model file has one time base
        model = load_model(path)
        in_every_base = [kit for kit in models(model.device) if kit.model_name == name]
        found += in_every_base or [models(model.device)[0]._replace(model_name=name, model=model)]
    devices = sorted({kit.model.device for kit in found})
    if len(devices) > 1:
        why = f"expected models of one kind of device, got {' and '.join(devices)}"
        raise ConfigError("verify", "model", why)
    return tuple(found)


def _check_program(build: Build, kit: ModelAndCards) -> None:
    """Raise `ConfigError` for a factory that gives no program."""
    simplest = laws(kit.model.device)["answers"].draw
    campaign = on_build(simplest(Replayed([]), [kit]), build.name)
    (rig,) = campaign.households
    board = Rig.seeded(rig, start_us=campaign.start_us, seed=0).board
    program = build.program(kit.model)(board)
    if not callable(getattr(program, "poll", None)):
        raise ConfigError(
            build.name, "build", f"its program, a {type(program).__name__}, has no poll()"
        )


def _covered_of(build: Build, kit: ModelAndCards) -> ModelAndCards:
    """Return the kit with the cards that the build covers in its meter."""
    cards = [card for card in _tried(build, kit) if uncovered(build, kit.model, *card) is None]
    obeys = any(obeys_clock_cards(build, kit.model, *card) for card in cards)
    return kit._replace(cards=cards, clock_cards=obeys)


def _tried(build: Build, kit: ModelAndCards) -> Iterator[tuple[int, CardKind]]:
    """Yield the cards up to the first with which the build hangs: it takes its time to find out."""
    for card in kit.cards:
        yield card
        if uncovered(build, kit.model, *card) and how_it_hangs(build, kit.model, *card):
            return


def _served_of(build: Build, kit: ModelAndCards) -> ModelAndCards:
    """Return the kit with the cards that the build obeys, whether it believes its clock or not."""
    return kit._replace(cards=tuple(card for card in kit.cards if serves(build, kit.model, *card)))


def _failing(build: Build, names: tuple[str, ...]) -> str:
    """Return how a build failed where it was tried first, if it did."""
    kit = _named(build, names)[0]
    why = how_it_fails(build, kit.model, *kit.cards[0])
    return "" if why is None else f"{why}; it "


def _missing(kits: Sequence[ModelAndCards]) -> list[str]:
    """Return the energies, chips, bases and cards that the kits lack."""
    have, every = traits(kits), traits(models(device_of(kits)))
    return [trait for trait in every if trait not in have]


def traits(kits: Sequence[ModelAndCards]) -> list[str]:
    """Return the traits of the kits, each once, in alphabetical order."""
    found: set[str] = set()
    for kit in kits:
        found |= {kit.model.energy, chip_words(kit.model), base_words(kit.model)}
        if DEVICES[kit.model.device].slot:
            found |= {card_words(*card) for card in kit.cards}
        if kit.model.paygo is not None:
            found |= set(_token_words(kit.model.paygo))
        if kit.clock_cards:
            found.add("clock card")
    return sorted(found)


def _token_words(paygo: Paygo) -> Iterator[str]:
    """Yield in words what a device's tokens are like."""
    yield "keys 1 to 4" if paygo.restricted else "keys 0 to 9"
    if paygo.time_divider == 1:
        yield "whole days"
    elif DAY_S % paygo.time_divider:
        yield "parts of a day in broken seconds"
    else:
        yield "parts of a day in whole seconds"
