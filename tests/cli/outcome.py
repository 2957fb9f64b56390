"""The command line run in this process: what a run leaves, and the one line of a mistake."""

import json
import re
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from meter_emu.cli import app
from meter_emu.cli.schema import schemas


class Outcome:
    """Exit status and both streams."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def complains(self) -> str:
        """Return the one line of a run that ended with 2, and of a file its line with carets."""
        assert self.code == 2, (self.code, self.out, self.err)
        assert self.out == ""
        assert self.err.startswith("meter-emu: ")
        lines = self.err.count("\n")
        assert lines == 1 or (lines == 3 and re.search(r"\n  .*\n  +\^+\n\Z", self.err)), self.err
        assert self.err.endswith("\n")
        assert "Traceback" not in self.err
        return self.err

    def json(self) -> Any:
        """Return standard output as JSON, which it must be as a whole: see `checked`."""
        assert self.err == ""
        return checked(self.out)


def checked(text: str | bytes) -> Any:
    """Return what a command printed as JSON: what is in it after its schema, which must hold."""
    found = json.loads(text)
    name, _, version = found.pop("schema").partition("/")
    assert version.isdecimal()
    msgspec.json.decode(text, type=schemas()[name])
    return found


def runner(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *before: str,
    after: tuple[str, ...] = (),
) -> Callable[..., Outcome]:
    """Return what runs the command line through the real `run`, with these words around others."""

    def go(*args: object) -> Outcome:
        argv = ["meter-emu", *before, *map(str, args), *after]
        monkeypatch.setattr(sys, "argv", argv)
        capsys.readouterr()
        return Outcome(app.run(), *capsys.readouterr())

    return go
