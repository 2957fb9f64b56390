"""A campaign in which an office writes what no office of ours does, its MACs right."""

from pathlib import Path

import pytest

from meter_emu.domain import Result
from meter_emu.errors import ConfigError
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.events import Event, What
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from tests.campaigns import head

CAMPAIGN = (
    head("a wrong office", "2020-06-01T08:00:00", "2020-07-08T12:00:00")
    + """[[household]]
id = "home"
kind = "armed by an office that is wrong"
balance_eur = 80
load_w = 200
card_generation = GENERATION
carrier = "CARRIER"
visits = [
  { at = 2020-06-02T11:00:00, desk = ["defer", "cut"], load_eur = 20, fields = { FIELDS } },
  { at = 2020-06-02T11:30:00, insert = true },
]
"""
)


def lived(
    tmp_path: Path, fields: str, *, generation: int = 2, carrier: str = "secure"
) -> tuple[Verdict, Event]:
    text = CAMPAIGN.replace("FIELDS", fields).replace("GENERATION", str(generation))
    (tmp_path / "c.toml").write_text(text.replace("CARRIER", carrier))
    campaign = load_campaign(tmp_path / "c.toml")
    (household,) = campaign.households
    events = run_meter(household, campaign)
    (card,) = (event for event in events if event.visit is not None)
    return judge(household, campaign, events).verdict, card


@pytest.mark.parametrize(
    ("fields", "generation", "result", "verdict"),
    [
        ('cut_at = "2002300800"', 1, Result.BAD_DATE, Verdict.NEVER),
        ("cut_min = 0xFFFFFFFF", 2, Result.BAD_DATE, Verdict.NEVER),
        ("cut_min = 1", 2, Result.CUT_DISAGREES, Verdict.NEVER),
        ('defer_until = "2012312359"', 1, Result.CUT_BEFORE_DEFERRAL, Verdict.NEVER),
        ('defer_until = "2007010800"', 2, Result.LATER_END_TAKEN, Verdict.ON_TIME),
        ("loaded_cents = 900_000", 1, Result.LOAD_TOO_LARGE, Verdict.ON_TIME),
        ("load_count = 0", 2, Result.BAD_FORMAT, Verdict.ON_TIME),
    ],
)
def test_what_is_written_as_it_is_is_answered_and_the_home_judged_by_what_it_was_told(
    fields, generation, result, verdict, tmp_path
):
    found, card = lived(tmp_path, fields, generation=generation)
    assert card.written is not None
    assert (card.written.result, found) == (result, verdict)
    assert card.shown.endswith(f"CARD {result:02X} {result.name}")
    assert card.what is (What.CARD_REFUSED if result.refused else What.CARD_SERVED)
    refused_money = result in {Result.LOAD_TOO_LARGE, Result.BAD_FORMAT}
    assert card.written.accepted_cents == (0 if refused_money else 2_000)


@pytest.mark.parametrize(
    ("fields", "carrier", "why"),
    [
        ("cut_min = 1", "secure", "visit 1: desk: a card of generation 1 has no cut_min"),
        ("load_count = 70_000", "memory", "visit 1: desk: "),
    ],
)
def test_what_a_card_has_no_room_for_is_a_mistake_in_the_file(fields, carrier, why, tmp_path):
    with pytest.raises(ConfigError, match=why):
        lived(tmp_path, fields, generation=1, carrier=carrier)
