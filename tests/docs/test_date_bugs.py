"""The page of date bugs is what the catalogue says."""

from meter_emu.defects import DEFECT_PARTS, catalogue
from tests.docs.date_bugs import PAGE, text


def test_the_page_is_written_from_the_catalogue():
    assert PAGE.read_text("utf-8") == text(), "run python -m tests.docs.date_bugs"


def test_every_defect_is_on_it_once():
    said = text()
    assert {defect.where for defect in catalogue().values()} == set(DEFECT_PARTS)
    for defect in catalogue().values():
        assert said.count(f"### `{defect.id}`\n") == 1
        assert defect.seen in said
