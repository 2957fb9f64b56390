"""A second zone, from a row of the table and a model file: campaign, cards, image, laws."""

from datetime import datetime
from pathlib import Path

import pytest

from meter_emu.domain import Result
from meter_emu.errors import ConfigError
from meter_emu.firmware.parts import assemble
from meter_emu.firmware.program import Program
from meter_emu.firmware.rtc.pcf8563 import Pcf8563Driver
from meter_emu.ports import Ports
from meter_emu.stories.story import lived
from meter_emu.units import MINUTE_US
from meter_emu.verify.run import verify
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.build import dialogues
from meter_emu.world.meter.events import What
from meter_emu.world.meter.times import to_us
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.zones import TimeZone
from tests.cells import few
from tests.cli.outcome import runner

HERE = Path(__file__).parent
CAMPAIGN, MODEL = HERE / "both-changes.toml", HERE / "electricity-lisbon.toml"
CUT_AT = {  # worked out by hand: WET is UTC, WEST an hour ahead
    "after-the-gap": "2020-03-29T01:30:00+00:00",
    "summer": "2020-07-03T22:01:00+00:00",
    "first-of-two": "2020-10-25T00:30:00+00:00",
    "second-of-two": "2020-10-25T01:30:00+00:00",
}
ANSWERED = {What.CARD_SERVED, What.CARD_REFUSED}
CARD = """
name = "a card with the rule of a zone"
zone = "ZONE"
start = 2020-06-29T09:00:00
end = 2020-06-29T12:00:00
model = "MODEL"
card_generation = 2
[[household]]
id = "a"
kind = "armed"
balance_eur = 50
load_w = 50
visits = [
  {at = 2020-06-29T10:00:00, desk = ["cut"], cut_at = 2020-07-03T23:01:00, fields = FIELDS},
  {at = 2020-06-29T10:10:00, insert = true},
]
"""
LATE_AT_MOST_US = 45 * MINUTE_US  # by a clock that was set in March, in October


def in_brussels(ports: Ports) -> Program:
    """Return our program, built with the rule of another zone."""
    rule = TimeZone.EUROPE_BRUSSELS.rule
    return Program(ports, assemble(lambda part: part, Pcf8563Driver, rule), dialogues())


def test_each_home_is_cut_at_the_instant_that_lisbon_means():
    for run in lived(load_campaign(CAMPAIGN)):
        cut_at = datetime.fromisoformat(CUT_AT[run.outcome.id])
        assert run.outcome.verdict is Verdict.ON_TIME, run.outcome.id
        assert run.outcome.findings == (), run.outcome.id
        assert run.outcome.cut_us is not None, run.outcome.id
        late_us = run.outcome.cut_us - to_us(cut_at)
        assert 0 <= late_us <= LATE_AT_MOST_US, run.outcome.id


@pytest.mark.slow("rehearses a campaign")
def test_the_judge_sees_a_program_that_keeps_the_time_of_brussels():
    campaign = load_campaign(CAMPAIGN, build=f"{__name__}:in_brussels")
    found = {run.outcome.id: run.outcome.verdict for run in lived(campaign)}
    assert found == {
        # Brussels has no such time, and the later of two is the instant that Lisbon means.
        "after-the-gap": Verdict.ON_TIME,
        "summer": Verdict.EARLY,
        "first-of-two": Verdict.NEVER,  # its card names another zone's rule
        "second-of-two": Verdict.EARLY,
    }


@pytest.mark.slow("lives stories under all laws")
def test_verify_finds_nothing_in_the_reference_and_the_time_of_brussels_in_another_program():
    assert not verify("reference", models=[str(MODEL)], examples=few(8, short=3)).broken
    wrong = f"{__name__}:in_brussels"
    assert verify(wrong, models=[str(MODEL)], law_ids=["never-early"], examples=12).broken


def test_a_card_of_another_zone_is_refused(tmp_path):
    """By each zone's meter, whose card has a good order and the rule of any zone, or of none."""
    path = tmp_path / "cards.toml"
    for zone, model in (
        ("Europe/Lisbon", str(MODEL)),
        ("Europe/Brussels", "electricity-legal-time"),
    ):
        for code in (1, 2, 3):
            text = CARD.replace("ZONE", zone).replace("MODEL", model)
            text = text.replace("FIELDS", f"{{zone_rule = {code}}}")
            path.write_text(text, "utf-8")
            campaign = load_campaign(path)
            (run,) = lived(campaign)
            (card,) = (event for event in run.events if event.what in ANSWERED)
            assert card.written is not None
            own = campaign.zone.rule.code == code
            assert card.written.result == (Result.EXECUTED if own else Result.BAD_DATE), (
                zone,
                code,
            )


def test_a_model_of_another_zone_than_the_campaign_is_refused(tmp_path):
    path = tmp_path / "mixed.toml"
    path.write_text(
        CAMPAIGN.read_text("utf-8").replace("Europe/Lisbon", "Europe/Brussels"), "utf-8"
    )
    (tmp_path / MODEL.name).write_bytes(MODEL.read_bytes())
    with pytest.raises(
        ConfigError, match="keeps the time of Europe/Lisbon, expected Europe/Brussels"
    ):
        load_campaign(path)


def test_an_image_is_told_in_the_time_of_lisbon(monkeypatch, capsys, tmp_path):
    emu, image = runner(monkeypatch, capsys), tmp_path / "new.image"
    emu("image", "new", image, "--model", MODEL, "--meter-id", 7, "--at", "2020-03-29 02:30")
    said = emu("image", "show", image, "--model", MODEL).out
    assert "shows 2020-03-29 02:30:00 legal, 01:30:00 UTC" in said
    (set_at,) = (line for line in said.splitlines() if "clock_set_s" in line)
    assert "2020-03-29 02:30:00 legal" in set_at
