"""The wheel, built once, and the folder it is installed into."""

import sys
from pathlib import Path

import pytest

from tests.packaging.away import ROOT, away


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel once; a build writes nothing into the checkout but what git ignores."""
    out = tmp_path_factory.mktemp("wheel")
    done = away(
        sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a folder of its own and return that."""
    target = tmp_path_factory.mktemp("installed")
    done = away(
        sys.executable, "-m", "pip", "install", "--no-deps", "--no-compile", "--quiet",
        "--target", str(target), str(wheel), cwd=target,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return target
