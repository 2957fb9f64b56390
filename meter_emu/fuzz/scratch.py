"""A folder of this process for what a target reads from a file."""

import atexit
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory


@cache
def _folder() -> Path:
    made = TemporaryDirectory(prefix="meter-emu-fuzz-")
    atexit.register(made.cleanup)
    return Path(made.name)


def scratch_file(name: str) -> Path:
    """Return the path of a file in the folder, which goes with the process."""
    return _folder() / name
