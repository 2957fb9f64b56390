"""Each example of docs/python-api.md runs as it is, in a folder of its own, and prints it."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import blocks, page, section

PAGE = page("docs/python-api.md")
LINES_MAX = 14  # ten, and what it imports


def example(heading: str) -> str:
    (found,) = blocks(section(PAGE, heading), "python")
    return found


def ran(heading: str, folder: Path, monkeypatch: Any, capsys: Any) -> tuple[str, dict[str, Any]]:
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(example(heading), heading, "exec"), names)
    return capsys.readouterr().out, names


@pytest.mark.parametrize("heading", re.findall(r"^## (?!What is public)(.+)$", PAGE, re.MULTILINE))
def test_an_example_is_short_and_takes_public_modules_alone(heading: str) -> None:
    lines = [line for line in example(heading).splitlines() if line.strip()]
    assert len(lines) <= LINES_MAX, len(lines)
    ours = re.findall(r"^from ((?:card_protocol|meter_emu)\S*)", example(heading), re.MULTILINE)
    assert ours
    assert all(f"| `{name}` |" in PAGE for name in ours)


def test_a_meter_is_driven(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    said, _ = ran("Drive a meter", tmp_path, monkeypatch, capsys)
    inserted, before, after = said.splitlines()
    assert inserted == "EXECUTED"
    assert before.startswith("True ")
    assert after.startswith("False 2020-07-03 23:1")


def test_a_card_is_written_and_read(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    said, _ = ran("Write and read a card", tmp_path, monkeypatch, capsys)
    assert re.fullmatch(r"b'PE' \d+\n", said)
    assert [path.name for path in tmp_path.iterdir()] == ["home.card"]


@pytest.mark.slow("rehearses 32 households")
def test_a_campaign_is_judged(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    said, names = ran("Judge a campaign", tmp_path, monkeypatch, capsys)
    assert len(names["runs"]) == 32
    early = [run for run in names["runs"] if run.outcome.verdict is names["Verdict"].EARLY]
    assert early
    assert said.count("\n") == 1 + len(early)


@pytest.mark.slow("40 stories")
def test_the_laws_are_asked(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    said, _ = ran("Run the laws on a program", tmp_path, monkeypatch, capsys)
    assert "never-early broken\n" in said
    assert re.search(r"^conserved held on \d+ stories$", said, re.MULTILINE)


@pytest.mark.slow("a hundred examples of Hypothesis")
def test_dates_are_drawn(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    _, names = ran("Draw dates", tmp_path, monkeypatch, capsys)
    names["test_a_clock_that_is_sent_as_text_comes_back"]()
