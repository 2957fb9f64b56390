"""The page on devices that obey tokens: its tables are the laws there are."""

import pytest

from meter_emu.laws import laws
from tests.docs.pages import page, table

PAGE = page("docs/token-meters.md")


@pytest.mark.parametrize("head", ["law", "hazard"])
def test_the_laws_are_those_there_are(head: str) -> None:
    rows = table(PAGE, head, "says", "of", "presumes")
    assert [tuple(cell.strip("`") for cell in row) for row in rows] == [
        (law.id, law.says, ", ".join(law.properties), law.presumes)
        for law in laws("openpaygo").values()
        if law.hazard == (head == "hazard")
    ]
