"""Each of the four ways in is walked in a fresh folder, and its answers are on the first screen."""

import re
import shlex
from typing import Any

import pytest

from tests.cells import each_cell
from tests.cli.outcome import runner
from tests.docs.first_screens import LINES, PATHS, SHOWN


@pytest.mark.slow("walks whole paths through the program")
@each_cell("path", PATHS, ids=str, short=1)
def test_the_answer_is_on_the_first_screen(path, tmp_path_factory, monkeypatch, capsys):
    emu = runner(monkeypatch, capsys)
    monkeypatch.chdir(tmp_path_factory.mktemp("fresh"))
    monkeypatch.setenv("COLUMNS", "80")
    out = ""
    for step in PATHS[path]:
        words = shlex.split(shown_by(out) if step.typed == SHOWN else step.typed)
        done: Any = emu(*words)
        out = done.out
        assert done.code == step.status, (words, done.err)
        screen = " ".join(" ".join(out.splitlines()[:LINES]).split())
        assert " ".join(step.answer.split()) in screen, (words, screen)


def shown_by(out: str) -> str:
    """Return the command that shows the worst case, without the name of the program."""
    found = re.search(r"(?m)^shown by: meter-emu (.+)$", out)
    assert found is not None, out
    return found[1]
