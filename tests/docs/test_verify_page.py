"""The page on `verify`: its table is the laws there are, its counterexamples are found."""

import re

import pytest

from meter_emu.laws import laws
from meter_emu.verify.run import verify
from tests.docs.pages import page, table

PAGE = page("docs/verify.md")
SHOWN = re.findall(
    r"`meter-emu verify (\S+) --law (\S+) --jobs 1`\n\n```text\n(.*?)```", PAGE, re.DOTALL
)


@pytest.mark.parametrize("head", ["law", "hazard"])
def test_the_laws_are_those_there_are(head: str) -> None:
    rows = table(PAGE, head, "says", "of", "presumes")
    assert [tuple(cell.strip("`") for cell in row) for row in rows] == [
        (law.id, law.says, ", ".join(law.properties), law.presumes)
        for law in laws().values()
        if law.hazard == (head == "hazard")
    ]


def test_five_are_shown() -> None:
    assert len(SHOWN) == 5


@pytest.mark.slow("searches for it")
@pytest.mark.parametrize(("build", "law_id", "text"), SHOWN)
def test_a_counterexample_is_what_verify_finds(build: str, law_id: str, text: str) -> None:
    (examined,) = verify(build, law_ids=[law_id]).examined
    assert examined.broken is not None
    for line in (examined.broken.words, *examined.broken.course):
        assert line in text
