"""The bench runs and prints each row with its target; no figure is asserted."""

import pytest
from click.testing import CliRunner

from tests.bench.__main__ import ROOMS, bench
from tests.cells import each_cell

ROWS = {
    "cards": ("GET CHALLENGE", "READ BINARY 16", "whole card session"),
    "tokens": ("STS tokens decoded, EA07",),
    "pcsc": ("ours / null responder", "ours / packaged vicc"),
    "meters": ("a meter-year", "53,579 meters", "projected", "stories drawn"),
    "fleet": ("largest process",),
    "polls": ("new day, in F", "saves nothing, in F"),
    "commands": ("an example of all laws", "transitions"),
    "startup": ("--help",),
}


@pytest.mark.slow("runs rows of the bench")
@each_cell("room", ROOMS, short=2)
def test_a_room_of_the_bench_runs_and_shows_its_rows(room: str) -> None:
    done = CliRunner().invoke(bench, ["--quick", "--room", room])
    assert done.exit_code == 0, done.output
    for row in ROWS.get(room, ()):
        assert row in done.output, row
    assert all(line.count("\t") == 1 for line in done.output.splitlines()[1:])
