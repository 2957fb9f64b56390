"""The words of an announcement: dates by Babel's own tables, and a text of one's own is noted."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from babel.dates import format_date

from card_protocol.timestamp import Civil
from meter_emu.errors import ConfigError
from meter_emu.languages.tables import LANGUAGES
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.wording import date_in_words, unchecked
from meter_emu.world.rehearsal.campaign import load_campaign
from tests.campaigns import head
from tests.cells import each_cell

HOUSEHOLD = """[[household]]
id = "a"
kind = "armed"
balance_eur = 20
load_w = 200
"""


@each_cell("language", LANGUAGES)
def test_every_date_of_a_century_is_written_as_unicode_writes_it(language):
    """But for the first of a month in French, which Unicode writes "1"."""
    for day in range(0, 36_525, 11):
        when = date(2000, 1, 1) + timedelta(day)
        said = date_in_words(Civil(when.year, when.month, when.day, 9, 5), language)
        want = format_date(when, format="full", locale={"en": "en_GB"}.get(language, language))
        first = f" 1 {when:%Y}" if language == "fr" and when.day == 1 else None
        assert said.endswith("09:05")
        dated = said.replace("1er ", "1 ") if first else said
        assert dated.replace(",", "").startswith(want.replace(",", "")), (said, want)


def campaign(tmp_path: Path, text: str, more: str = "") -> Campaign:
    path = tmp_path / "c.toml"
    shown = f'text = "{text}"'
    path.write_text(
        head("c", "2020-06-01T08:00:00", "2020-07-08T12:00:00", shown).replace(
            shown, f"{shown}\n{more}"
        )
        + HOUSEHOLD
    )
    return load_campaign(path)


@each_cell(
    ("language", "said"),
    [
        ("en", "Cut: Friday 3 July 2020, 23:01."),
        ("fr", "Cut: vendredi 3 juillet 2020 à 23:01."),
        ("nl", "Cut: vrijdag 3 juli 2020 om 23:01."),
        ("de", "Cut: Freitag, 3. Juli 2020 um 23:01."),
    ],
)
def test_a_placeholder_is_the_date_in_the_language_of_the_announcement(
    tmp_path_factory, language, said
):
    found = campaign(tmp_path_factory.mktemp("words"), "Cut: {cut_at}.", f'language = "{language}"')
    (one,) = found.announced
    assert one.in_words == said
    assert found.remarks == []


def test_a_placeholder_of_another_name_is_refused_with_the_near_one(tmp_path):
    with pytest.raises(ConfigError, match=r"got {cut_on}, did you mean 'cut_at'"):
        campaign(tmp_path, "Cut: {cut_on}.")


@each_cell(
    ("text", "noted"),
    [
        ("Supply until Thursday 2 July.", True),
        ("Alimentation jusqu'en juillet.", True),
        ("Strom bis Ende JULI.", True),
        ("Levering tot 3/7.", True),
        ("Your meter may cut then: march to the office.", False),
        ("No cut before {cut_at}.", False),
        ("No cut before {cut_at}, 3 July.", True),
        ("", False),
    ],
)
def test_a_date_of_ones_own_is_noted_as_not_checked(text, noted):
    assert unchecked(text) is noted
