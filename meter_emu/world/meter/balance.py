"""What a meter's memory says of its credit, as somebody with its bytes on the bench would read it.

Looking takes no time, wears nothing and asks no fate: the meter does not notice. A memory that is
not laid out as `docs/meter-image.md` says, or holds no valid state, says nothing.
"""

from meter_emu.firmware.layouts import STATE, STATE_AT
from meter_emu.firmware.memory import newest
from meter_emu.firmware.parts import Parts
from meter_emu.world.meter.board import Board


def balance_ueur(board: Board, parts: Parts) -> int | None:
    """Return the balance at `board.now_us` in micro-euro, energy not booked yet taken off.

    `parts` are the program's, with their defects. `None` when the memory holds no state that can
    be read.
    """
    cells = board.eeprom.cells
    copies = [bytes(cells[at : at + STATE.size_bytes]) for at in STATE_AT]
    found = newest(copies, parts.ends.possible)
    if found is None:
        return None
    _, state = found
    return parts.ledger.balance_ueur(state, board.metrology.read_units(board.now_us))
