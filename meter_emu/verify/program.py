"""What is verified: a build that can be run, and the meters and cards that it has.

Ours has every chip, energy and carrier. Somebody else's may have fewer: it is asked once, with one
order on one card of each kind, and what it never obeys is not covered, and never counted as kept.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from meter_emu.errors import ConfigError
from meter_emu.laws.law import campaign_of
from meter_emu.resources import find
from meter_emu.stories.chooser import Replayed
from meter_emu.stories.story import Kit, armed_home, models, on_build
from meter_emu.units import MINUTE_US
from meter_emu.world.meter.build import Build
from meter_emu.world.meter.events import What
from meter_emu.world.meter.model import load_model
from meter_emu.world.rehearsal.engine import run_meter
from meter_emu.world.rehearsal.home import Home


class Covered(NamedTuple):
    """The kits that stories are drawn on, and in words what else there is."""

    kits: tuple[Kit, ...]
    not_covered: tuple[str, ...]


def covered(build: Build, names: tuple[str, ...]) -> Covered:
    """Return what a build is verified on: these models, or all; what it obeys of them.

    Raise `ConfigError` for a model that does not exist, for a program that cannot be run, and where
    nothing is left.
    """
    kits = _obeying(build, names)
    if not kits:
        raise ConfigError(build.name, "build", "obeys no card on any meter: nothing to verify")
    return Covered(kits, tuple(_missing(kits)))


@cache
def _obeying(build: Build, names: tuple[str, ...]) -> tuple[Kit, ...]:
    """Return the kits with the cards of each that a build obeys: it is asked once in a process."""
    kits = _named(names)
    _check_program(build, kits[0])
    if build.factory is None:
        return kits
    return tuple(kit for kit in (_obeyed(build, kit) for kit in kits) if kit.cards)


def _named(names: Sequence[str]) -> tuple[Kit, ...]:
    if not names:
        return models()
    found: list[Kit] = []
    for name in names:
        path = find("meters", name)  # a file of somebody's own has one time base
        in_every_base = [kit for kit in models() if kit.model_name == name]
        found += in_every_base or [Kit(name, load_model(path))]
    return tuple(found)


def _check_program(build: Build, kit: Kit) -> None:
    """Raise `ConfigError` for a factory whose program is none."""
    campaign = on_build(armed_home(Replayed([]), [kit]), build.name)
    (home,) = campaign.households
    board = Home.seeded(home, start_us=campaign.start_us, seed=0).board
    program = build.program(kit.model)(board)
    if not callable(getattr(program, "poll", None)):
        raise ConfigError(
            build.name, "build", f"its program, a {type(program).__name__}, has no poll()"
        )


def _obeyed(build: Build, kit: Kit) -> Kit:
    """Return the kit with the cards of which one order was obeyed."""
    cards = []
    for generation, carrier in kit.cards:
        campaign = on_build(armed_home(Replayed([]), [kit]), build.name)
        (home,) = campaign.households
        home = replace(home, card_generation=generation, carrier=carrier)
        heard_us = home.visits[-1].at_us + MINUTE_US  # what comes after is another question
        events = run_meter(home, replace(campaign_of(campaign, home), end_us=heard_us))
        if any(event.what is What.CARD_SERVED for event in events):
            cards.append((generation, carrier))
    return kit._replace(cards=tuple(cards))


def _missing(kits: Sequence[Kit]) -> list[str]:
    """Return which energies, chips, bases and cards there are that the kits have not."""
    have, every = traits(kits), traits(models())
    return [trait for trait in every if trait not in have]


def traits(kits: Sequence[Kit]) -> list[str]:
    """Return what the kits have, each once, in alphabetical order."""
    found: set[str] = set()
    for kit in kits:
        found |= {kit.model.energy, f"clock chip {kit.model.rtc}"}
        found.add(f"a clock in {kit.model.rtc_base} time")
        found |= {f"{kind.name.lower()} card of generation {number}" for number, kind in kit.cards}
    return sorted(found)
