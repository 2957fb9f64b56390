"""Evenings of the package's stories, lived on a bench on which a test has its hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from meter_emu.stories.around_t import around_t
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import ModelAndCards as StoryKit
from meter_emu.stories.story import on_build
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.events import Event
from meter_emu.world.meter.image import image_of
from meter_emu.world.meter.model import MeterModel
from meter_emu.world.rehearsal.engine import run_meter
from tests.properties.trials import KITS, MODELS, ModelAndCards

Prepare = Callable[[Bench], None]


@dataclass(frozen=True, kw_only=True)
class Lived:
    """A home after its evening."""

    rig: Household
    bench: Bench
    events: list[Event]

    @property
    def board(self) -> Board:
        return self.bench.board

    def seen(self) -> tuple[bytes, list[tuple[int, bool]], list[Any]]:
        """Return every byte of the meter, every move of its switch, and what its cards say."""
        written = [event.written for event in self.events]
        return image_of(self.board, self.rig.model), self.board.moves, [w for w in written if w]


def lived(
    story: Campaign, build: str = "reference", prepare: Prepare = lambda _bench: None
) -> Lived:
    """Live a story of one home. A program that fails is run a second time, and that one is kept."""
    benches: list[Bench] = []
    campaign = on_build(story, build)
    (rig,) = campaign.households

    def keep(bench: Bench) -> None:
        benches.append(bench)
        prepare(bench)

    events = run_meter(rig, campaign, prepare=keep)
    return Lived(rig=rig, bench=benches[-1], events=events)


def at_every_poll(look: Callable[[Bench], None]) -> Prepare:
    """Return what has a bench looked at after each of its polls."""

    def prepare(bench: Bench) -> None:
        watch = bench.on_poll

        def look_too() -> None:
            watch()
            look(bench)

        bench.on_poll = look_too

    return prepare


def around_t_stories(among: Sequence[StoryKit] = ()) -> st.SearchStrategy[Campaign]:
    """Draw an evening on one of these meters; with none given, on any built-in one.

    By its seed: whether that is small is nothing to the story, and a failing one is found at once.
    """
    return st.integers(0, 2**32).map(lambda seed: around_t(seeded(seed), among))


def kits(models: Sequence[MeterModel] = MODELS) -> st.SearchStrategy[ModelAndCards]:
    """Draw a meter of these models with cards of any generation on any carrier."""
    return st.sampled_from([kit for kit in KITS if kit.model in models])
