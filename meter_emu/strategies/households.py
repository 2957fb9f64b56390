"""Stories of households as Hypothesis draws them: the same stories as from a seed."""

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from meter_emu.stories.chooser import Drawn

if TYPE_CHECKING:  # the meter is imported when a story is asked for, and not before
    from meter_emu.world.rehearsal.campaign import Campaign


def stories() -> "st.SearchStrategy[Campaign]":
    """Draw a story: a campaign of one household, on any built-in model."""
    from meter_emu.stories.story import story

    return st.randoms(use_true_random=False).map(lambda random: story(Drawn(random)))
