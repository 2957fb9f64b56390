"""The packaged `vicc` emulator, our peer: where it is, and what it lacks when it cannot be run."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

PROGRAM: Final = Path("/usr/bin/vicc")
MODULES: Final = "/usr/lib/python3/site-packages/virtualsmartcard"  # Python does not look there


def vicc_absent() -> str:
    """Return why there is no peer to compare with, empty when there is one."""
    if not PROGRAM.exists():
        return "vicc not installed: apt-get install vsmartcard-vpicc"
    if find_spec("Crypto") is None or find_spec("PIL") is None:
        return "vicc cannot start: make bench installs pycryptodome and pillow"
    return ""
