"""The fixtures: the command line in this process, and a card of either carrier made by it."""

import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from meter_emu.cli import app
from tests.cli.budget_cards import METER
from tests.cli.outcome import Outcome


@pytest.fixture(autouse=True, scope="session")
def interruptible():
    """Undo what a script's background job starts with: SIGINT ignored, in what it starts too."""
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def emu(monkeypatch, capsys):
    """Run the command line in this process, through the real `run`."""

    def go(*args: str | Path) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["meter-emu", *map(str, args)])
        capsys.readouterr()
        code = app.run()
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return go


@pytest.fixture(params=["secure", "plain"])
def card(tmp_path: Path, emu: Any, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / "card.bin"
    kind = ("--carrier", request.param)
    done = emu("card", "new", path, "--meter-id", METER, *kind, "--issued-at", "2020-05-29 10:00")
    assert (done.code, done.err) == (0, "")
    return path
