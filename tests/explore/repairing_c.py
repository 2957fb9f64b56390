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
_START: Final = "bool start(void) {\n"
_BEGUN: Final = """static bool begun(void) { /* what the installer left counts once */
    uint8_t magic[2][4];
    eeprom_read(copy_at(0), magic[0], 4);
    eeprom_read(copy_at(1), magic[1], 4);
    return !memcmp(magic[0], "MINE", 4) && !memcmp(magic[1], "MINE", 4);
}

"""
_INSTALLS: Final = "return load() || install();"
_INSTALLS_ONCE: Final = "return load() || (!begun() && install());"


def repairing(folder: Path) -> str:
    """Return an executable that mends its good copy in place."""
    make_starter(folder)
    memory = folder / "memory.c"
    text = memory.read_text("ascii")
    planted = ((_RIGHT, _REPAIRING), (_START, _BEGUN + _START), (_INSTALLS, _INSTALLS_ONCE))
    for right, wrong in planted:
        assert text.count(right) == 1, f"the starter is otherwise: {right}"
        text = text.replace(right, wrong)
    memory.write_text(text, "ascii")
    sources = sorted(one for one in folder.glob("*.c") if one.name != "meter_host.c")
    return linked(sources, folder / "my_meter")
