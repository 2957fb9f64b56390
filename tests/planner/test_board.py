"""The page for a board in a browser: one A4, and within its window."""

import pytest

from meter_emu.languages.speech import speaking, speech_of
from meter_emu.languages.tables import SPOKEN
from tests.cells import each_cell
from tests.languages.pseudo import PSEUDO
from tests.planner.boards import board_page
from tests.report.browser import need_browser, printed, swept


@pytest.fixture(scope="module", autouse=True)
def browser():
    need_browser()


def in_language(code: str) -> str:
    with speaking(PSEUDO if code == PSEUDO.code else speech_of(code)):
        return board_page()


@pytest.mark.slow("runs two plans, and prints the page")
@each_cell("code", SPOKEN, short=1)
def test_the_page_is_one_sheet_of_paper(tmp_path, code):
    page = in_language(code)
    assert printed(page, tmp_path) == 1
    assert printed(page.replace("</main>", "<p>more</p>" * 120 + "</main>"), tmp_path) > 1


@pytest.mark.slow("runs two plans, and looks at the page in a browser")
@each_cell("code", [*SPOKEN, PSEUDO.code], short=1)
def test_the_page_is_within_windows_of_every_width(tmp_path, code):
    widths = [320, 390, 640, 800, 1100, 1600]
    page = in_language(code)
    assert swept(page, tmp_path, widths) == [(width, width) for width in widths]
    wide = page.replace("</main>", '<p style="min-width:700px">wide</p></main>')
    assert [window for window, seen in swept(wide, tmp_path, widths) if seen > window] == [
        320, 390, 640,
    ]  # fmt: skip


@pytest.mark.slow("runs two plans")
def test_all_that_a_page_can_have_is_on_it():
    page = board_page()
    for heading in (
        "Which date?", "What breaks the plan first", "What to do",
    ):  # fmt: skip
        assert f">{heading}</h2>" in page
    assert page.count("<p>If ") == 8
    assert page.count("<li>") >= 2, "the offices are too small: there is something to do"
