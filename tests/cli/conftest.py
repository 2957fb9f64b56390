"""The fixtures: the command line in this process, and a card of either carrier made by it."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.budget_cards import METER
from tests.cli.outcome import runner


@pytest.fixture
def emu(monkeypatch, capsys):
    """Run the command line in this process, through the real `run`."""
    return runner(monkeypatch, capsys)


@pytest.fixture(params=["secure", "plain"])
def card(tmp_path: Path, emu: Any, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / "card.bin"
    kind = ("--carrier", request.param)
    done = emu("card", "new", path, "--meter-id", METER, *kind, "--issued-at", "2020-05-29 10:00")
    assert (done.code, done.err) == (0, "")
    return path
