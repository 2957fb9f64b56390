"""What the laws are tried on: every model, chip, time base, generation and carrier there is.

The laws draw from `KITS`. Here the table is held to what the product knows, and the strategies to
the table, so that a new chip, model or carrier that no law sees fails a test.
"""

from itertools import product
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from card_protocol.card.image import CardKind
from card_protocol.formats.budget.generations import DESK_RECORDS
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS
from tests.properties.around_t_stories import around_t_stories, kits
from tests.properties.trials import BASES, CARDS, KITS, METERS, MODELS

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


def test_the_laws_are_tried_on_every_built_in_model_and_so_on_every_chip_in_every_base():
    assert len(BASES) == 3
    assert all(meter in MODELS for meter in METERS.values())
    assert {(m.rtc, m.rtc_base) for m in MODELS} == set(product(CLOCK_CHIPS, BASES))


def test_each_of_them_with_every_generation_of_card_on_every_carrier():
    assert set(product(DESK_RECORDS, CardKind)) - set(CARDS) == {
        (2, CardKind.MEMORY)
    }  # it has no room
    assert len(KITS) == len(MODELS) * len(CARDS)
    for model in MODELS:
        cards = {(kit.generation, kit.carrier) for kit in KITS if kit.model == model}
        assert cards == set(CARDS)


@pytest.mark.slow("draws many stories")
def test_every_kit_is_drawn():
    seen = drawn(kits(), 10 * len(KITS))
    assert [kit for kit in KITS if kit not in seen] == []


def test_evenings_drawn_by_their_seed_are_different_ones():
    """However small Hypothesis draws it, and however often it copies one."""
    seen = drawn(around_t_stories(), 100)
    assert len({story.households for story in seen}) >= 0.95 * len(seen) >= 90
