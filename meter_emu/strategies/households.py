"""Stories of households drawn by Hypothesis: the same stories as from a seed."""

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from meter_emu.stories.chooser import Drawn

if TYPE_CHECKING:  # the meter is imported only when a story is drawn
    from meter_emu.world.households.campaign import Campaign


def stories() -> "st.SearchStrategy[Campaign]":
    """Return a strategy of stories: campaigns of one household, on any built-in model."""
    from meter_emu.stories.story import story

    return st.randoms(use_true_random=False).map(lambda random: story(Drawn(random)))
