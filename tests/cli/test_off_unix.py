"""`card`, `desk`, `rehearse`, `verify` need nothing that only Unix has: docs/where-it-runs.md.

Nobody here has another system. What can be shown is that nothing of Unix is imported or called: a
child interpreter has none of it. How Windows' own files and signals behave is not shown by this.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bounds import HANG_S
from tests.cli.off_unix import MODULES

LINES = """
card new a.card --meter-id 541 --issued-at '2020-03-23 14:50'
desk arm a.card --defer-until '2020-07-03 23:01' --cut-at '2020-07-03 23:01'
desk load a.card --eur 20 --json load.json
card new a.card --meter-id 541 --issued-at '2020-03-23 14:50' --force
card show a.card
card diff a.card a.card
rehearse ores-2020-07 --household june-29 --report page --json result.json
verify reference --examples 3 --law never-early --junit laws.xml
verify --driver tests.driver_bench.drivers.ours:Ours
"""


def off_unix(folder: Path, lines: str, *more: str) -> "subprocess.CompletedProcess[str]":
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, *more, "-m", "tests.cli.off_unix"],
        cwd=folder,
        env={"PYTHONPATH": str(root), "PATH": ""},
        input=lines.strip(),
        capture_output=True,
        text=True,
        timeout=2 * HANG_S,
    )


@pytest.mark.slow("nine commands in a new interpreter")
def test_four_commands_run_without_anything_of_unix(tmp_path):
    done = off_unix(tmp_path, LINES)
    said = [line.removeprefix("status ") for line in done.stdout.splitlines() if "status" in line]
    assert said == ["0"] * 8 + ["2"], done.stderr
    assert "--driver bounds a driver's processor time, which this system cannot" in done.stderr
    assert "Traceback" not in done.stderr
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"a.card", "load.json", "page", "result.json", "laws.xml"}
    assert json.loads((tmp_path / "load.json").read_text())["loaded_cents"] == 2000


@pytest.mark.slow("a new interpreter")
def test_the_child_has_nothing_of_unix(tmp_path):
    """The negative: what needs it fails there, and is all there is to find."""
    done = off_unix(tmp_path, "run electricity-pcf8563-utc\n")
    assert done.returncode == 1
    assert "ModuleNotFoundError: No module named 'termios'" in done.stderr
    assert "termios" in MODULES
