"""The report in French, Dutch and a pseudo-language: whole, within its window, the same numbers."""

import html
import re

import pytest

from meter_emu.cli.rehearsing import made_by
from meter_emu.languages.speech import Speech, speaking, speech_of
from meter_emu.languages.tables import SPOKEN
from meter_emu.report.facts import Collector
from meter_emu.report.page import render
from meter_emu.resources import built_in, find
from meter_emu.world.rehearsal.campaign import load_campaign
from tests.cells import each_cell
from tests.languages.pseudo import PSEUDO, left_over
from tests.planner.test_languages import numbers_in
from tests.report.browser import need_browser, show, swept
from tests.report.pages import BOTH, EARLY, REFERENCE, collected, ores

SPOKEN_AS = {code: speech_of(code) for code in SPOKEN} | {PSEUDO.code: PSEUDO}
NAMES = sorted(set(built_in("campaigns")) - {"ores-fleet"})  # 53,579 households, of no other kind
ENGLISH = re.compile(r'<(\w+)([^>]*) lang="en"[^>]*>.*?</\1>', re.DOTALL)  # what says that it is
UNSPOKEN = re.compile(
    r"<style>.*?</style>|<script>.*?</script>|<code>.*?</code>|\b[0-9a-f]{64}\b", re.DOTALL
)


def in_language(build: str, speech: Speech) -> str:
    with speaking(speech):
        return render(ores(build))


def read(page: str) -> str:
    """Return what a reader of a page sees, hears, and is shown by a pointer."""
    page = UNSPOKEN.sub("", re.sub(r'<span class="option">([^<]*)</span>', r"\1", page))
    heard = re.findall(r'(?:aria-label|data-label|data-open|data-found|data-none)="([^"]*)"', page)
    return html.unescape("\n".join([re.sub(r"<[^>]*>", "\n", page), *heard]))


def data_of(seen: Collector) -> list[str]:
    """Return what is the campaign's own on its page, or is in English by rule."""
    campaign = seen.campaign
    found = [campaign.name, campaign.zone.key, *campaign.builds, seen.made.command, "--report DIR"]
    found += ["--household {word}", "{found}", "{total}", "SHA-256", "meter-emu"]
    for group in seen.groups.values():
        for one in group.first.outcome.findings:
            found += [f"{one.kind.value}: {one.words}"]
    for household in campaign.households:
        found += [household.id, household.kind, household.model_name, household.group]
    for said in campaign.announced:
        found += [said.name or "", said.words, *said.words.split("\n")]
    found += [one.text for one in campaign.reported]
    return [one for one in found if one]


@pytest.mark.slow("renders a page three times")
@each_cell("build", [REFERENCE, EARLY, BOTH], short=1)
def test_a_pseudo_language_shows_no_untranslated_piece(build):
    page = in_language(build, PSEUDO)
    seen = read(ENGLISH.sub("", page))
    assert left_over(seen, data_of(ores(build))) == []
    assert left_over(read(page), data_of(ores(build))), "it is seen"


@pytest.mark.slow("whole built-in campaigns")
@each_cell("build", ["reference", "reference+end-exclusive"], short=1)
@each_cell("name", NAMES, short=1)
def test_no_campaign_shows_an_untranslated_piece(name, build):
    campaign = load_campaign(find("campaigns", name), build=build)
    seen = collected(campaign, made_by(name, build=build))
    with speaking(PSEUDO):
        page = render(seen)
    said = read(ENGLISH.sub("", page))
    assert left_over(said, data_of(seen)) == []


@pytest.mark.slow("renders a page in three languages")
@each_cell("build", [EARLY, BOTH], short=1)
def test_every_language_has_the_same_numbers_in_the_same_order(build):
    found = {}
    for code in SPOKEN:
        page = in_language(build, SPOKEN_AS[code])
        assert f'<html lang="{code}">' in page
        found[code] = numbers_in(read(page), SPOKEN_AS[code])
    assert found["fr"] == found["nl"] == found["en"]
    assert len(found["en"]) > 2000


@pytest.mark.slow("looks at the page in a browser")
@each_cell("code", [*SPOKEN[1:], PSEUDO.code], short=1)
def test_a_language_is_within_windows_of_every_width(code, tmp_path_factory):
    need_browser()
    widths = [320, 390, 640, 800, 1100, 1600]
    page, folder = in_language(BOTH, SPOKEN_AS[code]), tmp_path_factory.mktemp("page")
    assert swept(page, folder, widths) == [(width, width) for width in widths]
    seen = show(page, folder, width=390).seen
    assert seen["outside"] == []
    assert seen["faint"] == []
    assert seen["found"] == [2, 2, 0, 32]
