"""A third energy is a row, a DF and a model file: water runs through campaign, screens and laws.

The product has no water meter, so the row is the test's own and stands in the tables for its time.
"""

import re
from pathlib import Path
from random import Random
from typing import Any

import pytest

from card_protocol.card.virtual import card_of
from card_protocol.errors import CardProtocolError
from card_protocol.formats.budget import DF_OF
from meter_emu.desk.desk import Desk, Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.energies import BY_CODE, ENERGIES, Energy, Measure
from meter_emu.verify.run import verify
from tests.campaigns import head
from tests.cli.outcome import runner

WATER = Energy(
    name="water",
    code=3,
    units="dm³",
    kilo_units="m³",
    rate_unit="dm³/h",
    load_key="load_dm3_per_h",
    priced=Measure("cm³", "m³", "M3", "dm³"),
    mwh_per_unit=1000,
    varies=False,
    first_price_ueur=5500,
    switch="valve",
    limiter=False,
    nights=False,
    countdown=True,
    drawn_one_in=50,
)
DF_WATER = 0xDF02  # between those of electricity and gas
MODEL = Path(__file__).parent / "water-pcf8563-battery.toml"
METER_ID = 541_000_000_001
ISSUED_MIN = 10_741_440  # 3 June 2020, 08:00 UTC
JUNE = ("--start", "2020-06-29 07:00", "--rate", "max")
LINES = """insert water.card
show
remove
until 2020-07-02 12:00
insert water.card
remove
save water.image
"""
NOT_OF_WATER = re.compile(r"kwh|\bwh\b|\bgas\b|electricity", re.IGNORECASE)

# Every page of the button scroll.
PAGES = "\n  ".join(
    f'{{ at = 2020-06-29T12:10:{second:02}, press = "blue" }},' for second in range(0, 49, 7)
)
TARIFF = "tariff = { number = 2, price_ueur_per_wh = 6000 }"
HEAD = head(
    "Water, July 2020",
    "2020-06-20T00:00:00",
    "2020-07-10T00:00:00",
    "seed = 2020",
    'build = "reference"',
    model=str(MODEL),
)
CAMPAIGN = f"""{HEAD}
[[household]]
id = "never-back"
kind = "armed, and cut at T2"
balance_eur = 30
load_dm3_per_h = 10
visits = [
  {{ at = 2020-06-22T10:00:00, desk = ["defer", "cut"] }},
  {{ at = 2020-06-22T12:00:00, insert = true }},
]

[[household]]
id = "reactivated"
kind = "armed, reactivated in time, and kept"
balance_eur = 100
load_dm3_per_h = 10
carrier = "memory"
visits = [
  {{ at = 2020-06-22T10:00:00, desk = ["defer", "cut"] }},
  {{ at = 2020-06-22T12:00:00, insert = true }},
  {{ at = 2020-06-29T10:00:00, desk = ["reactivate"], load_eur = 20, {TARIFF} }},
  {{ at = 2020-06-29T12:00:00, insert = true }},
  {PAGES}
]

[[household]]
id = "careless"
kind = "credit ends, loads, and asks for water with a tap left open at first"
balance_eur = 1
load_dm3_per_h = 10
rearm = "careless"
carrier = "plain"
visits = [
  {{ at = 2020-06-23T10:00:00, load_eur = 50 }},
  {{ at = 2020-06-23T11:00:00, insert = true }},
]
"""


@pytest.fixture(autouse=True)
def water(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENERGIES, WATER.name, WATER)
    monkeypatch.setitem(BY_CODE, WATER.code, WATER)
    monkeypatch.setitem(DF_OF, WATER.code, DF_WATER)


@pytest.fixture
def emu(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Run the command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return runner(monkeypatch, capsys)


@pytest.fixture
def card(emu: Any) -> Path:
    """A card of a water meter with 20 euro."""
    desk = Desk(TEST_MASTER_KEY, challenge=Random(1).randbytes)
    image = desk.issue(METER_ID, energy=WATER, issued_at_min=ISSUED_MIN)
    card = card_of(image, Random(2).randbytes)
    card.power_on()
    desk.serve(card.transmit, Work(load_cents=2_000), issued_at_min=ISSUED_MIN)
    path = Path("water.card")
    path.write_bytes(card.image.to_bytes())
    return path


def test_a_campaign_runs_and_its_display_is_waters(emu: Any) -> None:
    Path("water.toml").write_text(CAMPAIGN)
    done = emu("rehearse", "water.toml", "--events", "--jobs", 1, "--json", "-")
    meters = {meter["id"]: meter for meter in done.json()["meters"]}
    assert done.code == 0
    assert {name: meter["ordered"]["verdict"] for name, meter in meters.items()} == {
        "never-back": "on_time", "reactivated": "kept", "careless": "kept",
    }  # fmt: skip
    assert not NOT_OF_WATER.search(done.out)
    events = [event for meter in meters.values() for event in meter["events"]]
    shown = {event["shown"] for event in events}
    assert {"PRICE 6.000 EUR/M3", "USED WITHOUT TIME 0.000 M3"} <= shown
    assert any(text.startswith("WATER FLOWED, VALVE SHUT") for text in shown)
    assert any("tariff 2 at 6000 micro-euro per dm³" in event["detail"] for event in events)


def test_a_sitting_a_card_and_an_image_are_told_in_waters_units(
    emu: Any, card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("lines").write_text(LINES)
    with Path("lines").open() as typed, monkeypatch.context() as patch:
        patch.setattr("sys.stdin", typed)
        sat = emu("run", MODEL, *JUNE, "--load-dm3-per-h", 10)
    assert "on, 10 dm³/h" in sat.out
    given = [
        emu("image", "show", "water.image", "--model", MODEL),
        emu("card", "show", card),
        emu("desk", "account", card),
        emu("desk", "read", card),
    ]
    for done in (sat, *given):
        assert (done.code, done.err) == (0, "")
        assert not NOT_OF_WATER.search(done.out)
    of_image, of_card, account, _ = (done.out for done in given)
    assert "open, water can pass" in of_image
    for out in (of_image, of_card):
        assert "5.500 EUR/m³" in out
    assert "tariff 1 at 5500 micro-euro/dm³" in account


def test_what_no_water_meter_has_is_refused_in_its_own_words(emu: Any) -> None:
    Path("limited.toml").write_text(MODEL.read_text().replace("limiter_a = 0", "limiter_a = 10"))
    assert "limiter_a: expected 0 for water, got 10" in emu("run", "limited.toml").complains()
    wrong = CAMPAIGN.replace('desk = ["reactivate"]', 'desk = ["limiter-on"]')
    Path("wrong.toml").write_text(wrong)
    assert "a water meter has no limiter" in emu("rehearse", "wrong.toml").complains()


def test_an_energy_that_has_no_place_on_cards_is_refused_in_a_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(DF_OF, WATER.code)
    want = "expected energy 1 or 2, which have a DF, got 3"
    with pytest.raises(CardProtocolError, match=f"budget card, identity: at offset 3 {want}"):
        Desk(TEST_MASTER_KEY, challenge=Random(1).randbytes).issue(
            METER_ID, energy=WATER, issued_at_min=ISSUED_MIN
        )


@pytest.mark.slow("lives stories under all laws")
def test_the_laws_hold_of_a_water_meter_and_a_defect_in_it_breaks_one() -> None:
    report = verify("reference", models=[str(MODEL)], examples=20, seed=1)
    assert [one.law.id for one in report.examined if one.broken] == []
    assert all(one.held_on or one.not_observable for one in report.examined)
    (shown,) = (one for one in report.examined if one.law.id == "used-without-time")
    assert shown.held_on  # it reads the unit on the display
    law, build = ["never-early"], "reference+end-exclusive"
    assert verify(build, models=[str(MODEL)], law_ids=law, examples=200).broken
