"""The EEPROM as the program sees it: a factory record, and a state record in two journalled copies.

How a record is journalled is in `journal`. After a power-up the program saves once, which settles
for good what was found. From then on both copies are whole; one that is not was saved to pages that
are worn out, and what was saved is lost: the memory is at its end.
"""

from collections.abc import Callable, Sequence
from typing import Final

from meter_emu.firmware.journal import is_after, read_cells, read_firmly, write_record
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

_U32: Final = 0xFFFFFFFF
_NEVER_WRITTEN: Final = b"\xff" * STATE.size_bytes
_SEQUENCE: Final = slice(4, 8)  # its offset in the state record


class Memory:
    """Loads and saves. It caches only what the cells hold too. A part.

    `possible_end` is whether the program's end store has written these twelve bytes. `whole` is
    whether no copy was broken when the state was loaded; else what was saved last may be lost.
    """

    __slots__ = (
        "_copies", "_factory", "_newest", "_ports", "_possible_end", "_raw", "_values", "whole",
    )  # fmt: skip

    def __init__(self, ports: Ports, possible_end: PossibleEnd = begins_with_civil) -> None:
        self._ports = ports
        self._possible_end = possible_end
        self._factory: tuple[bytes, Factory] | None = None  # the decoded contents of those bytes
        self._newest = 0
        self._raw = b""  # the state that was loaded or saved last
        self._values: tuple[object, ...] = ()  # of its fields
        self.whole = False
        self._copies: list[bytes] = []  # as they were read last, if nothing was saved since

    def factory(self) -> Factory | None:
        """Return the factory record, `None` if there is no valid one (blank, foreign, broken)."""
        raw = read_cells(self._ports, FACTORY_AT, FACTORY.size_bytes)
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
        read = read_firmly if powered_on else read_cells
        copies = [read(self._ports, at, STATE.size_bytes) for at in STATE_AT]
        if copies == self._copies:
            return State(*self._values)  # type: ignore[arg-type]
        found = newest(copies, self._loaded, self.newer)
        if found is None:
            return None
        self._newest, state = found
        other = copies[1 - self._newest]
        self.whole = crc_holds(other) or other == _NEVER_WRITTEN
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
        write_record(self._ports, STATE_AT[target], raw)
        self._newest, self._raw, self._values = target, raw, (*values[:-1], state.crc)
        self._copies = []

    def newer(self, raw: bytes, than: bytes) -> bool:
        """Whether a copy of the state was written after another."""
        return is_newer(raw, than)


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
    sequence = int.from_bytes(raw[_SEQUENCE], "big")
    return is_after(sequence, int.from_bytes(than[_SEQUENCE], "big"))
