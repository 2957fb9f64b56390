"""What several workers of a run need is made by the first that asks, and read by the others."""

import fcntl
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

FOLDER: Final = "METER_EMU_SHARED"  # in the environment: a folder of this run alone
_MadeT = TypeVar("_MadeT")


def once(name: str, make: Callable[[], _MadeT]) -> _MadeT:
    """Return what `make` returns, a copy of it where another worker has made it."""
    if FOLDER not in os.environ:  # no run of the suite
        return make()
    path = Path(os.environ[FOLDER]) / name
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            made: _MadeT = pickle.loads(path.read_bytes())
            return made
        made = make()
        path.write_bytes(pickle.dumps(made))
    return made
