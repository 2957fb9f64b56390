"""What takes a build asks what it covers: what it does to another meter accuses nobody."""

import pytest

from tests.cli.outcome import runner
from tests.world.meter.host.compiling import starter


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    return starter(tmp_path_factory.mktemp("starter"))


@pytest.mark.slow("builds a program in C", short=2)
@pytest.mark.parametrize(
    "words",
    [
        ("explore",),
        ("explore", "--cuts", "1"),
        ("explore", "--scope", "ores-2020-07:gas-monday"),
        (
            "firmware",
            "debug",
            "ores-2020-07",
            "--household",
            "gas-monday",
            "--with",
            "env",
            "--build",
        ),
    ],
    ids=" ".join,
)
def test_a_household_outside_is_one_line_and_nothing_is_run(words, build, monkeypatch, capsys):
    said = runner(monkeypatch, capsys)(*words, build).complains()
    assert "the program does not cover" in said
    assert "nothing was run" in said


@pytest.mark.slow("builds a program in C, and lives stories")
def test_a_household_that_is_covered_is_explored(build, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    done = runner(monkeypatch, capsys)(
        "explore", "--scope", "ores-2020-07:june-29", "--depth", "1", build
    )
    assert done.code == 0, done.out
    assert "nothing broken in every sequence of 1 of its " in done.out


@pytest.mark.slow("builds a program in C, and rehearses")
def test_a_model_that_is_covered_is_named_for_the_households_that_are_not(
    build, monkeypatch, capsys
):
    command = runner(monkeypatch, capsys)
    said = command("rehearse", "ores-2020-07", "--build", build).out
    hint = "12 households of electricity not covered: --model electricity-pcf8563-utc"
    assert hint in " ".join(said.split())
    obeyed = command(
        "rehearse", "ores-2020-07", "--build", build, "--model", "electricity-pcf8563-utc"
    ).out
    assert "households: not_covered 6, " in obeyed
    assert "not covered: --model" not in " ".join(obeyed.split())
