"""A folder of this process for what a target reads from a file."""

import atexit
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - of Linux; a folder of our own is made in it


@cache
def _folder() -> Path:
    # A file a thousand times a second: in memory, where the system has a folder for that.
    made = TemporaryDirectory(prefix="meter-emu-fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None)
    atexit.register(made.cleanup)
    return Path(made.name)


def scratch_file(name: str) -> Path:
    """Return the path of a file in the folder, which goes with the process."""
    return _folder() / name
