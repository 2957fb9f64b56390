"""The EEPROM as the program sees it: a factory record, and a state record in two journalled copies.

A save goes to the copy that is *not* the newest, with the sequence one higher, so a cut at any byte
leaves the newest as it was. A copy that was being written when power went may read differently each
time. So after a power-up a copy counts only when it reads the same several times, and the program
saves once, which settles for good what was found.
"""

from collections.abc import Callable, Sequence
from typing import Final

from meter_emu.firmware.layouts import (
    FACTORY,
    FACTORY_AT,
    LAYOUT_VERSION,
    STATE,
    STATE_AT,
    Factory,
    PossibleEnd,
    State,
    begins_with_civil,
    crc_holds,
    possible,
    with_crc,
)
from meter_emu.ports import Ports

PAGE_SIZE_BYTES: Final = 64  # AT24C256-class part
READS_AFTER_POWER_UP: Final = 4  # ours: one weak byte passes once in 256 ** 4 times
ACK_TRIES_MAX: Final = 50  # ours: a NACK costs the driver 5 ms, and then the part is ready (tWR)
_U32: Final = 0xFFFFFFFF
_HALF: Final = 0x80000000
_SEQUENCE: Final = slice(4, 8)  # its offset in the state record


class Memory:
    """Loads and saves. It caches only what the cells hold too. A part.

    `possible_end` is whether the program's end store has written these twelve bytes.
    """

    __slots__ = ("_copies", "_factory", "_newest", "_ports", "_possible_end", "_raw", "_values")

    def __init__(self, ports: Ports, possible_end: PossibleEnd = begins_with_civil) -> None:
        self._ports = ports
        self._possible_end = possible_end
        self._factory: tuple[bytes, Factory] | None = None  # the decoded contents of those bytes
        self._newest = 0
        self._raw = b""  # the state that was loaded or saved last
        self._values: tuple[object, ...] = ()  # of its fields
        self._copies: list[bytes] = []  # as they were read last, if nothing was saved since

    def factory(self) -> Factory | None:
        """Return the factory record, `None` if there is no valid one (blank, foreign, broken)."""
        raw = self._read(FACTORY_AT, FACTORY.size_bytes)
        if self._factory is not None and self._factory[0] == raw:
            return self._factory[1]
        if raw[:2] != FACTORY.magic or raw[2] != LAYOUT_VERSION or not crc_holds(raw):
            return None
        factory = FACTORY.parse(raw)
        if not possible(factory):
            return None
        self._factory = raw, factory
        return factory

    def state(self, *, powered_on: bool = False) -> State | None:
        """Return the newest valid copy of the state, or `None` when both are broken."""
        read = self._firm if powered_on else self._read
        copies = [read(at, STATE.size_bytes) for at in STATE_AT]
        if copies == self._copies:
            return State(*self._values)  # type: ignore[arg-type]
        found = newest(copies, self._loaded, self.newer)
        if found is None:
            return None
        self._newest, state = found
        raw = copies[self._newest]
        if raw != self._raw:
            self._raw, self._values = raw, STATE.values(state)
        self._copies = copies
        return state

    def _loaded(self, raw: bytes) -> State | None:
        """Return the state in a copy; of the bytes known already the values are known too."""
        if raw != self._raw:
            return valid_state(raw, self._possible_end)
        state = State(*self._values)  # type: ignore[arg-type]
        return state if possible(state, self._possible_end) else None

    def save_changed(self, state: State) -> None:
        """Save a state that differs from what was loaded or saved last."""
        if STATE.values(state) != self._values:
            self.save(state)

    def save(self, state: State) -> None:
        """Write the older copy and wait until it is there; sequence and CRC are filled in."""
        state.sequence = (state.sequence + 1) & _U32
        values = STATE.values(state)
        raw = with_crc(STATE.pack(values))
        state.crc = int.from_bytes(raw[-4:], "big")
        target = 1 - self._newest
        for offset in range(0, len(raw), PAGE_SIZE_BYTES):
            self._write_page(STATE_AT[target] + offset, raw[offset : offset + PAGE_SIZE_BYTES])
        self._read(STATE_AT[target], 1)  # acknowledged only when the last write cycle is over
        self._newest, self._raw, self._values = target, raw, (*values[:-1], state.crc)
        self._copies = []

    def newer(self, raw: bytes, than: bytes) -> bool:
        """Whether a copy of the state was written after another."""
        return is_newer(raw, than)

    def _firm(self, at: int, count: int) -> bytes:
        """Read the range several times; if any two reads differ, treat all of it as erased."""
        raw = self._read(at, count)
        for _ in range(READS_AFTER_POWER_UP - 1):
            if self._read(at, count) != raw:
                return b"\xff" * count
        return raw

    def _read(self, at: int, count: int) -> bytes:
        for _ in range(ACK_TRIES_MAX):
            raw = self._ports.eeprom_read(at, count)
            if raw is not None:
                return raw
        return b"\xff" * count  # a dead part reads as an erased one

    def _write_page(self, at: int, data: bytes) -> None:
        for _ in range(ACK_TRIES_MAX):
            if self._ports.eeprom_write(at, data):
                return


def newest(
    copies: Sequence[bytes],
    loaded: Callable[[bytes], State | None],
    newer: Callable[[bytes, bytes], bool] | None = None,
) -> tuple[int, State] | None:
    """Return which of the two copies of the state counts, and the state; `None` if neither.

    `loaded` gives the state in a copy, `None` for a broken one.
    """
    second = (newer or is_newer)(copies[1], copies[0])
    for index in (1, 0) if second else (0, 1):
        state = loaded(copies[index])
        if state is not None:
            return index, state
    return None


def valid_state(raw: bytes, possible_end: PossibleEnd) -> State | None:
    """Return the state in a copy, `None` unless it is whole and the program can have written it."""
    if raw[:2] != STATE.magic or raw[2] != LAYOUT_VERSION or not crc_holds(raw):
        return None
    state = STATE.parse(raw)
    return state if possible(state, possible_end) else None


def is_newer(raw: bytes, than: bytes) -> bool:
    """Whether a copy's sequence is after another's, across the wrap of 32 bits."""
    ahead = int.from_bytes(raw[_SEQUENCE], "big") - int.from_bytes(than[_SEQUENCE], "big")
    return 0 < (ahead & _U32) < _HALF
