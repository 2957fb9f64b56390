"""docs/report.md says what the page says, and its picture is one."""

import re
import shlex
import struct
from pathlib import Path

import pytest

from meter_emu.world.judge.obligations import RULES
from meter_emu.world.judge.verdicts import (
    EXPECTED,
    FINDING,
    MEANING,
    PLAIN,
    PLAIN_FINDING,
    FindingKind,
    Verdict,
)
from meter_emu.world.meter.events import What
from tests.cells import each_cell
from tests.docs.pages import ROOT, blocks, page, section, table
from tests.docs.test_readme import run
from tests.report.pages import BOTH, Page, ores_page, ores_read
from tests.report.picture import PICTURE, SHEETS, answer_of, said_then, said_today, sheet, with_text

PAGE = page("docs/report.md")
PICTURE_BYTES_MAX = 200_000


@pytest.mark.slow("runs what the page says")
def test_the_command_writes_the_page(tmp_path: Path) -> None:
    (command,) = blocks(PAGE, "sh")
    program, *arguments = shlex.split(command)
    assert program == "meter-emu"
    assert run(*arguments, cwd=tmp_path).returncode == 1
    assert (tmp_path / "out" / "index.html").read_text("utf-8") == ores_page(BOTH)


@pytest.mark.slow("rehearses the campaign of 2020 for its page")
def test_the_sections_are_those_of_the_page() -> None:
    said = re.findall(r"^\d\. \*\*(.+?)\*\*", section(PAGE, "From the top"), re.MULTILINE)
    assert said[1:] == ores_read(BOTH).texts("h2")


def test_the_verdicts_have_the_words_of_the_page() -> None:
    rows = table(PAGE, "on the page", "verdict")
    assert rows == [[plain.heading, verdict.value] for verdict, plain in PLAIN.items()]


def test_the_verdicts_mean_what_the_campaign_file_page_says() -> None:
    rows = table(page("docs/campaign-file.md"), "verdict", "means", "as expected")
    assert rows == [[verdict.value, MEANING[verdict], _expected(verdict)] for verdict in Verdict]


def test_the_span_rules_are_those_of_the_campaign_file_page() -> None:
    rows = table(page("docs/campaign-file.md"), "rule", "the supply must be")
    assert rows == [[rule.name, rule.says] for rule in RULES]


def test_the_findings_mean_what_the_campaign_file_page_says() -> None:
    rows = table(page("docs/campaign-file.md"), "finding", "means")
    assert rows == [[kind.value, FINDING[kind]] for kind in FindingKind]
    assert set(PLAIN_FINDING) == set(FindingKind)


def _expected(verdict: Verdict) -> str:
    return "yes" if verdict in EXPECTED else "only with `expect`"


def test_every_kind_of_event_is_named_in_the_campaign_file_page() -> None:
    rows = dict(table(page("docs/campaign-file.md"), "key", "value"))
    assert re.findall(r"`([^`]+)`", rows["what"]) == [what.value for what in What]


def test_the_picture_is_small_and_a_picture() -> None:
    raw = (ROOT / "docs" / "report.png").read_bytes()
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(raw) <= PICTURE_BYTES_MAX
    width, height = struct.unpack(">II", raw[16:24])
    assert width >= 800
    assert height >= 800
    assert "docs/report.png" in page("README.md")


@pytest.mark.slow("rehearses the campaign of 2020")
def test_the_picture_says_what_the_page_says_today() -> None:
    raw = PICTURE.read_bytes()
    assert said_then(raw) == said_today(), "make shots"
    assert said_then(with_text(b"\x89PNG" + raw[-12:], "another")) == "another"


@pytest.mark.slow("rehearses a sample of the fleet")
@each_cell("name", SHEETS, ids=str, short=1)
def test_a_sheet_says_what_it_would_say_today(name: str) -> None:
    raw = (ROOT / "docs" / name).read_bytes()
    assert said_then(raw) == answer_of(Page(sheet(*SHEETS[name]))), "make shots"
