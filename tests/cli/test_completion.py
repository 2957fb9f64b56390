"""The lines of docs/shell.md, given to each shell that is here: it completes what is typed."""

import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path
from select import select

import pytest

from tests.bounds import HANG_S
from tests.docs.pages import page, table

LINES = {
    row[0].split()[0].rstrip(","): row[2].replace("¦", "|")
    for row in table(page("docs/shell.md").replace("\\|", "¦"), "shell", "file", "line")
}
TYPED = "meter-emu show defect end-ex"
_BASH = """
COMP_WORDS=(meter-emu show defect end-ex); COMP_CWORD=3
_meter_emu_completion meter-emu; echo "${COMPREPLY[@]}"
"""


def shell(name: str) -> str:
    """Return the path of a shell, or skip the test by its name."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} here (apt-get install {name})")
    return found


def surroundings(folder: Path) -> dict[str, str]:
    """Return an environment in which the command is on the path, and no start file is read."""
    command = folder / "meter-emu"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m meter_emu "$@"\n', "utf-8")
    command.chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "HOME": str(folder), "TERM": "dumb"}


@pytest.mark.slow("starts shells, and the command in them")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("bash", ["--norc", "--noprofile", "-c", f"{LINES['bash']}\n{_BASH}"]),
        (
            "fish",
            ["--no-config", "-c", f"{LINES['fish']}\ncomplete -C '{TYPED}'"],
        ),
    ],
)
def test_a_shell_completes_a_defect(name: str, words: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [shell(name), *words], env=surroundings(tmp_path), cwd=tmp_path, text=True,
        capture_output=True, timeout=HANG_S, check=False,
    )  # fmt: skip
    assert re.findall(r"[\w-]+", done.stdout)[:1] == ["end-exclusive"], done.stderr


@pytest.mark.slow("starts a shell in a terminal, and the command in it")
def test_zsh_completes_a_defect_in_a_terminal(tmp_path: Path) -> None:
    """It completes nowhere else: a line is typed, and Tab."""
    program, env = shell("zsh"), surroundings(tmp_path)
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(tmp_path)
        os.execve(program, ["zsh", "-f", "-i"], env)
    try:
        ready = f"autoload -Uz compinit; compinit -u -D; {LINES['zsh']}; echo rea''dy\n"
        os.write(terminal, ready.encode())
        heard(terminal, "ready")
        os.write(terminal, f"{TYPED}\t".encode())
        heard(terminal, "end-exclusive")
    finally:
        os.close(terminal)  # hangs up
        os.waitpid(child, 0)


def heard(terminal: int, words: str) -> None:
    """Read a terminal until it says these words."""
    said = ""
    while words not in said:
        assert select([terminal], [], [], HANG_S)[0], said
        said += os.read(terminal, 4096).decode("utf-8", "replace")
