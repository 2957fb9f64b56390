"""The page in a real browser: silent, alone, legible and within its window.

Each check is also shown a page that breaks the rule, so that it cannot pass by seeing nothing.
"""

import pytest

from tests.campaigns import head
from tests.cells import each_cell
from tests.report.browser import console_of, need_browser, printed, run, show, swept
from tests.report.pages import BOTH, EARLY, REFERENCE, ores, ores_page, page_of

pytestmark = pytest.mark.usefixtures("browser")


@pytest.fixture(scope="module")
def browser():
    need_browser()


@pytest.mark.slow("looks at the page in a browser", short=1)
@pytest.mark.parametrize(
    ("build", "width", "dark"),
    [
        (REFERENCE, 1600, False),
        (REFERENCE, 360, False),
        (BOTH, 360, True),
        (BOTH, 1600, True),
        (EARLY, 800, False),
    ],
)
def test_the_page_is_silent_alone_legible_and_within_its_window(build, width, dark, tmp_path):
    shown = show(ores_page(build), tmp_path, width=width, dark=dark)
    seen = shown.seen
    assert shown.console == []
    assert (seen["width"], seen["dark"]) == (width, dark)
    assert seen["loads"] == []
    assert seen["overflow"] is False
    assert seen["outside"] == []
    assert seen["texts"] > 500
    assert seen["faint"] == []
    assert seen["bars"] > 200
    assert seen["faint_bars"] == []
    assert seen["keyboard"] == 0
    assert seen["drawings"] > 50
    assert seen["crossed"] == []
    assert (seen["options"] > 4, seen["broken_options"]) == (True, 0)
    assert seen["found"] == [2, 2, 0, 32]  # one of electricity and one of gas; all without a word


@pytest.mark.slow("looks at the page in a browser")
def test_the_page_as_it_is_says_nothing_on_the_console(tmp_path):
    """With its policy, without the probe: nothing on it is even refused."""
    path = tmp_path / "index.html"
    path.write_text(ores_page(BOTH), "utf-8")
    dumped = run(path, tmp_path, "--window-size=1600,900", dark=False)
    assert "Household by household" in dumped.stdout
    assert "Find a household: <input" in dumped.stdout, "its policy lets its own script run"
    assert console_of(dumped.stderr) == []


@pytest.mark.slow("looks at the page in a browser")
@each_cell("build", [REFERENCE, EARLY, BOTH], short=1)
def test_thirty_two_households_are_printed_on_two_pages(build, tmp_path):
    """One for a board and one with a line for each; what somebody opens comes after them."""
    assert len(ores(build).groups) == 32
    page = ores_page(build)
    assert printed(page, tmp_path) == 2
    folded = '<details class="household-of'
    assert printed(page.replace(folded, folded.replace(" ", " open ", 1)), tmp_path) > 12


@pytest.mark.slow("looks at the page in a browser")
def test_the_page_is_within_windows_of_every_width(tmp_path):
    """From a telephone to a large screen; a long digest and long names must break."""
    widths = [*range(320, 960, 32), *range(960, 1281, 64), *range(1440, 1921, 160)]
    page = page_of(tmp_path / "c.toml", LONG)
    assert swept(page, tmp_path, widths) == [(width, width) for width in widths]
    wide = page.replace("</main>", '<p style="min-width:700px">wide</p></main>')
    over = [window for window, wide in swept(wide, tmp_path, widths[::4]) if wide > window]
    assert over, "a page that is too wide is seen"
    assert max(over) < 800


LONG = (
    head("a campaign with " + "a-very-long-name" * 6, "2020-06-01T08:00:00", "2020-06-03T12:00:00")
    + f"""[[household]]
id = "{"x" * 90}"
kind = "{"word" * 30}"
balance_eur = 8
load_w = 200
"""
)
PLANTED = """
<p style="color:#999">faint words</p>
<p style="min-width:2000px">wide words</p>
<img src="http://127.0.0.1:9/x.png" alt="">
<a href="#made" tabindex="-1">not for the keyboard</a>
<svg><rect class="bar" fill="#eeeeee" width="9" height="9"/></svg>
<svg class="drawing" height="60"><defs><path id="planted-l" d="M0 0v40"/></defs>
<use href="#planted-l" x="1%"/><text class="start" y="12">a crossed word</text></svg>
<div style="width:4em"><span class="option" style="white-space:normal">--an option</span></div>
<script>nothing.here()</script>
</main>"""


@pytest.mark.slow("looks at the page in a browser")
def test_a_page_that_breaks_every_rule_is_found_out_in_each(tmp_path):
    """One mistake a rule, on one page: a browser takes seconds to start."""
    page = page_of(tmp_path / "c.toml", LONG)
    shown = show(page.replace("</main>", PLANTED), tmp_path, width=1600)
    seen = shown.seen
    assert [one.partition(":")[0] for one in seen["faint"]] == ["faint words"]
    assert seen["overflow"] is True
    assert "P wide words" in seen["outside"]
    assert seen["loads"] == ["http://127.0.0.1:9/x.png"]
    assert seen["keyboard"] == 1
    assert seen["crossed"] == ["a crossed word"]
    assert seen["broken_options"] == 1
    assert [one.partition(":")[0] for one in seen["faint_bars"]] == ["bar"]
    assert any("nothing is not defined" in line for line in shown.console)


@pytest.mark.slow("looks at the page in a browser")
def test_the_policy_of_the_page_refuses_what_would_be_loaded(tmp_path):
    path = tmp_path / "index.html"
    planted = '<img src="missing.png" alt=""></main>'
    page = page_of(tmp_path / "c.toml", LONG)
    path.write_text(page.replace("</main>", planted), "utf-8")
    said = console_of(run(path, tmp_path, "--window-size=1600,900", dark=False).stderr)
    assert any("Content Security Policy" in line for line in said)
