"""`meter-emu firmware`: a starter, and one household with the program in a debugger."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.bounds import HANG_S
from tests.cli.outcome import runner
from tests.world.meter.host.compiling import starter

ONE = ("firmware", "debug", "ores-2020-07", "--household", "june-29")


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


def test_a_folder_with_one_of_its_files_is_left_alone(run, tmp_path):
    assert run("firmware", "new", str(tmp_path / "mine")).code == 0
    assert "is there already" in run("firmware", "new", str(tmp_path / "mine")).complains()


@pytest.mark.slow("builds and runs a program in C")
def test_a_household_runs_below_any_command_to_its_end(run, tmp_path):
    build = starter(tmp_path)
    done = run(*ONE, "--build", build, "--with", "env")
    assert (done.code, done.out) == (0, "june-29: end\n")
    assert "no such file" in run(*ONE, "--build", build, "--with", "./no-debugger").complains()
    assert "name one" in run(*ONE[:3], "--build", build).complains()
    assert "expected an executable" in run(*ONE, "--build", "reference").complains()
    assert run("rehearse", *ONE[2:], "--build", build).code == 0  # and ordinarily afterwards


@pytest.mark.slow("builds and runs a program in C", short=1)
@pytest.mark.parametrize(("name", "ends"), [("gdb", "--args"), ("lldb-18", "--"), ("rr", None)])
def test_a_debugger_is_told_that_a_program_follows(run, tmp_path, name, ends):
    said = tmp_path / "said"
    debugger = tmp_path / name
    debugger.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {said}\n')
    debugger.chmod(0o755)
    run(*ONE, "--build", starter(tmp_path), "--with", f"{debugger} -q")
    words = said.read_text().splitlines()
    program = str(tmp_path / "my_meter")
    assert words[: words.index("--meter-bench")] == ["-q", *([ends] if ends else []), program]


@pytest.mark.skipif(
    not (os.environ.get("METER_EMU_FIRMWARE") and shutil.which("gdb")),
    reason="make test-firmware, with gdb",
)
def test_gdb_stops_at_the_first_poll_of_every_power_up(tmp_path):
    build = starter(tmp_path, "-g")
    words = ("clock-changes", "--household", "july-power-cut", "--build", build)
    typed = "delete\ncontinue\ninferior 1\nbreak meter_poll\ncontinue\ndelete\ncontinue\nquit\n"
    said = subprocess.run(
        [sys.executable, "-m", "meter_emu", "firmware", "debug", *words],
        input=typed, capture_output=True, text=True, timeout=2 * HANG_S, check=False,
    ).stdout  # fmt: skip
    assert said.count("hit Breakpoint") == 2
    assert "july-power-cut: end" in said
