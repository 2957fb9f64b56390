"""What a look into a meter's memory tells, as somebody with its bytes on the bench would read it.

Looking takes no time, wears nothing and asks no fate: the meter does not notice. A memory that is
not laid out as `docs/meter-image.md` says, or holds no valid state, tells nothing.
"""

from meter_emu.firmware.layouts import STATE, STATE_AT
from meter_emu.firmware.ledger import Ledger
from meter_emu.firmware.memory import newest
from meter_emu.world.meter.board import Board


def balance_ueur(board: Board, ledger: Ledger) -> int | None:
    """Return the balance at `board.now_us` in micro-euro, energy not booked yet taken off.

    `ledger` is the part of the program that keeps the account, with its defects. `None` when the
    memory holds no state that can be read.
    """
    cells = board.eeprom.cells
    found = newest([bytes(cells[at : at + STATE.size_bytes]) for at in STATE_AT])
    if found is None:
        return None
    _, state = found
    return ledger.balance_ueur(state, board.metrology.read_units(board.now_us))
