"""What the laws are tried on: every model, chip, time base, generation and carrier there is.

The laws draw from `KITS`. Here the table is held to what the product knows, and the strategies to
the table, so that a new chip, model or carrier that no law sees fails a test.
"""

from collections.abc import Iterable
from itertools import product
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from card_protocol.card.image import CardKind
from card_protocol.formats.generations import ORDERS
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS
from tests.properties.lab import BASES, CARDS, KITS, METERS, MODELS, Setting
from tests.properties.stories import BUILDS, DEEDS, kits, stories

DrawnT = TypeVar("DrawnT")


def drawn(strategy: st.SearchStrategy[DrawnT], count: int) -> list[DrawnT]:
    """Return so many examples, the same ones in every run."""
    found: list[DrawnT] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(strategy)
    def collect(example: DrawnT) -> None:
        found.append(example)

    collect()
    return found


def seen_in(settings: Iterable[Setting]) -> list[set[object]]:
    """Return which chips, bases, energies, generations and carriers were drawn."""
    facts = [
        (s.model.rtc, s.model.rtc_base, s.model.energy, s.generation, s.carrier) for s in settings
    ]
    return [set(column) for column in zip(*facts, strict=True)]


ALL = [set(CLOCK_CHIPS), set(BASES), {"electricity", "gas"}, set(ORDERS), set(CardKind)]


def test_the_laws_are_tried_on_every_built_in_model_and_so_on_every_chip_in_every_base():
    assert len(BASES) == 3
    assert all(meter in MODELS for meter in METERS.values())
    assert {(m.rtc, m.rtc_base) for m in MODELS} == set(product(CLOCK_CHIPS, BASES))


def test_each_of_them_with_every_generation_of_card_on_every_carrier():
    assert set(product(ORDERS, CardKind)) - set(CARDS) == {(2, CardKind.MEMORY)}  # it has no room
    assert len(KITS) == len(MODELS) * len(CARDS)
    for model in MODELS:
        cards = {(kit.generation, kit.carrier) for kit in KITS if kit.model == model}
        assert cards == set(CARDS)


def test_every_kit_is_drawn():
    seen = drawn(kits(), 10 * len(KITS))
    assert [kit for kit in KITS if kit not in seen] == []


def test_stories_are_of_any_kit_build_and_deed_with_both_sorts_of_card():
    seen = drawn(stories(), 500)
    assert seen_in(story.setting for story in seen) == ALL
    builds = {story.setting.build for story in seen}
    assert builds <= set(BUILDS)
    assert len(builds) >= 40, "61 measured; each defect has its turn where hints are tried"
    assert {deed for story in seen for _, deed, _ in story.deeds} == set(DEEDS)
    assert {story.setting.card_expires_us is None for story in seen} == {True, False}
