"""The starter in C but for its memory, which survives any power cut, and not two of them."""

from pathlib import Path
from typing import Final

from meter_emu.world.meter.host.starter import make_starter
from tests.world.meter.host.compiling import linked

_RIGHT: Final = """    kept->older = !n;
    return true;
"""
_REPAIRING: Final = """    kept->older = !n;
    if (!good[!n] && copies[!n][0] != 0xFF) { /* broken: the good one anew, in its place */
        kept->older = n;
        kept_save(kept);
    }
    return true;
"""
_START: Final = "bool start(void) {\n"
_BEGUN: Final = """static bool begun(void) { /* what the installer left counts once */
    uint8_t magic[2][4];
    eeprom_read(kept.at[0], magic[0], 4);
    eeprom_read(kept.at[1], magic[1], 4);
    return !memcmp(magic[0], "MINE", 4) && !memcmp(magic[1], "MINE", 4);
}

"""
_INSTALLS: Final = "return kept_load(&kept) || install();"
_INSTALLS_ONCE: Final = "return kept_load(&kept) || (!begun() && install());"
_PLANTED: Final = (
    ("eeprom.c", _RIGHT, _REPAIRING),
    ("memory.c", _START, _BEGUN + _START),
    ("memory.c", _INSTALLS, _INSTALLS_ONCE),
)


def repairing(folder: Path) -> str:
    """Return an executable that mends its good copy in place."""
    make_starter(folder)
    for name, right, wrong in _PLANTED:
        text = (folder / name).read_text("ascii")
        assert text.count(right) == 1, f"the starter is otherwise: {right}"
        (folder / name).write_text(text.replace(right, wrong), "ascii")
    return linked(sorted(folder.glob("*.c")), folder / "my_meter", host=False)
