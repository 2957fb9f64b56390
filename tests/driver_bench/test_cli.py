"""`verify --driver` on the command line: verdict and exit status, files, JSON, JUnit, mistakes."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.outcome import Outcome, runner

DRIVER = "tests.driver_bench.drivers.ours:Ours"
TORN = "tests.driver_bench.drivers.strange:Good"


@pytest.fixture
def emu(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    return runner(monkeypatch, capsys, "verify")


def test_a_clean_driver_ends_with_0_and_leaves_no_file(emu, tmp_path):
    done: Outcome = emu("--driver", DRIVER, "--examples", 10, "--law", "set-registers")
    assert done.code == 0
    assert "held  set-registers" in done.out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow("tries a driver, with many layouts of its loop, and again")
def test_a_wrong_date_is_explained_byte_by_byte_and_plays_again(emu, tmp_path, monkeypatch):
    monkeypatch.setenv("PLANTED", "9")
    args = ("--driver", DRIVER, "--examples", 10, "--law", "torn-get")
    done = emu(*args)
    assert done.code == 1
    assert "wrong date  torn-get (day)" in done.out
    assert "-- a second ends --" in done.out
    assert "RTCHOUR: hour 00" in done.out
    file = tmp_path / "counterexamples" / "torn-get-1.json"
    kept = json.loads(file.read_text())
    assert kept["law"] == "torn-get"
    assert kept["dialogue"][-1].strip()
    again = emu("--driver", DRIVER, "--again", file)
    assert again.code == 1
    assert kept["words"] in again.out
    monkeypatch.setenv("PLANTED", "0")
    assert emu("--driver", DRIVER, "--again", file).code == 0, "mended"


def test_a_case_of_a_stranger_starts_no_driver(emu, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "theirs.py").write_text("open('it-ran', 'w').close()\nclass Driver: ...\n")
    monkeypatch.setenv("PLANTED", "9")
    assert emu("--driver", DRIVER, "--examples", 10, "--law", "torn-get").code == 1
    case = json.loads((tmp_path / "counterexamples" / "torn-get-1.json").read_text())
    (tmp_path / "case.json").write_text(json.dumps(case | {"driver": "theirs:Driver"}))
    said = emu("--again", "case.json").complains()
    assert not (tmp_path / "it-ran").exists()
    assert "a file starts no driver: add --driver theirs:Driver if you know it" in said


def test_a_note_does_not_decide_the_exit_status(emu, monkeypatch):
    monkeypatch.setenv("PLANTED", "10")
    done = emu("--driver", DRIVER, "--examples", 5, "--law", "doubt-reported")
    assert done.code == 0
    assert "contract  doubt-reported (not reported)" in done.out


@pytest.mark.slow("asks a driver of every law")
def test_json_and_junit_have_what_is_shown(emu, tmp_path, monkeypatch):
    monkeypatch.setenv("PLANTED", "12")
    laws = ("--law", "get-registers", "--law", "local", "--law", "set-registers")
    said = emu("--driver", DRIVER, "--examples", 5, *laws, "--json", "-", "--junit", "x.xml")
    plain = said.json()
    assert said.code == 1
    assert plain["wrong"] is True
    get, local, _ = plain["laws"]
    assert get["found"][0]["moment"] == "2000-02-01T00:00:00", (
        "the smallest date with another month"
    )
    assert local["not_checked"] == "no routine local"
    suite = ET.parse(tmp_path / "x.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    assert [test.get("name") for test in suite.iter("testcase")] == [
        law["id"] for law in plain["laws"]
    ]


def test_the_starter_goes_to_a_new_folder_only(emu, tmp_path):
    assert emu("--starter", "new").code == 0
    assert (tmp_path / "new" / "driver_under_test.h").exists()
    assert "is not empty" in emu("--starter", "new").complains()
    assert emu("--starter", "arduino", "--platform", "arduino").code == 0
    assert "#define B101 5" in (tmp_path / "arduino" / "platform" / "binary.h").read_text()
    assert "no platform" in emu("--starter", "x", "--platform", "ardiuno").complains()
    assert "--platform is for --starter" in emu("--platform", "arduino").complains()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--driver", "nothing:Here"), "no such module here"),
        (("--driver", "nothing"), "there is no file 'nothing'"),
        (("--driver", DRIVER, "--law", "torn-gut"), "did you mean 'torn-get'?"),
        (("--driver", DRIVER, "reference"), "BUILD means nothing of a driver"),
        (("--driver", DRIVER, "--model", "x"), "--model means nothing of a driver"),
        (("--again", "missing.json"), "no such file"),
        ((), "expected a BUILD, or --driver"),
    ],
)
def test_a_mistake_is_one_line(emu, args, said):
    assert said in emu(*args).complains()


def test_a_file_that_no_run_left_is_one_line(emu, tmp_path):
    Path(tmp_path / "x.json").write_text('{"law": "torn-get"}')
    assert "is no file that verify --driver wrote" in emu("--again", "x.json").complains()
