"""The command itself: its help, what it imports, its exit status however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from meter_emu.cli import app
from tests.bounds import HANG_S
from tests.cells import each_cell

ROOT = Path(__file__).parents[2]


def test_help_lists_every_verb_and_imports_none(emu):
    done = emu("--help")
    assert done.code == 0
    for name, verb in app.PROGRAM_COMMANDS.items():
        assert name in done.out
        assert verb.help in done.out
    assert emu().out == done.out


@pytest.mark.parametrize("args", [["nonsense"], ["--nonsense"], ["card", "x"]])
def test_a_verb_that_is_none_is_one_line_with_the_way_to_help(emu, args):
    assert "--help" in emu(*args).complains()


HEAVY = {"construct", "cryptography", "hypothesis", "msgspec", "rich", "zoneinfo"}


def in_a_process(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *args, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HANG_S,
    )


def test_help_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['meter-emu', '--help'];"
        "from meter_emu.cli import app; app.run(); print(*sorted(sys.modules))"
    )
    loaded = set(in_a_process(code).stdout.splitlines()[-1].split())
    assert "click" in loaded
    assert not loaded & HEAVY
    assert not {name for name in loaded if name.startswith("meter_emu.desk")}


def test_the_check_for_heavy_imports_can_fail():
    code = "import sys, meter_emu.desk.desk; print(*sorted(sys.modules))"
    assert set(in_a_process(code).stdout.split()) & HEAVY


@each_cell("name", app.PROGRAM_COMMANDS)
def test_every_verb_of_the_table_can_be_found(name):
    command = app.cli.get_command(click.Context(app.cli), name)
    assert command is not None
    assert command.name == name


@pytest.mark.slow("a process of its own")
def test_python_without_asserts_is_refused():
    done = in_a_process("from meter_emu.cli.app import main; main()", "-O")
    assert done.returncode == 2
    assert done.stderr.startswith("meter-emu: python -O")
    assert done.stderr.count("\n") == 1


def test_python_dash_m_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "meter_emu", "card", "show", "nowhere"],
        cwd=ROOT, capture_output=True, text=True, timeout=HANG_S,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "meter-emu: nowhere: cannot be read: no such file or directory\n"


def test_a_bug_of_ours_is_not_hidden_as_bad_input(emu, card, monkeypatch):
    def bug(*_args: object) -> None:
        raise AssertionError("a promise of ours is broken")

    monkeypatch.setattr("meter_emu.cli.card.read_image", bug)
    with pytest.raises(AssertionError):
        emu("card", "show", card)


def test_an_interrupt_is_130_without_a_traceback(emu, card, monkeypatch):
    def interrupted(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("meter_emu.cli.card.read_image", interrupted)
    done = emu("card", "show", card)
    assert done.code == 130
    assert "Traceback" not in done.err


def unread(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Run code whose standard output nobody reads any more."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        return subprocess.run(
            [sys.executable, "-c", code, *args],
            cwd=ROOT, stdout=write_end, stderr=subprocess.PIPE, text=True, timeout=HANG_S,
        )  # fmt: skip
    finally:
        os.close(write_end)


A_VERB_OF_OURS = """
import sys
import click, rich.console
from meter_emu.cli import app

@click.command()
@click.argument("rest", nargs=-1)
def verb(rest):
    {does}

app.cli.get_command = lambda ctx, name: verb
app.main()
"""


@pytest.mark.parametrize(
    "code",
    [
        "from meter_emu.cli import app; app.main()",
        A_VERB_OF_OURS.format(does="rich.console.Console().print('a table')"),
    ],
    ids=["plain", "rich"],
)
def test_a_reader_that_goes_away_is_no_drama_and_no_broken_promise(card, code):
    done = unread(code, "card", "show", str(card))
    assert done.stderr == ""
    assert done.returncode == 128 + signal.SIGPIPE


def test_a_verb_that_exits_keeps_its_status():
    assert unread(A_VERB_OF_OURS.format(does="sys.exit(1)"), "x").returncode == 1


def test_the_version_is_the_packages(emu):
    from importlib.metadata import PackageNotFoundError, version

    try:
        want = version("meter-emu")
    except PackageNotFoundError:
        pytest.skip("the package is not installed here, only on the path")
    assert emu("--version").out == f"meter-emu, version {want}\n"
