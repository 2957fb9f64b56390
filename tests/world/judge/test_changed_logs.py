"""Logs of the reference, changed by hand: each change is seen, or nobody could see it.

`make test-judge` asks for 5,000 changes and writes down how many were seen, and why the others
were not.
"""

from random import Random
from typing import Final

import pytest

from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import story
from meter_emu.world.rehearsal.engine import run_meter
from tests.cells import few
from tests.world.judge.changing import changes
from tests.world.judge.judged import Changed, changed
from tests.world.judge.unseen import why_unseen

STORIES: Final = few(60, short=20)


@pytest.mark.slow("lives and judges many homes")
def test_each_change_of_a_log_is_seen_unless_nobody_could():
    found = changed(range(STORIES))
    assert found.missed == []
    assert found.seen.total() >= 20 * found.unseen.total()
    assert {"cut", "restoration", "charge", "display"} <= {subject for subject, _ in found.seen}


@pytest.mark.slow("lives many homes")
def test_the_reasons_do_not_excuse_what_can_be_seen():
    """The second oracle and the log alone see four of five; the judge sees more."""
    excused = Changed()
    for seed in range(STORIES // 3):
        campaign = story(seeded(seed))
        (household,) = campaign.households
        events = run_meter(household, campaign)
        for change in changes(events, campaign, Random(seed)):
            why = why_unseen(household, campaign, events, change)
            excused.seen[change.subject, ""] += why is None
            excused.unseen[change.subject, why or ""] += why is not None
    assert excused.seen.total() > 4 * excused.unseen.total()
