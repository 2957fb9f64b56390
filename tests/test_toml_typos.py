"""TOML as people write it who never read its page: each mistake is named where it is."""

import tomllib

import pytest

from meter_emu.resources import toml_of
from meter_emu.toml_typos import TomlTypo, toml_typo
from tests.cells import each_cell


def typo_of(text: str) -> TomlTypo:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  what it says is what is tested
        toml_of(text)
    typo = toml_typo(text, str(caught.value))
    assert typo is not None
    return typo


def shown(text: str) -> tuple[str, str]:
    """Return what is under the carets, and what was meant."""
    typo = typo_of(text)
    first = typo.shown_line[typo.start : typo.start + 1]
    assert text.split("\n")[typo.line - 1][typo.column - 1 :].startswith(first)
    return typo.shown_line[typo.start : typo.end], typo.why


TYPOS = {
    "at = 2020-07-03 23:01": ("2020-07-03 23:01", "write 2020-07-03T23:01:00"),
    "v = [{ at = 2020-07-03T23:01, insert = true }]": ("2020-07-03T23:01", "a time has seconds"),
    "at = 2020-07-03T9:05": ("2020-07-03T9:05", "write 2020-07-03T09:05:00"),
    "at = 2020-07-03 23h01": ("2020-07-03 23h01", "write 2020-07-03T23:01:00"),
    "at = 2020-07-03T23.01.00": ("2020-07-03T23.01.00", "write 2020-07-03T23:01:00"),
    "at = 2020-07-03T24:00:00": ("2020-07-03T24:00:00", "write 2020-07-04T00:00:00"),
    "at = 2020-12-31 24:00": ("2020-12-31 24:00", "write 2021-01-01T00:00:00"),
    "at = 2020-07-03T23:60:00": ("2020-07-03T23:60:00", "from 00:00:00 to 23:59:59"),
    "at = 2021-02-29": ("2021-02-29", "2021-02 has 28 days"),
    "at = 2020-13-01T10:00:00": ("2020-13-01T10:00:00", "there is no month 13"),
    "at = 03/07/2020": ("03/07/2020", "year, month, day"),
    "at = 3.7.2020": ("3.7.2020", "year, month, day"),
    "at = 2020-7-3": ("2020-7-3", "year, month, day"),
    "at = 23:01": ("23:01", "its date and seconds"),
    "name = “winter”": ("“", "straight quotes"),
    "name = \u2018winter\u2019": ("\u2018", "straight quotes"),
    "name = «winter»": ("«", "straight quotes"),
    "load_eur = 12,50": ("12,50", 'an amount is text: "12.50"'),
    "v = { load_eur = 12,50 }": ("12,50", "expected a point"),
    "count = 53 579": ("53 579", "write 53579"),
    "count = 007": ("007", "write 7"),
    "load_w = 300 W": ("300 W", "without W"),
    "load_eur = 20€": ("20€", "without €"),
    "insert = True": ("True", "write true"),
    "insert = yes": ("yes", "write true"),
    "name = Winter of 2020": ("Winter of 2020", "text is in quotes"),
    "name: 3": ("name:", "expected = between key and value"),
    "load eur = 3": ("load eur", "load_eur"),
    "count\u00a0= 3": ("\u00a0", "U+00A0: expected a blank"),
    'name = "C:\\my"': ("\\", "write \\\\"),
    'name = "winter\nseed = 3': ("", "not closed in this line"),
    "seed = 1\nseed = 2\n": ("seed = 2", "there already"),
    "v = { a = 1 b = 2 }": ("b", "expected a comma or }"),
    "v = [1 2]": ("2", "expected a comma or ]"),
    "v = { a = 1,\n b = 2 }": ("", "ends in its line"),
    "seed =\n": ("", "expected a value"),
}


@each_cell("text", TYPOS)
def test_a_typo_is_named_where_it_is(text):
    under, words = TYPOS[text]
    seen, why = shown(text)
    assert words in why
    assert not under or seen == under
    later, first = typo_of(f"# a comment\nother = 1\n{text}"), typo_of(text)
    assert (later.line, later.column) == (first.line + 2, first.column)


@each_cell("text", TYPOS)
def test_what_is_named_is_not_said_of_what_is_right(text):
    """In quotes and comments they are no mistakes, and a mistake after them is found."""
    inside = text.split("\n")[0].replace("\\", "").replace("'", "").replace('"', "")
    fine = f'name = "{inside}" # {inside}'
    assert tomllib.loads(fine)["name"] == inside
    seen, why = shown(f"{fine}\nat = 2020-07-03 23:01")
    assert (seen, why) == ("2020-07-03 23:01", "a time has seconds too: write 2020-07-03T23:01:00")
    seen, _ = shown(f'v = {{ name = "{inside}", at = 2020-07-03T23:01 }}')
    assert seen == "2020-07-03T23:01"


def test_a_line_without_end_is_looked_at_where_the_parser_stopped():
    line = "x = [" + "1, " * 20_000 + "2020-07-03T23:01, " + "1, " * 20_000
    typo = typo_of(line)
    assert (typo.column, typo.shown_line[typo.start : typo.end]) == (60_006, "2020-07-03T23:01")
    assert len(typo.shown_line) < 1_000


def test_every_message_of_the_parser_has_a_place():
    """A message without one, as that of a key of many parts, has no typo: its words are shown."""
    assert toml_typo("a = 1", "a key of more than 16 parts: a.b.c…") is None
    assert typo_of("[t]\n[t]").why == "Cannot declare ('t',) twice"
