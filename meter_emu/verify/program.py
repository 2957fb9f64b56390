"""The program to verify: a runnable build, and the meters and cards that it covers.

Ours covers every chip, energy and carrier. Somebody else's may cover fewer, as declared or tried
out (`world.rehearsal.covered`); it is not checked outside.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

from card_protocol.card.image import CardKind
from meter_emu.errors import ConfigError
from meter_emu.resources import find
from meter_emu.stories.chooser import Replayed
from meter_emu.stories.story import ModelAndCards, armed_household, models, on_build
from meter_emu.world.households.household import Household
from meter_emu.world.meter.build import Build, parse_build
from meter_emu.world.meter.covers import base_words, card_words, chip_words
from meter_emu.world.meter.model import load_model
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
    """Return the kits a build covers, among these models or all.


    Raise `ConfigError` for an unknown model, for a program that cannot be run, and if no kit is
    left.
    """
    kits = _covered_kits(build, names)
    if not kits:
        why = "obeys no card on any meter: nothing to verify"
        raise ConfigError(build.name, "build", f"{_failing(build, names)}{why}")
    return Covered(kits, tuple(_missing(kits)))


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
    kits = _named(names)
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
        household.build, "build", f"{why}: nothing was run, want another meter or scope"
    )


def _covered_here(build: Build) -> Iterator[bool]:
    """Yield whether each meter and card of the bench is covered."""
    for kit in models():
        yield from (uncovered(build, kit.model, *card) is None for card in kit.cards)


def _named(names: Sequence[str]) -> tuple[ModelAndCards, ...]:
    if not names:
        return models()
    found: list[ModelAndCards] = []
    for name in names:
        path = find("meters", name)  # a user's own model file has one time base
        in_every_base = [kit for kit in models() if kit.model_name == name]
        found += in_every_base or [ModelAndCards(name, load_model(path))]
    return tuple(found)


def _check_program(build: Build, kit: ModelAndCards) -> None:
    """Raise `ConfigError` for a factory that gives no program."""
    campaign = on_build(armed_household(Replayed([]), [kit]), build.name)
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
    kit = _named(names)[0]
    why = how_it_fails(build, kit.model, *kit.cards[0])
    return "" if why is None else f"{why}; it "


def _missing(kits: Sequence[ModelAndCards]) -> list[str]:
    """Return the energies, chips, bases and cards that the kits lack."""
    have, every = traits(kits), traits(models())
    return [trait for trait in every if trait not in have]


def traits(kits: Sequence[ModelAndCards]) -> list[str]:
    """Return the traits of the kits, each once, in alphabetical order."""
    found: set[str] = set()
    for kit in kits:
        found |= {kit.model.energy, chip_words(kit.model), base_words(kit.model)}
        found |= {card_words(*card) for card in kit.cards}
        if kit.clock_cards:
            found.add("clock card")
    return sorted(found)
