"""The page on devices that obey tokens: its tables are the laws there are."""

import pytest

from meter_emu.domain import DeviceName
from meter_emu.laws import laws
from tests.docs.pages import page, table

PAGE = page("docs/token-meters.md")


@pytest.mark.parametrize(
    ("device", "head"),
    [
        ("openpaygo", "law"),
        ("openpaygo", "hazard"),
        ("sts", "law of a meter"),
        ("sts", "hazard of a meter"),
    ],
)
def test_the_laws_are_those_there_are(device: DeviceName, head: str) -> None:
    rows = table(PAGE, head, "says", "of", "presumes")
    assert [tuple(cell.strip("`") for cell in row) for row in rows] == [
        (law.id, law.says, ", ".join(law.properties), law.presumes)
        for law in laws(device).values()
        if law.hazard == head.startswith("hazard")
    ]
