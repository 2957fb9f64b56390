"""Executables for tests: a C compiler, where there is one; with CI=true there has to be."""

import atexit
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from meter_emu.domain import DeviceName
from meter_emu.world.meter import host
from meter_emu.world.meter.host.starter import make_starter

C = Path(host.__file__).parent / "c"


@cache
def compiler(name: str = "cc") -> str:
    """Return a compiler; skip the test that wants it, or fail it with CI=true, without one."""
    found = shutil.which(name)
    if found is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"no {name} here")
    return found


def run(*words: str) -> None:
    """Run a compiler; its words are the failure."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def linked(sources: list[Path], to: Path, *flags: str, host: bool = True) -> str:
    """Return the executable made of C sources and the host."""
    words = [compiler(), "-O1", "-I", str(C), *flags, *map(str, sources), "-o", str(to)]
    run(*words, *([str(C / "meter_host.c")] if host else []))
    return str(to)


def starter(
    folder: Path, *flags: str, name: str = "my_meter", device: DeviceName = "budget"
) -> str:
    """Return the starter of a device as an executable in a folder."""
    shutil.copy2(_compiled(device, *flags), folder / name)
    return str(folder / name)


@cache
def _compiled(device: DeviceName, *flags: str) -> str:
    folder = Path(mkdtemp(prefix="meter-emu-starter-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # the run may have gone first
    make_starter(folder, device)
    return linked(sorted(folder.glob("*.c")), folder / "my_meter", *flags, host=False)
