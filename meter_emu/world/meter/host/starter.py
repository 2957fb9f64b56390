"""The folder that a meter's program in C begins with: header, host, and a small whole program."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from meter_emu.domain import DeviceName

STARTERS: Final[tuple[DeviceName, ...]] = ("budget", "openpaygo")
_HOST: Final = files("meter_emu.world.meter.host") / "c"
_TEST: Final = b"""# The laws, each as a test: pytest --meter-firmware ./my_meter in this folder.
from meter_emu.pytest_laws import test_law

__all__ = ["test_law"]
"""


def starter(device: DeviceName = "budget") -> dict[str, bytes]:
    """Return the files of a device's starter by their names: its own, and what all have."""
    shared = _HOST / "starter"
    found = {
        file.name: file.read_bytes()
        for folder in (_HOST, shared, shared / device)
        for file in folder.iterdir()
        if file.is_file()
    }
    return dict(sorted(found.items())) | {"test_my_meter.py": _TEST}


def make_starter(folder: Path, device: DeviceName = "budget") -> list[str]:
    """Write a device's starter into a folder that has none of its files; return their names.

    Raise `FileExistsError` for the first file that is there.
    """
    made = starter(device)
    for name in made:
        if (folder / name).exists():
            raise FileExistsError(17, "is there already", str(folder / name))
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        (folder / name).write_bytes(content)
    return list(made)
