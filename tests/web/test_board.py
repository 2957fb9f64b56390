"""The page for a board in the system's browser, with axe: `make test-web`."""

from pathlib import Path

import pytest

from meter_emu.languages.speech import speaking, speech_of
from meter_emu.languages.tables import SPOKEN
from tests.cells import each_cell
from tests.planner.boards import board_page
from tests.web.browser import PROGRAM

pytest.importorskip("playwright", reason="the browser's driver comes with `make test-web`")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no chromium: apt-get install chromium")


@pytest.mark.slow("runs two plans, and looks at the page in a browser")
@each_cell("code", SPOKEN)
@each_cell(("width", "scheme"), [(w, s) for w in (390, 1100) for s in ("light", "dark")])
def test_nothing_is_cut_off_and_axe_finds_nothing(width, scheme, code, tmp_path: Path):
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    path = tmp_path / "index.html"
    with speaking(speech_of(code)):
        path.write_text(board_page(), "utf-8")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        seen = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
        )
        seen.goto(path.as_uri())
        assert seen.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(seen)
        browser.close()
    assert found.violations_count == 0, found.generate_report()
