"""The folder that a meter's program in C begins with: header, host, and a small whole program."""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, get_args

from meter_emu.domain import DeviceName

STARTERS: Final[tuple[DeviceName, ...]] = get_args(DeviceName)  # a folder each
_HOST: Final = files("meter_emu.world.meter.host") / "c"
_TEST: Final = b"""# The laws, each as a test: pytest --meter-firmware ./my_meter in this folder.
from meter_emu.pytest_laws import test_law

__all__ = ["test_law"]
"""


def starter(device: DeviceName = "budget") -> dict[str, bytes]:
    """Return the files of a device's starter by their names: its own, and what they include."""
    shared = _in_folder(_HOST / "starter")
    found = _in_folder(_HOST) | _in_folder(_HOST / "starter" / device)
    found["Makefile"] = shared["Makefile"]
    left = list(found.values())
    while left:
        for stem in re.findall(rb'#include "(\w+)\.h"', left.pop()):
            for name in (f"{stem.decode()}.h", f"{stem.decode()}.c"):
                if name in shared and name not in found:
                    found[name] = shared[name]
                    left.append(shared[name])
    return dict(sorted(found.items())) | {"test_my_meter.py": _TEST}


def _in_folder(folder: Traversable) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def first_campaign(device: DeviceName) -> str:
    """Return the campaign that a device's starter is judged on first."""
    judged = re.search(rb"CAMPAIGN = (\S+)", starter(device)["judged.mk"])
    assert judged is not None, "its Makefile names one"
    return judged[1].decode()


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
