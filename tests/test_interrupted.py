"""Ctrl-C, which goes to a whole group of processes, is one line of each, and nothing changes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from meter_emu.cli.exits import EXIT_INTERRUPTED
from tests.bounds import HANG_S
from tests.cells import each_cell
from tests.interrupted import WORDS

ROOT = Path(__file__).parents[1]
EVIDENCE = ROOT / "docs" / "evidence"
# Its arguments, and how the line begins after which it is at work and has nothing more to say.
COMMANDS = {
    "tests.matrix": (("end-exclusive", "stale-order-accepted"), "2 defects"),
    "tests.mutants": (("--sample", "3"), "3 mutants"),
    "tests.bench": ((), "CPython"),
}


PLAIN = """
import click, time
@click.command()
def go():
    click.echo("begun")
    time.sleep(60)
go()
"""


CLASS = """
import click, sys, time
class Waits:
    def __set_name__(self, owner, name):
        click.echo("begun")
        time.sleep(60)
@click.command()
def go():
    class Made:
        one = Waits()
"""
MADE_IN = {
    "a command of make": "from tests.interrupted import run_or_interrupted\nrun_or_interrupted(go)",
    "the program": (
        "from meter_emu.cli.app import cli, main\n"
        "cli.callback = go.callback\nsys.argv = ['meter-emu', 'list']\nmain()"
    ),
}


def interrupted(*words: str, begun: str) -> "subprocess.CompletedProcess[str]":
    """Run Python in a group of its own; interrupt the group when a line of it begins so."""
    with subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith(begun):
                break
        os.killpg(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=HANG_S)
    return subprocess.CompletedProcess(words, running.returncode, out, err)


@pytest.mark.slow("an interpreter that imports the whole package")
@each_cell("module", COMMANDS, short=1)
def test_ctrl_c_is_one_line_and_nothing_is_written(module):
    words, begun = COMMANDS[module]
    before = {path: path.read_bytes() for path in EVIDENCE.iterdir()}
    done = interrupted("-m", module, *words, begun=begun)
    assert done.returncode == EXIT_INTERRUPTED, done.stderr
    assert done.stderr.split() == WORDS.split()
    assert {path: path.read_bytes() for path in EVIDENCE.iterdir()} == before


@each_cell("where", MADE_IN)
def test_ctrl_c_as_a_class_is_made_is_no_traceback(where):
    """Up to Python 3.11 it comes as the cause of a `RuntimeError`."""
    done = interrupted("-c", CLASS + MADE_IN[where], begun="begun")
    assert done.returncode == EXIT_INTERRUPTED, done.stderr
    assert "Traceback" not in done.stderr


def test_what_does_not_take_it_is_seen():
    """The negative: a program of the same kind without `run_or_interrupted`."""
    done = interrupted("-c", PLAIN, begun="begun")
    assert (done.returncode, done.stderr.split()) == (1, ["Aborted!"])
