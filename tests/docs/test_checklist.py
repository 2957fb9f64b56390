"""The checklist: twenty questions, each with a defect of the catalogue behind it."""

import re

from meter_emu.defects import catalogue
from tests.docs.pages import page

PAGE = page("docs/checklist.md")
QUESTIONS = re.findall(r"^(\d+)\. (.*?)(?=^\d+\. |^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[([^\]]+)\]\(date-bugs\.md#([^)]+)\)")


def test_there_are_twenty_questions() -> None:
    assert [int(number) for number, _ in QUESTIONS] == list(range(1, 21))
    assert all(re.match(r"\*\*[^*]+\?", text) for _, text in QUESTIONS)


def test_each_has_a_defect_behind_it_and_links_to_it() -> None:
    headings = set(re.findall(r"^### `(.+)`$", page("docs/date-bugs.md"), re.MULTILINE))
    for number, text in QUESTIONS:
        links = LINK.findall(text)
        assert links, number
        for said, anchor in links:
            assert said == anchor
            assert anchor in catalogue()
            assert anchor in headings


def test_it_is_a_page() -> None:
    assert len(PAGE.splitlines()) <= 90
