"""Digests of what meters do, a line for each cell: what a change of speed must leave as it is.

A cell is a clock chip, an energy, a time base and a card, or a defect of the catalogue. In each of
its stories every call of a port counts, with what it was given, what it answered and when; every
event; and the meter's image at the end. It imports the package alone, so it runs on another tree:
`python -m tests.bench.paired` starts it on both.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import cycle, islice
from typing import Any

import msgspec

from meter_emu import Campaign
from meter_emu.defects import catalogue
from meter_emu.laws import laws
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import ModelAndCards, models, on_build, story
from meter_emu.verify.program import traits
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS
from meter_emu.world.meter.image import image_of
from meter_emu.world.rehearsal.engine import run_meter

POLLS_MAX = 300  # a clock that stands gives no hint: more of the same
DRAWS_A_CELL = 2
STORIES_A_DEFECT = 2
_Draw = Callable[..., Campaign]


def cells() -> Iterator[tuple[str, str]]:
    """Yield each cell's name and digest: every chip, energy, base and card; then every defect."""
    draws = cycle([story, *(law.draw for law in laws().values() if law.hazard)])
    for nth, kit in enumerate(_alone(_with_every_chip())):
        (generation, carrier), model = kit.cards[0], kit.model
        name = f"{kit.model_name} {model.rtc} {model.rtc_base} {generation} {carrier.name}"
        yield name, digest_of(islice(draws, DRAWS_A_CELL), nth, [kit], "reference")
    kits = list(_alone(models()))
    for defect in catalogue().values():
        if getattr(defect, "device", "budget") != "budget":  # another tree may know of none
            continue
        among = [kit for kit in kits if set(defect.needs) <= set(traits([kit]))]
        stories = islice(draws, STORIES_A_DEFECT)
        yield defect.id, digest_of(stories, len(kits), among, defect.build)


def _with_every_chip() -> list[ModelAndCards]:
    """Return every meter in each time base, then one with each chip that no meter has."""
    kits, known = list(models()), {kit.model.rtc for kit in models()}
    others = [rtc for rtc in CLOCK_CHIPS if rtc not in known]
    return kits + [
        kit._replace(model=msgspec.structs.replace(kit.model, rtc=rtc))
        for rtc in others
        for kit in (kits[0], kits[-1])
    ]


def _alone(kits: Sequence[ModelAndCards]) -> Iterator[ModelAndCards]:
    for kit in kits:
        yield from (kit._replace(cards=(card,)) for card in kit.cards)


def digest_of(draws: Iterator[_Draw], number: int, kits: list[ModelAndCards], build: str) -> str:
    found = sha256()
    for draw in draws:
        campaign = replace(
            on_build(draw(seeded(f"{draw.__name__}/{number}"), kits), build), polls_max=POLLS_MAX
        )
        (household,) = campaign.households
        benches: list[Bench] = []

        def prepare(bench: Bench, benches: list[Bench] = benches) -> None:
            benches.append(bench)
            bench.overhear(lambda ports: _Heard(ports, bench, found.update))

        for event in run_meter(household, campaign, prepare=prepare):
            found.update(repr(event).encode())
        found.update(image_of(benches[-1].board, household.model))
    return found.hexdigest()[:16]


class _Heard:
    """Ports that hand every call on and report it."""

    def __init__(self, ports: Any, bench: Bench, hear: Callable[[bytes], None]) -> None:
        self._ports, self._bench, self._hear = ports, bench, hear

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._ports, name)

        def heard(*args: object) -> object:
            answer = call(*args)
            self._hear(f"{name}{args}{answer}{self._bench.board.now_us}".encode())
            return answer

        self.__dict__[name] = heard
        return heard


if __name__ == "__main__":
    for cell, value in cells():
        sys.stdout.write(f"{value} {cell}\n")
