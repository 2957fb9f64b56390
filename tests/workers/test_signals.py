"""SIGTERM while workers start, work and end: one line at most, and no traceback."""

import os
import random
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.fleet import scaled
from tests.bounds import HANG_S
from tests.workers.test_leader_killed import left_of, wait_for_workers

ROOT = Path(__file__).parents[2]
METERS = 400
TIMES = int(os.environ.get("METER_EMU_KILLS", "2"))  # `make test-kills` has 200
LATEST_S = 1.5  # ours: by then its workers have begun, on a machine that is not busy


@pytest.mark.slow("starts a leader and its workers, again and again")
def test_sigterm_at_any_moment_of_workers_says_one_line(tmp_path: Path) -> None:
    campaign, moments = scaled(tmp_path, METERS), random.Random()
    for _ in range(TIMES):
        with subprocess.Popen(
            [sys.executable, "-m", "meter_emu", "rehearse", str(campaign), "--jobs", "2"],
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        ) as leader:  # fmt: skip
            assert leader.stderr is not None
            try:
                found = wait_for_workers(leader, 1)  # type: ignore[arg-type]
                select.select([leader.stderr], [], [], moments.uniform(0, LATEST_S))
                leader.send_signal(signal.SIGTERM)
                said = leader.stderr.read()
                status = leader.wait(HANG_S)
            finally:
                leader.kill()
        assert status in {0, 1, 128 + signal.SIGTERM}, said
        assert "Traceback" not in said, said
        assert said.count("\n") <= 1, said
        assert left_of(found) == []
