"""The starter in C but for its memory, which survives any power cut, and not two of them."""

from pathlib import Path
from typing import Final

from meter_emu.world.meter.host.starter import make_starter
from tests.world.meter.host.compiling import linked

_RIGHT: Final = """    older = !n;
    return true;
"""
_REPAIRING: Final = """    older = !n;
    if (!good[!n] && copies[!n].magic[0] != 0xFF) { /* broken: the good one anew, in its place */
        older = n;
        save();
    }
    return true;
"""


def repairing(folder: Path) -> str:
    """Return an executable that mends its good copy in place."""
    make_starter(folder)
    memory = folder / "memory.c"
    text = memory.read_text("ascii")
    assert text.count(_RIGHT) == 1, "the starter's load ends otherwise"
    memory.write_text(text.replace(_RIGHT, _REPAIRING), "ascii")
    sources = sorted(one for one in folder.glob("*.c") if one.name != "meter_host.c")
    return linked(sources, folder / "my_meter")
