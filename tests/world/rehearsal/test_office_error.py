"""A campaign in which one office's date is wrong: no home whose clock is right pays for it."""

import pytest

from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from tests.campaigns import head

THREE_DAYS_S = 3 * 86_400
CAMPAIGN = (
    head(
        "an office that lives in the future",
        "2020-06-01T08:00:00",
        "2020-07-12T12:00:00",
        model="MODEL",
    )
    + """[[household]]
id = "loads"
kind = "armed, and loads on the last day at that office"
balance_eur = 8
LOAD = 200
visits = [
  { at = 2020-06-02T11:00:00, desk = ["defer", "cut"] },
  { at = 2020-06-02T11:30:00, insert = true },
  { at = 2020-07-02T09:00:00, load_eur = 20, office_error_s = ERROR },
  { at = 2020-07-02T18:00:00, insert = true },
]
[[household]]
id = "back"
kind = "reactivated there"
balance_eur = 80
LOAD = 200
visits = [
  { at = 2020-06-02T11:00:00, desk = ["defer", "cut"] },
  { at = 2020-06-02T11:30:00, insert = true },
  { at = 2020-07-02T09:00:00, desk = ["reactivate"], replace_card = true, office_error_s = ERROR },
  { at = 2020-07-02T18:00:00, insert = true },
]
"""
)


@pytest.mark.parametrize("error_s", [THREE_DAYS_S, -THREE_DAYS_S, 365 * 86_400])
@pytest.mark.parametrize(
    ("model", "load"),
    [("electricity-legal-time", "load_w"), ("gas-pcf8563-battery", "load_dm3_per_h")],
)
def test_a_wrong_office_date_breaks_no_promise(error_s, model, load, tmp_path):
    path = tmp_path / "c.toml"
    text = CAMPAIGN.replace("MODEL", model).replace("LOAD", load).replace("ERROR", str(error_s))
    path.write_text(text)
    campaign = load_campaign(path)
    verdicts = [
        judge(household, campaign, run_meter(household, campaign)).verdict
        for household in campaign.households
    ]
    assert verdicts == [Verdict.ON_TIME, Verdict.KEPT]
