"""A story that was not watched to its end accuses nobody of what might still have come."""

from dataclasses import replace

import pytest

from meter_emu.laws import laws
from meter_emu.laws.hazards.clocks import old_setting
from meter_emu.laws.law import UNWATCHED, Aside, Broken, Law, Trial
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import own_models

KITS = [kit for kit in own_models() if kit.model_name == "electricity-pcf8563-utc"]
POLLS = 2  # of some hundred: no story is watched to its end


def shortened(law: Law, number: int) -> Trial:
    """Return a story of a law of which the first polls are seen, as of a program without hints."""
    campaign = law.draw(seeded(f"{number}"), KITS)
    return Trial(replace(campaign, polls_max=POLLS), "reference")


@pytest.mark.slow("lives stories")
def test_no_law_accuses_a_program_of_what_was_not_seen() -> None:
    asked = [law for law in laws().values() if not law.id.startswith(("office", "board"))]
    found = {}
    for law in asked:
        for number in range(2):
            finding = law.asked(shortened(law, number))
            if isinstance(finding, Broken):
                found[law.id] = finding.words
    assert found == {}


def test_a_lamp_that_may_still_come_is_not_missed() -> None:
    trial = shortened(old_setting, 0)
    assert old_setting.asked(trial) == UNWATCHED
    assert trial.unwatched
    assert isinstance(UNWATCHED, Aside)


@pytest.mark.slow("lives stories")
def test_what_was_seen_before_is_accused_all_the_same() -> None:
    law = laws()["never-early"]
    for number in range(40):
        campaign = law.draw(seeded(f"{number}"), KITS)
        trial = Trial(campaign, "reference+end-exclusive")
        if isinstance(law.asked(trial), Broken):
            break
    cut_short = Trial(replace(campaign, polls_max=19_000), "reference+end-exclusive")
    assert isinstance(law.asked(cut_short), Broken)
