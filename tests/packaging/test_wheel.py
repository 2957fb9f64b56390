"""The wheel works away from the checkout, and brings its own data."""

import json
import re
import sys
import zipfile
from pathlib import Path

from tests.packaging.away import ROOT, away


def test_the_wheel_holds_every_data_file_and_no_test(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    data = {
        f"meter_emu/_fixtures/{path.relative_to(ROOT / 'fixtures').as_posix()}"
        for path in (ROOT / "fixtures").rglob("*")
        if path.is_file()
    }
    assert data <= names
    assert {name.split("/")[0].split("-")[0] for name in names} == {
        "card_protocol",
        "meter_emu",
    } | {name.split("-")[0] for name in names if ".dist-info" in name}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_rehearses_from_another_folder(installed: Path, tmp_path: Path) -> None:
    """`meter-emu rehearse ores-2020-07 --json -`, where no checkout is near."""
    command = installed / "bin" / "meter-emu"
    assert command.exists(), "pip put the command next to the packages"
    done = away(
        sys.executable, str(command), "rehearse", "ores-2020-07", "--json", "-",
        "--report", "report",
        cwd=tmp_path, path=installed,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "report" / "index.html").read_text("utf-8")
    assert "Every promise is kept" in page
    result = json.loads(done.stdout)
    assert result["zone"] == "Europe/Brussels"
    assert result["summary"]["early"] == result["summary"]["wrongly_cut"] == 0
    assert sum(result["summary"].values()) == len(result["meters"]) >= 12


def test_the_code_and_the_data_come_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    question = """
import card_protocol, meter_emu
from meter_emu.resources import built_in
print(card_protocol.__file__, meter_emu.__file__, *built_in("campaigns").values(), sep="\\n")
"""
    done = away(sys.executable, "-c", question, cwd=tmp_path, path=installed)
    assert done.returncode == 0, done.stderr
    places = [Path(line) for line in done.stdout.splitlines()]
    assert len(places) >= 3
    for place in places:
        assert place.is_relative_to(installed), place
    assert "_fixtures" in places[-1].parts


def test_the_wheel_says_its_name_and_version(installed: Path, tmp_path: Path) -> None:
    command = installed / "bin" / "meter-emu"
    done = away(sys.executable, str(command), "--version", cwd=tmp_path, path=installed)
    assert done.returncode == 0
    assert done.stdout.startswith("meter-emu, version ")


def test_the_wheel_gives_pytest_its_fixtures(installed: Path, tmp_path: Path) -> None:
    done = away(sys.executable, "-m", "pytest", "--fixtures", "-q", cwd=tmp_path, path=installed)
    found = re.findall(r"^(\w+) -- .*pytest_plugin\.py", done.stdout, re.MULTILINE)
    assert found == ["world", "meter", "desk", "card"]
