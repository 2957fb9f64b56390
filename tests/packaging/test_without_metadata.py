"""A first `make run` builds nothing: no metadata say our packages' name and version."""

import os
import sys
import sysconfig
from pathlib import Path

import pytest

from card_protocol import __version__
from tests.packaging.away import ROOT, away


@pytest.fixture
def others(tmp_path: Path) -> Path:
    """Return a path of this checkout and of all that is installed here, but for ours."""
    folder = tmp_path / "others"
    folder.mkdir()
    for one in Path(sysconfig.get_path("purelib")).iterdir():
        if "meter" not in one.name:
            (folder / one.name).symlink_to(one)
    return Path(f"{ROOT}{os.pathsep}{folder}")


@pytest.mark.slow("two starts of an interpreter, and a household")
def test_a_clone_without_metadata_of_ours_rehearses_and_says_its_version(
    tmp_path: Path, others: Path
) -> None:
    asked = "import importlib.metadata as m; print(m.version('click')); m.version('meter-emu')"
    none = away(sys.executable, "-S", "-c", asked, cwd=tmp_path, path=others)
    assert "No package metadata was found for meter-emu" in none.stderr
    assert none.stdout, "those of others are there"
    started = (sys.executable, "-S", "-m", "meter_emu")
    said = away(*started, "--version", cwd=tmp_path, path=others)
    assert (said.stdout, said.stderr) == (f"meter-emu, version {__version__}\n", "")
    page = ("--household", "never-back", "--report", "page")
    done = away(*started, "rehearse", "ores-2020-07", *page, cwd=tmp_path, path=others)
    assert (done.returncode, done.stderr) == (0, "meter-emu: wrote page/index.html\n")
