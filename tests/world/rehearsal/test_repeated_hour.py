"""A T in the hour that the end of summer time repeats: the reading the campaign names is meant."""

import pytest

from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.times import us_to_iso
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.fleet import rehearse_all
from tests.campaigns import head

TEXT = (
    head(
        "repeated hour",
        "2020-10-20T08:00:00",
        "2020-10-26T12:00:00",
        "card_generation = GENERATION",
        announced="2020-10-25T02:30:00OFFSET",
    )
    + """[[household]]
id = "a"
kind = "armed"
balance_eur = 50
load_w = 100
visits = [
  {at = 2020-10-20T10:00:00, desk = ["defer", "cut"]},
  {at = 2020-10-20T11:00:00, insert = true},
]
"""
)


@pytest.mark.parametrize(
    ("generation", "offset"),
    [("2", "+02:00"), ("2", "+01:00"), ("1", "+01:00")],  # of a civil time it is always the later
)
def test_the_cut_comes_at_the_reading_that_was_announced(tmp_path, generation, offset):
    path = tmp_path / "repeated.toml"
    text = TEXT.replace("GENERATION", generation).replace("OFFSET", offset)
    path.write_text(text, "utf-8")
    campaign = load_campaign(path)
    (run,) = rehearse_all(campaign, jobs=1, events=False)
    assert run.outcome.verdict is Verdict.ON_TIME
    assert run.outcome.ordered_us is not None
    announced = us_to_iso(run.outcome.ordered_us, campaign.zone)
    assert announced == f"2020-10-25T02:30:00{offset}"
