"""The folder that a meter's program in C begins with: header, host, and a small whole program."""

from importlib.resources import files
from pathlib import Path
from typing import Final

_HOST: Final = ("meter_ports.h", "meter_host.c")
_STARTER: Final = (
    "my_meter.c", "memory.c", "clock.c", "session.c", "panel.c", "meter.h", "card.c", "card.h",
    "calendar.c", "calendar.h", "crypto.c", "crypto.h", "Makefile",
)  # fmt: skip
_TEST: Final = b"""# The laws, each as a test: pytest --meter-firmware ./my_meter in this folder.
from meter_emu.pytest_laws import test_law

__all__ = ["test_law"]
"""


def starter() -> dict[str, bytes]:
    """Return the files of a starter by their names."""
    folder = files("meter_emu.world.meter.host") / "c"
    found = {name: (folder / name).read_bytes() for name in _HOST}
    found |= {name: (folder / "starter" / name).read_bytes() for name in _STARTER}
    return found | {"test_my_meter.py": _TEST}


def make_starter(folder: Path) -> list[str]:
    """Write a starter into a folder that has none of its files; return their names.

    Raise `FileExistsError` for the first file that is there.
    """
    made = starter()
    for name in made:
        if (folder / name).exists():
            raise FileExistsError(17, "is there already", str(folder / name))
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        (folder / name).write_bytes(content)
    return list(made)
