"""The page of the kill matrix is what was found, and what was found is found again."""

import pytest

from meter_emu.defects import catalogue
from meter_emu.laws import laws
from meter_emu.laws.law import Broken, Trial
from meter_emu.world.rehearsal.campaign import load_campaign
from tests.matrix.cells import row
from tests.matrix.page import PAGE, by_its_law, changes, killers, load, survivors_of, text

FOUND = load()
ROWS = FOUND["rows"]


def test_the_page_is_written_from_what_was_found():
    assert PAGE.read_text("utf-8") == text(FOUND)


@pytest.mark.slow("lives the stories of a law", short=30)
@pytest.mark.parametrize("defect_id", list(ROWS))
def test_a_law_that_kills_a_defect_kills_it_again(defect_id, tmp_path):
    """In the story made small: the law that the defect names, where that kills, or the quickest.

    The reference keeps the law there.
    """
    defect, one = catalogue()[defect_id], ROWS[defect_id]
    assert one["shown_by"] in killers(one)
    file = tmp_path / "story.toml"
    file.write_text(one["campaign"])
    campaign, law = load_campaign(file), laws(defect.device)[one["shown_by"]]
    assert isinstance(law.asked(Trial(campaign, defect.build)), Broken)
    assert not isinstance(law.asked(Trial(campaign, "reference")), Broken)


def test_every_defect_has_its_row_and_is_killed_by_the_law_that_it_names():
    """To do the rows that are missing: `make matrix DEFECTS="ID ID"`."""
    assert list(ROWS) == list(catalogue())
    assert survivors_of(FOUND) == []
    assert [name for name, one in ROWS.items() if not by_its_law(name, one)] == []


@pytest.mark.slow("lives the stories of a law")
def test_a_row_is_what_its_page_says():
    """As far as so few stories go: a law that kills so early kills here."""
    one = row("end-exclusive", stories=3, seed=ROWS["end-exclusive"]["seed"], declared_max=3)
    early = {law: after for law, after in killers(ROWS["end-exclusive"]).items() if after <= 3}
    passive = {law: after for law, after in early.items() if laws()[law].one_in == 1}
    assert passive.items() <= killers(one).items()
    assert passive


@pytest.mark.slow("asks laws of a defect")
def test_a_row_made_anew_has_its_own_date_and_the_others_keep_theirs():
    name, made = "end-exclusive", ROWS["end-exclusive"]["made"]
    count = sum(one["made"] == made and one["stories"] == ROWS[name]["stories"]
                for one in ROWS.values())  # fmt: skip
    assert f"{count} rows of {made}" in text(FOUND)
    anew = {**FOUND, "rows": {**ROWS, name: {**ROWS[name], "made": "2031-02-03", "stories": 7}}}
    assert f"{count - 1} rows of {made}" in text(anew)
    assert "1 rows of 2031-02-03, seed 0, 7 stories a cell" in text(anew)


def test_what_became_otherwise_in_a_row_is_said():
    was, now = (
        {"cells": {law: {"word": word} for law, word in zip("abcd", words, strict=False)}}
        for words in (("killed", "killed", "survived"), ("killed", "not asked", "killed", "killed"))
    )
    assert list(changes(was, now)) == ["no longer killed by b (not asked)", "now killed by c"]
    assert list(changes(was, was)) == []
