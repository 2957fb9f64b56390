"""What a look into a meter's memory tells, as somebody with its bytes on the bench would read it.

Looking takes no time, wears nothing and asks no fate: the meter does not notice. A memory that is
not laid out as `docs/meter-image.md` says, or holds no valid state, tells nothing.
"""

from typing import Final

from meter_emu.firmware.layouts import (
    LAYOUT_VERSION,
    STATE,
    STATE_AT,
    State,
    codes_known,
    crc_holds,
)
from meter_emu.firmware.ledger import Ledger
from meter_emu.world.board import Board

_SEQUENCE_HALF: Final = 2**31


def balance_ueur(board: Board, ledger: Ledger) -> int | None:
    """Return the balance at `board.now_us` in micro-euro, energy not booked yet taken off.

    `ledger` is the part of the program that keeps the account, with its defects. `None` when the
    memory holds no state that can be read.
    """
    state = _newest_state(board)
    if state is None:
        return None
    return ledger.balance_ueur(state, board.metrology.read_units(board.now_us))


def _newest_state(board: Board) -> State | None:
    newest: State | None = None
    for at in STATE_AT:
        raw = bytes(board.eeprom.cells[at : at + STATE.size_bytes])
        if raw[:2] != STATE.magic or raw[2] != LAYOUT_VERSION or not crc_holds(raw):
            continue
        state = STATE.parse(raw)
        if codes_known(state) and (newest is None or _after(state, newest)):
            newest = state
    return newest


def _after(state: State, other: State) -> bool:
    """Whether a copy was saved after another; the sequence wraps at 32 bits."""
    return 0 < (state.sequence - other.sequence) % 2**32 < _SEQUENCE_HALF
