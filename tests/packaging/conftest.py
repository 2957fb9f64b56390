"""The wheel, built once a run however many workers it has, and a folder that it is installed in."""

import fcntl
import os
import sys
from pathlib import Path

import pytest

from tests.packaging.away import ROOT, away


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all workers of this run have in common."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if run is None:
        return tmp_path_factory.mktemp("packaging")
    folder = tmp_path_factory.getbasetemp().parent / f"packaging-{run}"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def wheel(shared: Path) -> Path:
    """Build the wheel; a build writes nothing into the checkout but what git ignores."""
    out = shared / "wheel"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(out.glob("*.whl")):
            build = ("-m", "build", "--wheel", "--no-isolation", "--outdir", str(out))
            done = away(sys.executable, *build, cwd=ROOT)
            assert done.returncode == 0, done.stdout + done.stderr
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path, shared: Path) -> Path:
    """Install the wheel into a folder of its own and return that."""
    target, whole = shared / "installed", shared / "installed.whole"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            done = away(
                sys.executable, "-m", "pip", "install", "--no-deps", "--no-compile", "--quiet",
                "--target", str(target), str(wheel), cwd=shared,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            whole.touch()
    return target
