"""docs/iso7816.md: every row names a test that is there; names, instructions and words hold."""

import re

from card_protocol.card.commands import COMMANDS
from card_protocol.card.files import df_name
from card_protocol.formats.budget import DF_ELECTRICITY, DF_GAS
from tests.docs.pages import ROOT, page, section, table

PAGE = page("docs/iso7816.md")
HEAD = ("clause", "what we do", "deviation", "test")
TRANSPORT, COMMANDS_AND_FILES = "ISO/IEC 7816-3, transport", "ISO/IEC 7816-4, commands and files"


def rows() -> list[list[str]]:
    return [
        row for part in (TRANSPORT, COMMANDS_AND_FILES) for row in table(section(PAGE, part), *HEAD)
    ]


def test_every_row_names_a_test_that_is_there() -> None:
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(rows()) > 20
    assert [row for row in rows() if not re.fullmatch(r"test_\w+", row[3])] == []
    assert [row[3] for row in rows() if f"def {row[3]}(" not in tests] == []


def test_every_command_of_the_cards_has_a_row() -> None:
    said = " ".join(" ".join(row[:2]) for row in table(section(PAGE, COMMANDS_AND_FILES), *HEAD))
    assert [one.name for one in COMMANDS if one.name.split()[0] not in said] == []


def test_the_names_are_those_of_the_cards() -> None:
    names = {row[1].strip("`") for row in table(PAGE, "application", "name (AID)")}
    assert names == {df_name(df).hex().upper() for df in (DF_ELECTRICITY, DF_GAS)}
