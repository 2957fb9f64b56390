"""Nothing is left in the temporary folder: a run has one of its own, and names what is left in it.

Workers and children inherit it. pytest's own folders, which it keeps on purpose, stay where they
are. What goes with its process is named so that it is known, because this one has not ended yet.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.shared import FOLDER

GO_WITH_THEIR_PROCESS = ("meter-emu-fuzz-", "meter-emu-starter-", "shared")
SHOWN = 20  # ours: names at the end
_FOLDER = pytest.StashKey[tuple[Path, str | None]]()


def pytest_configure(config: pytest.Config) -> None:
    """Have all of this run use an empty folder, of a short name: a socket has its path in it."""
    if hasattr(config, "workerinput"):
        return
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix="me-"))
    config.stash[_FOLDER] = folder, os.environ.get("TMPDIR")
    shared = folder / "shared"
    shared.mkdir()
    os.environ[FOLDER] = str(shared)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


def left_in(folder: Path) -> list[str]:
    """Return the names of what should have gone."""
    names = sorted(path.name for path in folder.iterdir())
    return [name for name in names if not name.startswith(GO_WITH_THEIR_PROCESS)]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what is left; that is a line to read and fails nothing: another program may hold it."""
    if _FOLDER in config.stash and (left := left_in(config.stash[_FOLDER][0])):
        terminalreporter.section(f"{len(left)} things are left in the temporary folder")
        for name in left[:SHOWN]:
            terminalreporter.write_line(f"  {name}")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder."""
    if _FOLDER in config.stash:
        folder, before = config.stash[_FOLDER]
        shutil.rmtree(folder, ignore_errors=True)
        tempfile.tempdir = None
        os.environ.pop(FOLDER, None)
        if before is None:
            os.environ.pop("TMPDIR", None)
        else:
            os.environ["TMPDIR"] = before
