"""The bench runs and prints each row with its target; no figure is asserted."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow("runs every row of the bench")
def test_the_bench_runs_and_shows_each_target() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--quick"],
        cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for row in (
        "GET CHALLENGE", "READ BINARY 16", "whole card session", "a meter-year",
        "new day, in F", "saves nothing, in F", "an example of all laws", "53,579 meters",
        "projected", "largest process", "transitions", "stories drawn", "STS tokens decoded, EA07",
        "--help", "ours / null responder", "ours / packaged vicc",
    ):  # fmt: skip
        assert row in done.stdout, row
    assert "figures mean nothing" in done.stdout
