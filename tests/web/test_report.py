"""The report in the system's browser: its length, its paper and its text, with axe."""

import re
from collections import Counter
from pathlib import Path
from unicodedata import normalize

import pytest

from tests.campaigns import head
from tests.cells import each_cell
from tests.report.pages import BOTH, EARLY, REFERENCE, ores_page, page_of
from tests.web.browser import PROGRAM

pytest.importorskip("playwright", reason="the browser's driver comes with `make test-web`")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no chromium: apt-get install chromium")

FOLDED_PX_MAX = {32: 4_000, 500: 6_000}
BYTES_MAX = 300_000
HOUSEHOLD = """[[household]]
id = "household-{0}"
kind = "the {0}th kind of household in its street, which never came back"
balance_eur = {1}
load_w = {2}
visits = [
  {{ at = 2020-06-02T11:00:00, desk = ["defer", "cut"] }},
  {{ at = 2020-06-02T11:30:00, insert = true }},
]
"""


def five_hundred(folder: Path) -> str:
    """Return the page of 500 households, no two of one kind."""
    ends = head(
        "many", "2020-06-01T08:00:00", "2020-07-08T12:00:00", f'build = "{EARLY}"', 'text = "On."'
    )
    rows = (HOUSEHOLD.format(number, 8 + number % 40, 100 + number) for number in range(500))
    return page_of(folder / "c.toml", ends + "".join(rows))


def page_for(name: str, folder: Path) -> str:
    return five_hundred(folder) if name == "500" else ores_page(name)


class Opened:
    """A page in the browser."""

    def __init__(self, page: str, folder: Path, **more: object) -> None:
        self.path = folder / "index.html"
        self.path.write_text(page, "utf-8")
        self.more = more

    def __enter__(self):
        from playwright.sync_api import sync_playwright

        self.driver = sync_playwright().start()
        self.browser = self.driver.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        seen = self.browser.new_page(**self.more)
        seen.goto(self.path.as_uri())
        return seen

    def __exit__(self, *_: object) -> None:
        self.browser.close()
        self.driver.stop()


@pytest.mark.slow("runs 500 households, and looks at the page in a browser")
@each_cell(("name", "most"), [(REFERENCE, 32), (BOTH, 32), ("500", 500)])
def test_a_folded_page_is_short_and_light(name, most, tmp_path):
    page = page_for(name, tmp_path)
    assert len(page.encode()) <= BYTES_MAX
    with Opened(page, tmp_path, viewport={"width": 1440, "height": 900}) as seen:
        height = "document.documentElement.scrollHeight"
        folded = seen.evaluate(height)
        assert folded <= FOLDED_PX_MAX[most]
        seen.click("#find button")
        assert seen.evaluate(height) > 2 * folded, "what is folded is there"


def paper_of(seen) -> tuple[int, str]:
    """Return how many sheets a page is printed on, and the text on them."""
    from io import BytesIO

    from pypdf import PdfReader

    sheets = PdfReader(BytesIO(seen.pdf(prefer_css_page_size=True))).pages
    return len(sheets), "\n".join(sheet.extract_text() for sheet in sheets)


def letters(text: str) -> Counter[str]:
    """Return how often each letter is there, wherever lines and cells break."""
    return Counter(re.sub(r"\s", "", normalize("NFKC", text)))


SHOWN = """() => {
  const clicked = "nav, .skip, .on-screen, details:not([open]), .stories:not(:has(details[open]))";
  document.querySelectorAll(`${clicked}, title, script, style`).forEach((one) => one.remove());
  document.querySelectorAll("ol > li").forEach((one, at) => { one.prepend(`${at + 1}.`); });
  return document.body.innerText;
}"""


@pytest.mark.slow("runs 500 households, and prints the page")
@each_cell("name", [REFERENCE, BOTH, "500"])
@each_cell("opened", [False, True])
def test_the_paper_says_what_the_screen_says(name, opened, tmp_path):
    """All but what is there to be clicked; of each column, label and line of the table."""
    with Opened(page_for(name, tmp_path), tmp_path, color_scheme="dark") as seen:
        if opened:
            seen.locator(".household-of summary").first.click()
        sheets, text = paper_of(seen)
        assert sheets == 2 or opened
        back = "getComputedStyle(document.documentElement).backgroundColor"
        assert seen.evaluate(back) != "rgb(255, 255, 255)", "the screen is dark"
        seen.emulate_media(media="print")
        assert seen.evaluate(back) == "rgb(255, 255, 255)", "the paper is not"
        seen.emulate_media(media="screen")
        assert letters(text) == letters(seen.evaluate(SHOWN))


@pytest.mark.slow("looks at the page in a browser")
@each_cell("build", [REFERENCE, BOTH])
@each_cell(("width", "scheme"), [(w, s) for w in (390, 820, 1440) for s in ("light", "dark")])
def test_nothing_is_cut_off_and_axe_finds_nothing(width, scheme, build, tmp_path):
    from axe_playwright_python.sync_playwright import Axe

    more = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme, "bypass_csp": True}
    with Opened(ores_page(build), tmp_path, **more) as seen:
        assert seen.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(seen)
        assert found.violations_count == 0, found.generate_report()
        seen.get_by_role("link", name="never-back", exact=True).click()
        assert seen.locator("details[open] article").count() == 1, "a link opens its household"
        found = Axe().run(seen)
        assert found.violations_count == 0, found.generate_report()
