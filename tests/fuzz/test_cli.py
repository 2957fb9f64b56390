"""`meter-emu fuzz` as somebody has it: a find is noticed, kept, played again and made small."""

import json
import tomllib
from hashlib import sha1
from importlib.util import find_spec
from xml.etree import ElementTree as ET

import pytest

from tests.cli.outcome import runner

GUIDED = [
    pytest.param(
        "",
        marks=pytest.mark.skipif(
            find_spec("atheris") is None, reason="atheris is not installed: make .stamps/fuzz"
        ),
    ),
    "--no-coverage",
]


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


@pytest.mark.slow("fuzzes in processes of its own")
@pytest.mark.parametrize("how", GUIDED)
def test_the_canary_is_found_kept_and_played_again(how, tmp_path, run):
    line = f"fuzz run canary --time 20 --corpus {tmp_path}/c --to {tmp_path}/finds {how}"
    done = run(*line.split())
    assert done.code == 1, done.err
    (find,) = (tmp_path / "finds").iterdir()
    assert f"{find}: OracleError: the canary sings" in done.out
    assert 'input = "43555421"' in find.read_text(), "CUT! and nothing else: it was made small"
    assert "no input was tried" not in done.out
    again = run("fuzz", "replay", str(find))
    assert again.code == 1
    assert "fails: OracleError: the canary sings: this target fails on purpose" in again.out
    seeds = {sha1(b"CUT?").hexdigest()}
    assert seeds <= {path.name for path in (tmp_path / "c" / "canary").iterdir()}


def test_where_no_find_could_be_kept_nothing_is_begun(tmp_path, run):
    (tmp_path / "file").write_text("no folder")
    for wrong in ("file", "file/below"):
        done = run(
            "fuzz", "run", "canary", "--corpus", tmp_path / "c", "--to", tmp_path / wrong,
        )  # fmt: skip
        assert (done.code, done.out) == (2, "")
        assert f"{tmp_path / wrong}: cannot be written" in done.err


@pytest.mark.slow("fuzzes in processes of its own")
def test_a_run_goes_on_after_a_find_and_a_known_one_stops_nothing(tmp_path, run):
    line = "fuzz run card-records --build reference+stale-order-accepted --runs 60 --no-coverage"
    where = f"--corpus {tmp_path}/c --to {tmp_path}/finds --keep-going --junit {tmp_path}/j.xml"
    done = run(*line.split(), *where.split(), "--json", tmp_path / "first.json")
    assert done.code == 1, done.err
    (row,) = json.loads((tmp_path / "first.json").read_text())["targets"]
    assert row["executions"] == 60, "it went on"
    assert row["known"] > 0, "the same find again is counted, not kept"
    files = [found["file"] for found in row["found"]]
    assert sorted(path.name for path in (tmp_path / "finds").iterdir()) == sorted(files)
    assert all("card_records" in found["at"] for found in row["found"])
    suite = ET.parse(tmp_path / "j.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    again = run(*line.split(), *where.split()[:4], "--json", "-")
    (row,) = again.json()["targets"]
    assert (again.code, row["found"]) == (0, []), "known finds do not stop a target"
    assert row["executions"] == 60


def test_what_was_not_reached_is_said_at_the_end(tmp_path, run):
    line = f"fuzz run vpcd --runs 3 --no-coverage --corpus {tmp_path}/c --to {tmp_path}/f"
    done = run(*line.split())
    assert done.code == 0, done.err
    assert "vpcd: not reached: " in done.out


@pytest.mark.slow("fuzzes in processes of its own")
def test_figures_are_also_json_and_nothing_found_is_exit_0(tmp_path, run):
    line = f"fuzz run c-apdu atr --runs 500 --no-coverage --corpus {tmp_path}/c --json -"
    done = run(*line.split())
    assert done.code == 0, done.err
    rows = done.json()["targets"]
    assert [row["target"] for row in rows] == ["c-apdu", "atr"]
    assert all(row["executions"] == 500 and row["found"] == [] for row in rows)
    assert all(row["coverage_guided"] is False for row in rows)


# Our program, for a PCF8563: the first that a worker builds interrupts who started the worker.
INTERRUPTS = """
import os, signal, sys
from meter_emu.zones import BELGIAN
from meter_emu.firmware.parts import assemble
from meter_emu.firmware.program import Program
from meter_emu.firmware.rtc.pcf8563 import Pcf8563Driver
from meter_emu.world.meter.build import dialogues

PARTS = assemble(lambda part: part, Pcf8563Driver, BELGIAN.rule)
interrupted = []

def factory(ports):
    if not interrupted and sys.modules["__main__"].__spec__.name == "meter_emu.fuzz.worker":
        interrupted.append(os.kill(os.getppid(), signal.SIGINT))
    return Program(ports, PARTS, dialogues())
"""


@pytest.mark.slow("fuzzes in processes of its own")
def test_an_interrupt_is_exit_130_and_leaves_the_figures(tmp_path, monkeypatch, run):
    (tmp_path / "interrupts.py").write_text(INTERRUPTS)
    monkeypatch.syspath_prepend(tmp_path)
    line = "fuzz run card-answers --build interrupts:factory --no-coverage --json figures.json"
    monkeypatch.chdir(tmp_path)
    done = run(*line.split())
    assert done.code == 130, done.err
    assert "meter-emu: interrupted: 1 of 1 targets over, 0 finds" in done.err
    (row,) = json.loads((tmp_path / "figures.json").read_text())["targets"]
    assert (row["target"], row["found"], row["failed"]) == ("card-answers", [], None)
    assert row["cpu_s"] > 0


def test_minimize_keeps_what_fails_and_says_when_nothing_does(tmp_path, run):
    find = tmp_path / "find.toml"
    text = 'target = "canary"\nbuild = "reference"\ninput = "{}"\nwhy = "it was found"\n'
    find.write_text(text.format(b"CUT!and more of it".hex()))
    assert run("fuzz", "minimize", str(find)).code == 0
    assert 'input = "43555421"' in find.read_text()
    find.write_text(text.format("00"))
    held = run("fuzz", "minimize", str(find))
    assert (held.code, "it holds now" in held.out) == (1, True)
    assert run("fuzz", "replay", str(find)).code == 0


@pytest.mark.slow("fuzzes in processes of its own")
def test_a_story_that_is_found_has_its_campaign_next_to_it(tmp_path, run):
    line = f"fuzz run stories --build reference+end-exclusive --no-coverage --corpus {tmp_path}/c"
    done = run(*line.split(), "--to", tmp_path / "finds")
    assert done.code == 1, done.err
    campaign, find = sorted((tmp_path / "finds").iterdir())
    assert campaign.name == f"{find.stem}.campaign.toml"
    text = campaign.read_text()
    assert text.startswith("# OracleError: ")
    assert f"# {tomllib.loads(find.read_text())['why']}\n" in text
    assert len(text.splitlines()) <= 25
    assert run("rehearse", campaign).code == 1, "the campaign plays what was found"


def test_a_story_is_replayed_as_a_campaign(tmp_path, run):
    find = tmp_path / "find.toml"
    find.write_text(
        'target = "stories"\nbuild = "reference+end-exclusive"\n'
        f'input = "{bytes(40).hex()}"\nwhy = "it was found"\n'
    )
    done = run("fuzz", "replay", str(find))
    assert done.code == 1, done.err
    assert "fails: OracleError: never-early: " in done.out
    assert "[[household]]" in done.out
    assert run("fuzz", "replay", str(find), "--build", "reference").code == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("fuzz run carnary", "no target 'carnary', did you mean 'canary'?"),
        ("fuzz run c-apdu --build reference+end-exclusiv", "did you mean"),
        ("fuzz replay nothing.toml", "cannot be read"),
        ("fuzz replay bad.toml", "expected hexadecimal digits"),
        ("fuzz replay other.toml", "no target 'other'"),
        ("fuzz minimize half.toml", "is missing"),
        ("fuzz run c-apdu --runs 1 --no-coverage --corpus bad.toml", "cannot be written"),
    ],
)
def test_bad_input_is_one_line(line, said, tmp_path, monkeypatch, run):
    monkeypatch.chdir(tmp_path)
    rest = 'build = "reference"\nwhy = ""\n'
    (tmp_path / "bad.toml").write_text(f'target = "canary"\ninput = "0g"\n{rest}')
    (tmp_path / "other.toml").write_text(f'target = "other"\ninput = ""\n{rest}')
    (tmp_path / "half.toml").write_text('target = "canary"\n')
    done = run(*line.split())
    assert said in done.complains()
