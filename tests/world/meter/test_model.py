from pathlib import Path

import pytest

from meter_emu.energies import ENERGIES
from meter_emu.errors import ConfigError
from meter_emu.resources import built_in, find
from meter_emu.units import DAY_US
from meter_emu.world.meter.model import load_model, uncertainty_s
from tests.cells import each_cell

NAME = "electricity-pcf8563-utc"


@pytest.fixture
def text():
    return find("meters", NAME).read_text("utf-8")


def refusal(tmp_path: Path, text: str) -> str:
    path = tmp_path / "m.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_model(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def test_every_built_in_model_loads_under_its_own_name():
    assert NAME in built_in("meters")
    for name, path in built_in("meters").items():
        assert load_model(path).name == name


def test_every_number_of_a_built_in_model_has_its_source_or_says_ours():
    for path in built_in("meters").values():
        for line in path.read_text("utf-8").splitlines():
            name, _, value = line.partition(" = ")
            a_number = value and not name.lstrip().startswith("#")
            assert not a_number or name in {"name", "energy"} or "#" in value, line


def test_a_model_is_found_by_path_by_name_and_by_file_name(tmp_path, text):
    own = tmp_path / "own.toml"
    own.write_text(text, "utf-8")
    assert find("meters", str(own)) == own
    assert find("meters", "own.toml", folder=tmp_path) == own
    assert find("meters", NAME) == find("meters", f"{NAME}.toml")


@each_cell("name", ["no-such", "", "no-such.toml"])
def test_what_is_not_found_is_answered_with_what_there_is(name):
    with pytest.raises(ConfigError, match=NAME):
        find("meters", name)


@pytest.mark.parametrize(
    ("old", "new", "want"),
    [
        ("poll_s = 60 ", "poll_s = 0 ", "poll_s: expected a whole number >= 1"),
        ("poll_s = 60 ", "poll_s = 60.0 ",
         "poll_s: expected a whole number, got a number with a point"),
        ("poll_s = 60 ", "", "poll_s: is missing"),
        ("poll_s = 60 ", "pol_s = 60 ", "pol_s: unknown key, did you mean 'poll_s'?"),
        ('name = "', 'name = "\\u001b', "is not valid TOML: text with the character U+001B"),
        ('"electricity"', '"no-such"', f"energy: expected one of {', '.join(ENERGIES)}, got 'no"),
        ("set_error_s", "set_eror_s", "clock.set_eror_s: unknown key"),
        ("outage_max_days = 60", "outage_max_days = 1",
         "clock.outage_max_days: expected a whole number >= 2"),
        ("start_minute = 960", "start_minute = 1440",
         "window.start_minute: expected a whole number <= 1439"),
        ("start_minute = 960", "start_minute = 480", "window.start_minute: expected more than 480"),
        ("mwh_per_unit = 1000", "mwh_per_unit = 999", "credit.mwh_per_unit: expected 1000"),
        ("tightness_s = 0", "tightness_s = 1", "rearm.tightness_s: expected 0"),
        ("start_minute = 1320", "start_minute = 420", "night.start_minute: expected more than 420"),
        ("mwh_per_unit", "night_price_ueur_per_wh = 251\nmwh_per_unit",
         "credit.night_price_ueur_per_wh: expected at most the day's 250"),
        ("load_max_cents = 25_000", "load_max_cents = 400", "credit.load_max_cents: expected more"),
        ("page_bytes = 64", "page_bytes = 65", "eeprom_page_bytes: expected a power of two"),
        ("[clock]", "[clock", "line 21, column 7: is not valid TOML: Expected ']'"),
    ],
)  # fmt: skip
def test_a_bad_model_is_refused_with_file_key_and_what_was_wanted(tmp_path, text, old, new, want):
    assert old in text
    assert refusal(tmp_path, text.replace(old, new, 1)).startswith(want)


def test_a_night_price_takes_night_hours_and_gas_has_none(tmp_path, text):
    prices = text.replace("mwh_per_unit", "night_price_ueur_per_wh = 180\nmwh_per_unit", 1)
    own = tmp_path / "own.toml"
    own.write_text(prices, "utf-8")
    assert load_model(own).credit.pricing == (1, 250, 180)
    no_hours = prices.split("# Night hours")[0]
    want = "credit.night_price_ueur_per_wh: expected none: the model has no [night]"
    assert refusal(tmp_path, no_hours) == want
    night = text[text.index("[night]") :]
    gas = find("meters", "gas-pcf8563-battery").read_text("utf-8") + night
    assert refusal(tmp_path, gas).startswith(
        "night: expected none: gas costs the same at all hours"
    )


def test_without_a_night_price_a_model_is_mono_hourly():
    pricing = load_model(find("meters", NAME)).credit.pricing
    assert pricing == (1, 250, 250)
    assert not pricing.bi_hourly


def test_what_is_no_readable_text_file_is_one_line(tmp_path):
    with pytest.raises(ConfigError, match="is a directory, expected a TOML file"):
        load_model(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_model(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    with pytest.raises(ConfigError, match=r"is not UTF-8 text \(byte 8\)"):
        load_model(tmp_path / "latin.toml")


def test_uncertainty_is_the_setting_plus_drift_rounded_up():
    model = load_model(find("meters", NAME))
    assert uncertainty_s(model, 0, 0) == 60
    assert uncertainty_s(model, 0, 1) == 61
    assert uncertainty_s(model, 0, 100 * DAY_US) == 60 + 432  # 4.32 s a day
    assert uncertainty_s(model, DAY_US, 0) == 60
