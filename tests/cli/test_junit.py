"""JUnit's XML is the same of every command that judges, and holds what nobody could print."""

from xml.etree import ElementTree as ET

import pytest

from meter_emu.cli.junit import JUnitCase, write_junit
from tests.cli.outcome import runner


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


@pytest.mark.slow("judges stories")
@pytest.mark.parametrize(
    ("line", "failed"),
    [
        ("rehearse ores-2020-07 --household never-back --build reference+end-exclusive", True),
        ("rehearse ores-2020-07 --household never-back", False),
        ("verify reference+end-exclusive --law never-early --examples 40 --jobs 1 --to c", True),
        ("fuzz run r-apdu --no-coverage --runs 20 --corpus c --to f", False),
    ],
)
def test_a_command_that_judges_writes_its_cases(line, failed, tmp_path, monkeypatch, run):
    monkeypatch.chdir(tmp_path)
    done = run(*line.split(), "--junit", "j.xml")
    assert done.code == int(failed), done.err
    suite = ET.parse("j.xml").getroot()
    assert suite.get("name", "").startswith(f"meter-emu {line.split()[0]}")
    cases = suite.findall("testcase")
    assert (len(cases), int(suite.get("failures", "-1"))) == (1, int(failed))
    assert [bool(case.findall("failure")) for case in cases] == [failed]


def test_what_xml_has_no_place_for_is_left_out(tmp_path):
    path = tmp_path / "j.xml"
    write_junit(str(path), "fuzz", "reference", [JUnitCase("a", "\x00 \ud800 \uffff <", "\x1b")])
    (failure,) = ET.parse(path).getroot().iter("failure")
    assert failure.get("message") == "? ? ? <"


TWO = """
name = "two"
zone = "Europe/Brussels"
start = 2020-06-29T08:00:00
end = 2020-06-30T00:00:00
[announced]
cut_at = 2020-07-10T23:01:00
"""
ONE = """
[[household]]
id = "{0}"
kind = "{0}"
model = "{1}"
balance_eur = 20
{2} = 0
"""


@pytest.mark.slow("starts workers")
def test_a_household_that_was_not_run_is_skipped_and_not_passed(tmp_path, run):
    path, file = tmp_path / "j.xml", tmp_path / "two.toml"
    light = ONE.format("light", "electricity-pcf8563-utc", "load_w")
    file.write_text(TWO + light + ONE.format("heat", "gas-pcf8563-battery", "load_dm3_per_h"))
    build = "tests.laws.strangers:electricity_only"
    done = run("rehearse", file, "--build", build, "--jobs", "1", "--junit", path)
    assert done.code == 0, done.err
    suite = ET.parse(path).getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("2", "0", "1")
    (heat,) = (case for case in suite.iter("testcase") if case.find("skipped") is not None)
    assert heat.get("name") == "heat"
    assert "gas" in heat[0].get("message", "")
