"""The front panel in French, Dutch and a pseudo-language, in a browser: `make test-web`."""

import re
from pathlib import Path
from typing import Any

import pytest

from meter_emu.languages.tables import SPOKEN
from meter_emu.resources import find
from meter_emu.world.rehearsal.campaign import load_campaign
from tests.cells import each_cell
from tests.languages.pseudo import left_over
from tests.web.browser import PROGRAM, go_to, window
from tests.web.seat import NEVER_BACK, WRONG, heard_panel, panel

pytest.importorskip("playwright", reason="the browser's driver comes with `make test-web`")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no chromium: apt-get install chromium")

# What a reader sees, hears and is shown by a pointer, but for what says that it is English.
READ = """() => {
  const page = document.body.cloneNode(true);
  for (const node of page.querySelectorAll("[lang=en], script, style")) node.remove();
  const named = [...page.querySelectorAll("*")].flatMap((node) =>
    ["aria-label", "title", "placeholder"].map((name) => node.getAttribute(name) ?? ""));
  const texts = [...page.querySelectorAll("*")].flatMap((node) =>
    [...node.childNodes].filter((one) => one.nodeType === 3).map((one) => one.data));
  return [...named, ...texts].join("\\n");
}"""
# On its case and on keys; units; the program's own words for a program, a card, the zone of time.
ENGRAVED = ("CREDIT", "RECONNECT", "FAULT", "CLOCK", "meter-emu", "EUR", "help", " W", "kWh",
            "home.card", "reference+end-exclusive")  # fmt: skip
KEYS = r"\b(?:[A-Z]|Esc|s|T[12])\b"  # of the keyboard and the keypad; a second; two moments


def data() -> list[str]:
    campaign = load_campaign(find("campaigns", NEVER_BACK[0]))
    announced = [one.in_words for one in campaign.announced]
    return [campaign.name, NEVER_BACK[-1], *announced, *ENGRAVED]


def seen_at(seen: Any, when: str) -> str:
    from playwright.sync_api import expect

    go_to(seen, when)
    expect(seen.locator("#bytes")).to_contain_text("state record")
    text: str = seen.evaluate(READ)
    return text


@pytest.mark.slow("a panel in a browser")
def test_a_pseudo_language_shows_no_untranslated_piece_and_is_within_its_window(tmp_path: Path):
    with heard_panel(*NEVER_BACK, *WRONG, cwd=tmp_path, pseudo=True) as (address, _):
        for width in (390, 1280):
            with window(address, width) as seen:
                for when in ("2020-06-29 12:00", "2020-07-02 23:30"):
                    assert left_over(re.sub(KEYS, "", seen_at(seen, when)), data()) == []
                    assert seen.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.slow("a panel in a browser")
@each_cell("code", SPOKEN[1:])
@each_cell(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_nothing_is_cut_off_and_axe_finds_nothing(width, scheme, code, tmp_path_factory):
    from axe_playwright_python.sync_playwright import Axe

    folder = tmp_path_factory.mktemp("seat")
    more = {"color_scheme": scheme, "reduced_motion": "reduce", "bypass_csp": True}
    with (
        panel(*NEVER_BACK, *WRONG, "--language", code, cwd=folder) as address,
        window(address, width, **more) as seen,
    ):
        seen_at(seen, "2020-07-02 23:30")
        assert seen.evaluate("document.documentElement.lang") == code
        assert seen.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(seen)
        assert found.violations_count == 0, found.generate_report()


@pytest.mark.slow("a panel in a browser")
def test_a_panel_of_one_language_shows_the_numbers_of_another(tmp_path_factory):
    """The tour is played to its end, by the buttons that a reader of the language sees."""
    found = set()
    for code in SPOKEN:
        folder = tmp_path_factory.mktemp(code)
        with (
            panel(*NEVER_BACK, *WRONG, "--language", code, cwd=folder) as address,
            window(address, 1280) as seen,
        ):
            seen.locator("#take-tour").click()
            for number in range(1, 7):
                seen.locator("#step").click()
                seen.locator("#step-of", has_text=str(number)).wait_for()
            seen.locator("#clock", has_text="2020-07-04 12:00").wait_for()
            found.add((seen.locator("#display").inner_text(), seen.locator("#clock").inner_text()))
    assert len(found) == 1
