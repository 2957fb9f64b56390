"""The wheel works away from the checkout, and brings its own data."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _run(*command: str, cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command offline, with nothing of the checkout on its path."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    env |= {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "COLUMNS": "80"}
    if path is not None:
        env["PYTHONPATH"] = str(path)
    return subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel once; a build writes nothing into the checkout but what git ignores."""
    out = tmp_path_factory.mktemp("wheel")
    done = _run(
        sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a folder of its own and return that."""
    target = tmp_path_factory.mktemp("installed")
    done = _run(
        sys.executable, "-m", "pip", "install", "--no-deps", "--no-compile", "--quiet",
        "--target", str(target), str(wheel), cwd=target,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return target


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
    done = _run(
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
    done = _run(sys.executable, "-c", question, cwd=tmp_path, path=installed)
    assert done.returncode == 0, done.stderr
    places = [Path(line) for line in done.stdout.splitlines()]
    assert len(places) >= 3
    for place in places:
        assert place.is_relative_to(installed), place
    assert "_fixtures" in places[-1].parts


def test_the_wheel_says_its_name_and_version(installed: Path, tmp_path: Path) -> None:
    command = installed / "bin" / "meter-emu"
    done = _run(sys.executable, str(command), "--version", cwd=tmp_path, path=installed)
    assert done.returncode == 0
    assert done.stdout.startswith("meter-emu, version ")


def test_the_wheel_gives_pytest_its_fixtures(installed: Path, tmp_path: Path) -> None:
    done = _run(sys.executable, "-m", "pytest", "--fixtures", "-q", cwd=tmp_path, path=installed)
    found = re.findall(r"^(\w+) -- .*pytest_plugin\.py", done.stdout, re.MULTILINE)
    assert found == ["world", "meter", "desk", "card"]
