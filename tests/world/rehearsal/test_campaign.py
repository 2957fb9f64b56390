import re
from pathlib import Path

import pytest

from card_protocol.timestamp import Civil
from meter_emu.errors import ConfigError
from meter_emu.ports import Button
from meter_emu.resources import _fields, built_in
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import VisitKind
from meter_emu.world.meter.acts import Press
from meter_emu.world.meter.events import What
from meter_emu.world.meter.times import us_to_iso
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.campaign_file import RawCampaign
from meter_emu.world.rehearsal.engine import run_meter
from tests.campaigns import head

TEXT = (
    head("test", "2020-03-18T00:00:00", "2020-10-30T12:00:00")
    + """[[household]]
id = "a"
kind = "armed and reactivated"
balance_eur = "12.50"
load_w = 100
visits = [
  {at = 2020-03-20T14:00:00, desk = ["defer", "cut"]},
  {at = 2020-03-20T15:00:00, insert = true},
  {at = 2020-06-29T10:00:00, desk = ["reactivate"], load_eur = 100},
  {at = 2020-06-29T18:00:00, press = "red"},
]
"""
)
OUTAGE = "outages = [{from = 2020-04-01T00:00:00, to = 2020-04-02T00:00:00,"


def load(tmp_path: Path, text: str = TEXT) -> Campaign:
    path = tmp_path / "c.toml"
    path.write_text(text, "utf-8")
    return load_campaign(path)


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'c.toml'}: ")
    assert "\n" not in message
    return message.removeprefix(f"{tmp_path / 'c.toml'}: ")


def test_a_household_is_resolved_to_integers_and_instants(tmp_path):
    campaign = load(tmp_path)
    (household,) = campaign.households
    assert (household.id, household.balance_cents, household.load) == ("a", 1250, (100,) * 24)
    assert (household.build, household.model_name) == ("reference", "electricity-pcf8563-utc")
    assert household.clock_set_us == campaign.start_us
    assert 0 <= household.poll_phase_us < 60_000_000
    arming, insertion, back, press = household.visits
    assert arming.desk is not None
    assert arming.desk.cut_at == arming.desk.defer_until == Civil(2020, 7, 3, 23, 1)
    (announced,) = campaign.announced
    assert arming.desk.cut_us == announced.cut_us == 1_593_810_060_000_000
    assert (insertion.kind, insertion.desk, insertion.act) == (VisitKind.INSERT, None, None)
    assert back.desk is not None
    assert (back.desk.reactivate, back.desk.load_cents, back.desk.cut_at) == (True, 10_000, None)
    assert (press.kind, press.act) == (VisitKind.ACT, Press(Button.RED))


def priced(tariff: str, text: str = TEXT) -> str:
    return text.replace("load_eur = 100", f"tariff = {{ number = 2, {tariff} }}")


def test_a_tariff_without_a_night_price_is_mono_hourly(tmp_path):
    for prices, want in (
        ("price_ueur_per_wh = 270", (2, 270, 270)),
        ("price_ueur_per_wh = 270, night_price_ueur_per_wh = 190", (2, 270, 190)),
    ):
        order = load(tmp_path, priced(prices)).households[0].visits[2].desk
        assert order is not None
        assert order.tariff == want


@pytest.mark.parametrize(
    ("prices", "want"),
    [
        (
            "price_ueur_per_wh = 9, night_price_ueur_per_wh = 10",
            "a night price is 1 to the day's 9",
        ),
        ("price_ueur_per_wh = 9, night_price_ueur_per_wh = 0", "expected a whole number >= 1"),
        ("price_ueur_per_wh = 9, night_price = 9", "unknown key"),
    ],
)
def test_a_night_price_that_cannot_be_is_refused_at_its_key(tmp_path, prices, want):
    message = refusal(tmp_path, priced(prices))
    assert message.startswith("household 'a', visit 3: tariff")
    assert want in message


def test_gas_takes_no_night_price(tmp_path):
    text = TEXT.replace("load_w", "load_dm3_per_h").replace(
        "electricity-pcf8563-utc", "gas-pcf8563-battery"
    )
    prices = "price_ueur_per_wh = 60, night_price_ueur_per_wh = 40"
    assert "at all hours" in refusal(tmp_path, priced(prices, text))


def test_a_desk_word_takes_its_own_time_where_one_is_given(tmp_path):
    text = TEXT.replace('["defer", "cut"]', '["cut"], cut_at = 2020-06-30T09:00:00')
    order = load(tmp_path, text).households[0].visits[0].desk
    assert order is not None
    assert (order.defer_until, order.cut_at) == (None, Civil(2020, 6, 30, 9, 0))


ANNOUNCEMENT = TEXT[TEXT.index("[announced]") : TEXT.index("[[household]]")]
OWN = '["defer", "cut"], defer_until = 2020-07-03T23:01:00, cut_at = 2020-07-03T23:01:00'


def test_an_ordinary_season_announces_nothing_and_dates_are_the_visits_own(tmp_path):
    season = TEXT.replace(ANNOUNCEMENT, "")
    assert refusal(tmp_path, season) == (
        "household 'a', visit 1: defer_until: is missing, "
        "and nothing was announced to this household by then"
    )
    campaign = load(tmp_path, season.replace('["defer", "cut"]', OWN))
    assert campaign.announced == ()
    order = campaign.households[0].visits[0].desk
    assert order is not None
    assert order.defer_until == order.cut_at == Civil(2020, 7, 3, 23, 1)


def test_another_model_takes_over_its_energy_and_clocks_stay_as_sound_as_they_were(tmp_path):
    """A PCF8563 is allowed 50,000 ppb, a DS3231 5,000: two thirds of the bound stay two thirds."""
    gas = """[[household]]
id = "b"
kind = "gas"
model = "gas-pcf8563-battery"
balance_eur = 10
load_dm3_per_h = 10
drift_ppb = -30_000
"""
    path = tmp_path / "c.toml"
    path.write_text(TEXT.replace("load_w", "drift_ppb = 33_339\nclock_error_s = -7\nload_w") + gas)
    first, second = load_campaign(path, model="electricity-ds3231-utc").households
    assert (first.model.rtc, first.model_name) == ("ds3231", "electricity-ds3231-utc")
    assert (first.drift_ppb, first.clock_error_s) == (3_333, -7)
    assert (second.model_name, second.drift_ppb) == ("gas-pcf8563-battery", -30_000)
    first, second = load_campaign(path, model="gas-pcf8563-battery").households
    assert (first.model_name, first.drift_ppb) == ("electricity-pcf8563-utc", 33_339)
    own = tmp_path / "own.toml"
    model = built_in("meters")["gas-pcf8563-battery"].read_text("utf-8")
    own.write_text(model.replace("drift_bound_ppb = 50_000", "drift_bound_ppb = 7"), "utf-8")
    assert load_campaign(path, model=str(own)).households[1].drift_ppb == -4


@pytest.mark.slow("lives and judges many homes")
def test_what_a_clock_chip_holds_when_power_is_back_is_of_that_chip_alone(tmp_path):
    text = TEXT.replace("load_w", f"{OUTAGE} rtc = '07=13 00=20'}}]\nload_w")
    campaign = load(tmp_path, text)
    (household,) = campaign.households
    assert household.rtc_found == ((household.outages[0][1], ((7, 0x13), (0, 0x20))),)
    events = run_meter(household, campaign)
    back = next(event for event in events if event.what is What.POWER_BACK)
    doubted = next(event for event in events if event.what is What.CLOCK_DOUBTED)
    assert back.at_us < doubted.at_us < back.at_us + 5_000_000
    with pytest.raises(ConfigError, match="expected a model with a pcf8563, whose registers"):
        load_campaign(tmp_path / "c.toml", model="electricity-ds3231-utc")


def test_another_model_that_fits_nobody_or_does_not_exist_is_refused(tmp_path):
    load(tmp_path)
    path = tmp_path / "c.toml"
    with pytest.raises(ConfigError, match=r"c\.toml: household: none has a meter for gas, as"):
        load_campaign(path, model="gas-pcf8563-battery")
    with pytest.raises(ConfigError, match="no-such: no such file, and none of the built-in"):
        load_campaign(path, model="no-such")


def test_a_new_card_lasts_or_is_valid_until_its_own_expiry(tmp_path):
    desk = '["reactivate"], load_eur = 100'
    new = f"{desk}, replace_card = true"
    until = "card_expires = 2020-07-14T00:00:00"
    first, *_, back, _ = load(tmp_path, TEXT).households[0].visits
    assert first.desk is not None
    assert back.desk is not None
    assert (first.desk.new_card, back.desk.new_card) == (None, None)
    for text, expires in ((new, None), (f"{new}, {until}", Civil(2020, 7, 14, 0, 0))):
        order = load(tmp_path, TEXT.replace(desk, text)).households[0].visits[2].desk
        assert order is not None
        assert order.new_card is not None
        assert order.new_card.expires == expires
    alone = "household 'a', visit 3: card_expires: expected replace_card = true next to it"
    assert refusal(tmp_path, TEXT.replace(desk, f"{desk}, {until}")) == alone


def test_visits_are_in_time_order_and_equal_times_in_file_order(tmp_path):
    text = TEXT.replace("2020-03-20T14:00:00", "2020-06-29T18:00:00")
    kinds = [visit.kind for visit in load(tmp_path, text).households[0].visits]
    assert kinds == [VisitKind.INSERT, VisitKind.DESK, VisitKind.DESK, VisitKind.ACT]


def test_copies_differ_by_seed_in_phase_and_load_and_in_nothing_else(tmp_path):
    text = TEXT.replace('id = "a"', 'id = "a"\ncount = 40')
    households = load(tmp_path, text).households
    assert [household.id for household in households] == [f"a-{number}" for number in range(1, 41)]
    assert len({household.meter_id for household in households}) == 40
    assert {household.poll_phase_us for household in households} == set(
        range(0, 60_000_000, 5_000_000)
    )
    assert {80, 120} >= {min(80, *household.load) for household in households}
    assert len({household.load for household in households}) > 10
    assert all(80 <= watt <= 120 for household in households for watt in household.load)
    assert {household.visits for household in households} == {load(tmp_path).households[0].visits}
    assert households == load(tmp_path, text).households
    assert (
        households
        != load(tmp_path, text.replace("[announced]", "seed = 1\n[announced]")).households
    )


def test_seed_and_build_can_be_overridden(tmp_path):
    load(tmp_path)
    path = tmp_path / "c.toml"
    assert load_campaign(path, build="reference+x").households[0].build == "reference+x"
    assert load_campaign(path, seed=7).seed == 7
    assert load_campaign(path, seed=7).households != load_campaign(path).households


@pytest.mark.parametrize(
    ("old", "new", "want"),
    [
        (
            "insert =",
            "inser =",
            "household 'a', visit 2: inser: unknown key, did you mean 'insert'?",
        ),
        ("kind =", "knd =", "household 'a': knd: unknown key, did you mean 'kind'?"),
        ('id = "a"\n', "", "household 1: id: is missing"),
        ('id = "a"', 'id = "a\\n"', "household 'a\\n': id: expected text without control"),
        (
            'id = "a"',
            'id = "a\\u009b"',
            "is not valid TOML: text with the character U+009B",
        ),
        ('name = "test"', "", "name: is missing"),
        ('"cut"]', '"cutt"]', "household 'a', visit 1, desk 2: expected one of"),
        (
            'press = "red"',
            'press = "green"',
            "household 'a', visit 4: press: expected one of blue, red",
        ),
        (
            "2020-06-29T18:00:00",
            "2020-02-30T18:00:00",
            "line 18, column 9: is not valid TOML: 2020-02 has",
        ),
        (
            "2020-06-29T18:00:00",
            "2020-06-29",
            "household 'a', visit 4: at: expected a date and time, got a date",
        ),
        (
            "2020-06-29T18:00:00",
            "2020-03-29T02:30:00",
            "household 'a', visit 4: at: 2020-03-29 02:30:00 does not exist",
        ),
        (
            "2020-06-29T18:00:00",
            "2020-10-25T02:30:00",
            "household 'a', visit 4: at: 2020-10-25 02:30:00 exists twice",
        ),
        ("2020-06-29T18:00:00", "2020-11-01T12:00:00", "household 'a', visit 4: at: expected from"),
        ("2020-06-29T18:00:00", "2020-03-17T12:00:00", "household 'a', visit 4: at: expected from"),
        ("2020-10-30T12:00:00", "2020-03-17T12:00:00", "end: expected after start"),
        (
            "cut_at = 2020-07-03T23:01:00",
            "cut_at = 2020-07-03T23:00:00",
            "announced: cut_at: expected no earlier",
        ),
        (
            "cut_at = 2020-07-03T23:01:00",
            "cut_at = 2020-07-03T23:01:30",
            "announced: cut_at: expected whole minutes",
        ),
        (
            "cut_at = 2020-07-03T23:01:00",
            "cut_at = 2100-07-03T23:01:00",
            "announced: cut_at: expected 2000 to 2099, also in UTC",
        ),
        (
            '["defer", "cut"]',
            '["defer"], cut_at = 2020-06-30T09:00:00',
            "household 'a', visit 1: cut_at: expected 'cut' among",
        ),
        (
            '["defer", "cut"]',
            '["defer", "cut"], cut_at = 2020-06-30T09:00:00',
            "household 'a', visit 1: cut_at: expected no earlier",
        ),
        (
            '["defer", "cut"]',
            '["reactivate", "cut"]',
            "household 'a', visit 1: desk: an order cannot both reactivate and arm: have",
        ),
        (
            '["defer", "cut"]',
            '["limiter-on", "limiter-off"]',
            "household 'a', visit 1: desk: expected only one of",
        ),
        ('["defer", "cut"]', "[]", "household 'a', visit 1: expected one of: desk orders"),
        ("insert = true", "insert = false", "household 'a', visit 2: expected one of: desk orders"),
        (
            "insert = true",
            'insert = true, press = "red"',
            "household 'a', visit 2: expected one of: desk orders",
        ),
        (
            "load_eur = 100",
            "load_eur = 251",
            "household 'a', visit 3: load_eur: expected 5.00 EUR to 250.00 EUR, got 251.00 EUR",
        ),
        (
            "load_eur = 100",
            'load_eur = "4.99"',
            "household 'a', visit 3: load_eur: expected 5.00 EUR to 250.00 EUR, got 4.99 EUR",
        ),
        (
            '"12.50"',
            "12.5",
            "household 'a': balance_eur: expected a whole number or text, got a number with a poi",
        ),
        ('"12.50"', '"12.505"', "household 'a': balance_eur: expected whole euro, or text"),
        ('"12.50"', '"twelve"', "household 'a': balance_eur: expected whole euro, or text"),
        ('"12.50"', '"nan"', "household 'a': balance_eur: expected whole euro, or text"),
        ('"12.50"', '"1e999999"', "household 'a': balance_eur: expected whole euro, or text"),
        ("load_w = 100", "load_w = [100]", "household 'a': load_w: expected a list of length"),
        ("load_w = 100", "load_w = -1", "household 'a': load_w: expected a whole number >= 0"),
        (
            "load_w = 100",
            "load_w = 100\ncount = 0",
            "household 'a': count: expected a whole number >= 1",
        ),
        (
            "load_w = 100",
            'load_w = 100\nexpect = ["hold"]',
            "household 'a': expect: expected one of crashed, hung, not_reproducible",
        ),
        (
            "load_w = 100",
            "load_w = 100\nclock_set = 2020-03-19T00:00:00",
            "household 'a': clock_set: expected no later than start",
        ),
        (
            "load_w = 100",
            "load_w = 100\noutages = [{from = 2020-04-02T00:00:00, to = 2020-04-01T00:00:00}]",
            "household 'a', outage 1: expected from before to",
        ),
        *(
            (
                "load_w = 100",
                f"load_w = 100\n{OUTAGE} rtc = '{rtc}'}}]",
                "household 'a', outage 1: rtc: expected registers of a pcf8563, 00 to 0F, as",
            )
            for rtc in ("10=13", "7=13", "07=100", "07=13,08=20", "07=13 07=12", "07 = 13", " ")
        ),
        (
            "load_w = 100",
            "load_w = 100\nclock_error_s = -700_000_000",
            "household 'a': clock_error_s: expected a clock that shows a day of 2000 to 2099",
        ),
        (
            "load_w = 100",
            "load_w = 100\nmeter_id = 5\ncount = 2",
            "household 'a': meter_id: expected none for 2 copies",
        ),
        (
            "load_eur = 100",
            "load_eur = 100, office_error_s = 700_000_000_000",
            "household 'a', visit 3: office_error_s: expected a whole number <= 1000000000",
        ),
        (
            "load_eur = 100",
            "load_eur = 100, office_error_s = -700_000_000",
            "household 'a', visit 3: office_error_s: expected an office whose date is in 2000",
        ),
        (
            "load_eur = 100",
            'load_eur = 100, fields = { cut_at = "200230080" }',
            "household 'a', visit 3: fields.cut_at: expected text matching",
        ),
        (
            "load_eur = 100",
            "load_eur = 100, fields = { cut_minute = 1 }",
            "household 'a', visit 3: fields.cut_minute: unknown key, did you mean 'cut_min'?",
        ),
        (
            "load_eur = 100",
            "load_eur = 100, fields = { zone_rule = 256 }",
            "household 'a', visit 3: fields.zone_rule: expected a whole number <= 255",
        ),
        (
            "load_eur = 100",
            "load_eur = 100, fields = {}",
            "household 'a', visit 3: fields: expected one of them at least",
        ),
        (
            'press = "red"',
            'press = "red", fields = { load_count = 1 }',
            "household 'a', visit 4: expected one of: desk orders",
        ),
        (
            'press = "red"',
            'press = "red", office_error_s = 60',
            "household 'a', visit 4: office_error_s: expected a visit to the office",
        ),
        (
            "electricity-pcf8563-utc",
            "no-such",
            "household 'a': model: no-such: no such file, and none of the built-in meters: elec",
        ),
        (
            'model = "electricity-pcf8563-utc"',
            "",
            "household 'a': model: is missing here and at the top",
        ),
        (
            "Europe/Brussels",
            "Europe/Bruxelles",
            "zone: expected one of Europe/Brussels, Europe/Lisbon, got 'Europe/Bruxelles', did",
        ),
        (
            "Europe/Brussels",
            "Europe/London",
            "zone: expected one of Europe/Brussels, Europe/Lisbon, got 'Europe/London'",
        ),
        ("[[household]]", "[[household]", "line 9, column 12: is not valid TOML: Expected ']]'"),
    ],
)
def test_a_bad_campaign_is_refused_with_file_key_and_what_was_wanted(tmp_path, old, new, want):
    assert old in TEXT
    assert refusal(tmp_path, TEXT.replace(old, new, 1)).startswith(want)


def test_two_households_never_share_an_id_or_a_meter(tmp_path):
    household = TEXT[TEXT.index("[[household]]") :]
    assert (
        refusal(tmp_path, TEXT + household) == "household: two have the id 'a', expected each once"
    )
    clash = household.replace('"a"', '"a-2"')
    copies = TEXT.replace('id = "a"', 'id = "a"\ncount = 2')
    assert refusal(tmp_path, copies + clash).startswith("household: two have the id 'a-2'")
    same = household.replace('"a"', '"b"\nmeter_id = 541000000001')
    assert refusal(tmp_path, TEXT + same) == "household: two have the meter_id 541000000001"


def test_a_time_that_exists_twice_is_taken_with_its_offset(tmp_path):
    campaign = load(tmp_path, TEXT.replace("2020-06-29T18:00:00", "2020-10-25T02:30:00+02:00"))
    at_us = campaign.households[0].visits[-1].at_us
    assert us_to_iso(at_us, campaign.zone) == "2020-10-25T02:30:00+02:00"


def test_every_built_in_campaign_loads():
    assert "ores-2020-07" in built_in("campaigns")
    for path in built_in("campaigns").values():
        assert load_campaign(path).households


def test_the_july_2020_campaign_is_the_one_announced():
    campaign = load_campaign(built_in("campaigns")["ores-2020-07"])
    ends = [us_to_iso(one.end_us, campaign.zone) for one in campaign.announced]
    july, june = "2020-07-03T23:01:00+02:00", "2020-06-30T23:01:00+02:00"
    assert ends == [july, june, july]
    assert all(one.defer_us == one.cut_us for one in campaign.announced)
    assert us_to_iso(campaign.announced[-1].made_us, campaign.zone)[:10] == "2020-06-26"
    kinds = [household.kind for household in campaign.households]
    assert len(set(kinds)) >= 16


DOC = Path(__file__).parents[3] / "docs/campaign-file.md"


def test_the_worked_example_of_the_documentation_loads(tmp_path):
    example = DOC.read_text("utf-8").split("```toml\n")[1].split("```")[0]
    assert [household.id for household in load(tmp_path, example).households] == [
        "number-1",
        "number-3",
    ]


def test_every_key_is_documented():
    text = DOC.read_text("utf-8")
    keys = _fields(RawCampaign)
    assert {"zone", "outages", "load_eur", "price_ueur_per_wh"} <= set(keys)
    assert not [key for key in keys if not re.search(rf"[`\s]{key}[`\s]", text)]
