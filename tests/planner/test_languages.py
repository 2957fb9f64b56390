"""A plan in French and Dutch: every piece of it, and the same numbers in the same order."""

import html
import json
import re
from pathlib import Path

import pytest

from meter_emu.languages.speech import Speech, speaking, speech_of
from meter_emu.languages.tables import SPOKEN
from meter_emu.planner.sentences import lines
from tests.cells import each_cell
from tests.languages.pseudo import PSEUDO, left_over
from tests.planner.boards import board_page, board_result
from tests.planner.sheets import DISTRICTS, HEADINGS, MODELS, town
from tests.planner.test_dirty_sheets import CELLS, read
from tests.planner.test_plan import WHAT_IF, emu

DATA = [*DISTRICTS, *HEADINGS, *MODELS, "End of the suspension, July 2027"]
CODES = ["meter-emu", "meter_id", "model", "balance", "debt", "district", "last_visit"]
LETTERS = r"\b[A-F]\b"  # plans and columns


def seen_in(page: str) -> str:
    """Return what a reader of a page sees, and hears."""
    page = re.sub(r"<style>.*?</style>|\b[0-9a-f]{64}\b", "", page, flags=re.DOTALL)
    heard = re.findall(r'aria-label="([^"]*)"', page)
    return html.unescape("\n".join([re.sub(r"<[^>]*>", "\n", page), *heard]))


KEY = 'meter_numbers = "any"'  # of a plan


def numbers_in(text: str, speech: Speech) -> list[str]:
    table = speech.table
    text = re.sub(rf"(?<=\d){re.escape(table.group)}(?=\d{{3}}(?!\d))", "", text)
    text = re.sub(rf"(?<=\d){re.escape(table.decimal)}(?=\d)", ".", text)
    return re.findall(r"[-+]?\d+(?:\.\d+)?", text)


def run(folder: Path, count: int = 12, more: str = "", *options: str) -> tuple[str, Path]:
    """Run a plan with all that it writes; return what was said."""
    path = town(folder, count, more)
    status, out, err = emu(
        "plan", "run", str(path), "--jobs", "1", "--json", str(folder / "r.json"), "--seeds", "3",
        "--sheet", str(folder / "r.csv"), "--report", str(folder / "page"), *options,
    )  # fmt: skip
    assert status == 0
    return out + err, folder


# The pseudo-language ---------------------------------------------------------------------------


@pytest.mark.slow("runs a plan whole")
def test_a_pseudo_language_shows_no_untranslated_piece_of_the_answer(tmp_path):
    with speaking(PSEUDO):
        said, folder = run(tmp_path, 12, WHAT_IF, "--what-if")
        checked = "".join(emu("plan", "check", str(tmp_path / "plan.toml"))[1:])
    data = [*DATA, *CODES, str(tmp_path), "index.html", "r.json", "r.csv", "meters.csv", "page/"]
    sheet = (folder / "r.csv").read_text("utf-8-sig")
    for text in (said, checked, sheet, seen_in((folder / "page/index.html").read_text("utf-8"))):
        assert left_over(re.sub(LETTERS, "", text), data) == []
    assert "disconnected by order" not in said


@pytest.mark.slow("runs two plans")
def test_a_pseudo_language_shows_no_untranslated_piece_of_the_page():
    with speaking(PSEUDO):
        page = board_page()
    assert left_over(re.sub(LETTERS, "", seen_in(page)), DATA) == []
    assert left_over(seen_in(board_page()), DATA), "English is seen"


@each_cell("name", CELLS)
def test_a_pseudo_language_shows_no_untranslated_piece_of_a_mistake(tmp_path_factory, name):
    make, _ = CELLS[name]
    with speaking(PSEUDO):
        sheet = read(tmp_path_factory.mktemp("dirty"), make())
        for one in sheet.mistakes:
            data = [
                *DATA,
                KEY,
                one.cell,
                one.heading,
                repr(one.text)[:42],
                repr(one.text),
            ]
            left = left_over(re.sub(r"^.*?: '.*?': |%.", "", one.in_words), data)
            assert left == [], one.in_words


def test_mistakes_are_counted_in_the_language_of_the_plan(tmp_path):
    path = town(tmp_path, 30)
    text = path.read_text("utf-8")
    path.write_text(text.replace("seed = 1", 'seed = 1\nlanguage = "nl"'), "utf-8")
    sheet = tmp_path / "meters.csv"
    sheet.write_text(re.sub(r"(?m);gaz;", ";gas;", sheet.read_text("utf-8")), "utf-8")
    status, out, said = emu("plan", "run", str(path))
    assert (status, out) == (2, "")
    head, *lines = said.splitlines()
    assert head.endswith(f": {len(lines)} fouten, er is niets gesimuleerd")
    assert re.match(r"cel B\d+ \(Modèle\): 'gas': hier hoort een van deze woorden:", lines[0])
    said = emu("plan", "run", str(path), "--language", "fr")[2]
    first = said.splitlines()[1]
    assert re.match(r"cellule B\d+ \(Modèle\): 'gas': il faut l.un de ces mots\s:", first)
    assert "no mistake" not in said


def test_a_mistake_in_a_plan_is_in_its_language_too(tmp_path):
    path = town(tmp_path, 30)
    text = path.read_text("utf-8").replace("seed = 1", 'seed = 1\nlanguage = "fr"')
    path.write_text(text.replace("[28, 0.0]", "[28, 0.1]"), "utf-8")
    assert "il faut commencer par une part de 0" in emu("plan", "check", str(path))[2]
    path.write_text(text.replace('"fr"', '"de"'), "utf-8")
    assert "language" in emu("plan", "check", str(path))[2]
    assert emu("plan", "check", str(path), "--language", "fr")[0] == 2


# Three languages -------------------------------------------------------------------------------


@pytest.mark.slow("runs two plans")
@each_cell("code", SPOKEN[1:], short=1)
def test_every_language_has_the_same_numbers_in_the_same_order(code):
    result, found = board_result(), {}
    for each in ("en", code):
        with speaking(speech := speech_of(each)):
            said = list(lines(result))
            page = seen_in(board_page())
        found[each] = [*(numbers_in(one, speech) for one in said), numbers_in(page, speech)]
    for english, other in zip(found["en"], found[code], strict=True):
        assert english == other
    assert sum(map(len, found["en"])) > 200


@pytest.mark.slow("runs a plan in three languages")
def test_json_and_exit_status_are_the_same_in_every_language(tmp_path_factory):
    found, said = set(), set()
    for code in SPOKEN:
        words, folder = run(
            tmp_path_factory.mktemp(code), 6, WHAT_IF, "--what-if", "--language", code
        )
        found.add((folder / "r.json").read_bytes())
        said.add(words.partition("\n")[0])
        assert f'<html lang="{code}">' in (folder / "page/index.html").read_text("utf-8")
    assert len(found) == 1
    assert len(said) == 3
    assert json.loads(found.pop())["plans"][0]["figures"]["supplied"] > 0
