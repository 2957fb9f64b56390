"""A command line that is forked ends, says and is signalled as one that is started."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cells import each_cell
from tests.forked import PROGRAM, Forked, ran


@pytest.mark.slow("starts an interpreter for each")
@each_cell(
    "words",
    [
        ("--version",),
        ("timestamp", "decode", "2007032301", "--around", "2020-07-03", "--json", "-"),
        ("card", "show", "nowhere"),
        ("verify", "no_such_module:Mine"),
    ],
    ids=" ".join,
)
def test_it_ends_and_says_the_same(words, tmp_path_factory):
    how = {"cwd": tmp_path_factory.mktemp("here"), "env": {**os.environ, "COLUMNS": "60"}}
    started = subprocess.run([*PROGRAM, *words], capture_output=True, **how)
    forked = ran(*words, **how)
    for one in ("returncode", "stdout", "stderr"):
        assert getattr(forked, one) == getattr(started, one), one


def test_it_is_a_child_of_this_process_in_a_session_of_its_own_and_ends_by_a_signal(tmp_path):
    with Forked(
        [*PROGRAM, "run", "--lines"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as running:  # fmt: skip
        assert running.stdout is not None
        assert running.stdout.readline()
        assert os.getsid(running.pid) == running.pid
        stat = Path(f"/proc/{running.pid}/stat").read_text("ascii")
        assert int(stat.rpartition(")")[2].split()[1]) == os.getpid()
        running.send_signal(signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
