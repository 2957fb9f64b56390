"""What a meter's memory says of its credit, as somebody with its bytes on the bench would read it.

Looking takes no time, wears nothing and asks no fate: the meter does not notice. A memory that is
not laid out as `docs/meter-image.md` says, or holds no valid state, says nothing.
"""

from meter_emu.firmware.layouts import STATE, STATE_AT, State
from meter_emu.firmware.memory import newest
from meter_emu.firmware.parts import Parts
from meter_emu.world.meter.board import Board


def balance_ueur(board: Board, parts: Parts) -> int | None:
    """Return the balance at `board.now_us` in micro-euro, energy not booked yet taken off.

    `parts` are the program's, with their defects. `None` when the memory holds no state that can
    be read.
    """
    state = state_in(board, parts)
    if state is None:
        return None
    return parts.ledger.balance_ueur(state, board.metrology.read_units(board.now_us))


def state_in(board: Board, parts: Parts) -> State | None:
    """Return the state that the program would load now, `None` when there is none."""
    cells = board.eeprom.cells
    copies = [bytes(cells[at : at + STATE.size_bytes]) for at in STATE_AT]
    found = newest(copies, parts.ends.possible)
    return None if found is None else found[1]
