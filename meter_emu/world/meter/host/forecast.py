"""What a board will answer while nothing but time passes, in memory that a program in C sees.

A round trip between two processes costs more than most calls, so `meter_host.c` answers from here
what cannot be otherwise, and the bench does each call, and compares, when it gets the frames. So
costs, cuts, bounds and the last calls are those of the calls themselves.
"""

import mmap
import os
import struct
import tempfile
from contextlib import ExitStack
from typing import Final, final

from meter_emu.hardware.eeprom import SIZE_BYTES, WRITE_CYCLE_US, Eeprom
from meter_emu.world.meter import board as costs
from meter_emu.world.meter.board import Board

_FORETOLD: Final = struct.Struct("=QIIIIIIBBBBBBBB16s")
_SIZE: Final = struct.Struct("=8xI")
_COSTS: Final = struct.Struct("=HHHHHBx")
_FRAMES_AT: Final = _FORETOLD.size + _COSTS.size
_CELLS_AT: Final = 8_192
_BYTES: Final = _CELLS_AT + SIZE_BYTES
_REGISTERS: Final = 16
_LONGEST_US: Final = 2**32 - 1
_TICKS_US: Final = 2**32 * 1_000
_OURS: Final = "meter_emu.hardware."  # one with a defect is elsewhere: it is read itself


@final
class Shared:
    """The memory of one host process; `fileno` is passed to it."""

    def __init__(self) -> None:
        with ExitStack() as undo:
            self._file: Final = undo.enter_context(tempfile.TemporaryFile())
            os.ftruncate(self._file.fileno(), _BYTES)
            self._memory: Final = undo.enter_context(mmap.mmap(self._file.fileno(), _BYTES))
            self._ends: Final = undo.pop_all()
        self._cells_bytes = 0
        access_bytes = costs.RTC_ADDRESS_BYTES + costs.I2C_TURN_BYTES
        assert access_bytes == costs.EEPROM_ADDRESS_BYTES, "one field for both"
        assert costs.I2C_TURN_BYTES == 1, "as in a read of the EEPROM"
        _COSTS.pack_into(
            self._memory,
            _FORETOLD.size,
            costs.REGISTER_US,
            costs.RTC_BYTE_US,
            costs.EEPROM_BYTE_US,
            costs.EEPROM_NACK_US,
            WRITE_CYCLE_US,
            access_bytes,
        )

    def fileno(self) -> int:
        """Return the descriptor that maps it."""
        return self._file.fileno()

    def frames(self) -> bytes:
        """Return the frames since `foretell`."""
        (size,) = _SIZE.unpack_from(self._memory)
        return self._memory[_FRAMES_AT : _FRAMES_AT + size]

    def foretell(self, board: Board | None, *, cells: bool) -> None:
        """Write what a board will answer from now on, nothing without one; drop the frames.

        `cells` is whether the EEPROM may hold something that the program does not know: it keeps
        what it writes.
        """
        if board is None:
            self._memory[: _FORETOLD.size] = bytes(_FORETOLD.size)
            return
        now_us, metrology, rtc = board.now_us, board.metrology, board.rtc
        units = metrology.read_units(now_us)
        units_us = metrology.us_until_units(units + 1, now_us)
        known, registers, registers_us = 0, b"", None
        if type(rtc).__module__.startswith(_OURS) and not board.rtc_nacks:
            known = min(_REGISTERS, len(rtc.registers))
            registers = rtc.read(0, known, now_us, now_us)
            registers_us = rtc.oscillator.us_until(1)
        if cells:
            self._show_cells(board.eeprom)
        _FORETOLD.pack_into(
            self._memory,
            0,
            (now_us - board.ticks_from_us) % _TICKS_US,
            0,
            units,
            _LONGEST_US if units_us is None else min(units_us, _LONGEST_US),
            _LONGEST_US if registers_us is None else min(registers_us, _LONGEST_US),
            max(0, board.eeprom.busy_until_us - now_us),
            self._cells_bytes,
            1,
            board.switch.on,
            board.card_waiting,
            board.panel.pressed,
            board.switch.limiter_a,
            board.cause,
            board.eeprom.page_bytes,
            known,
            registers,
        )

    def _show_cells(self, eeprom: Eeprom) -> None:
        size = len(eeprom.cells)
        ours = type(eeprom).__module__.startswith(_OURS) and size <= SIZE_BYTES
        self._cells_bytes = size if ours and not eeprom.weak else 0
        if self._cells_bytes:
            self._memory[_CELLS_AT : _CELLS_AT + size] = eeprom.cells

    def close(self) -> None:
        """Give the memory back."""
        self._ends.close()
