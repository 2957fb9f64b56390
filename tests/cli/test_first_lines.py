"""Line 1 of every command is its verdict with its numbers, or the one line of a mistake."""

import re
import shlex
from collections.abc import Callable
from shutil import copytree
from typing import Any

import pytest

from tests.cells import each_cell
from tests.cli.first_lines import FIRST_LINES, FirstLine, folder_of_files
from tests.cli.test_commands import LEAVES

ROWS = [(verb, row) for verb, rows in FIRST_LINES.items() for row in rows]


def test_every_command_has_its_row():
    assert list(FIRST_LINES) == [one for one in FIRST_LINES if one in LEAVES], "no such command"
    assert set(LEAVES) - set(FIRST_LINES) == set()


def test_every_command_that_takes_something_is_tried_with_something_wrong():
    takes_nothing = {"fuzz list"}
    tried = {verb for verb, row in ROWS if row.status == 2}
    assert set(FIRST_LINES) - tried == takes_nothing


@pytest.fixture
def filled(tmp_path, monkeypatch, emu):
    """Return a folder with one file of every kind; the process is in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    folder_of_files(tmp_path, emu)
    return tmp_path


def first_line(emu: Callable[..., Any], verb: str, row: FirstLine) -> str:
    done = emu(*verb.split(), *shlex.split(row.typed))
    assert done.code == row.status, (done.code, done.out, done.err)
    said = done.err if row.status == 2 else done.out
    assert said, done.err
    return str(said.splitlines()[0])


@pytest.mark.slow("runs every command")
@each_cell("verb, row", ROWS, ids=str, short=40)
def test_line_1_is_the_verdict(emu, filled, tmp_path_factory, monkeypatch, verb, row):
    folder = tmp_path_factory.mktemp("typed") / "here"
    copytree(filled, folder)
    monkeypatch.chdir(folder)
    line = first_line(emu, verb, row)
    assert re.match(row.says, line), line
