"""A serial EEPROM of the 24Cxx kind, by the AT24C256C data sheet (Atmel 8568D, 9/11).

Sections by name: "Write Operations" (page write, roll-over inside the page, self-timed cycle from
STOP during which the part does not respond), "Acknowledge Polling" (the NACK while busy), "Read
Operations" (sequential reads roll over from the last cell to the first), features (64-byte pages,
32,768 cells, at most 5 ms a cycle, endurance of 1,000,000 cycles).

The sheet does not define the cells after a supply failure inside a cycle. We let each byte *sent*
become, on its own, old, erased, new, anything, or *weak* (each read gives something else), because
program code must survive all of them. Real parts rewrite the whole page and might harm the rest of
it; not documented, and we leave cells that were not sent alone, so that the placement of records on
pages stays testable.

Nor does it say what a page is like that was written more often than the endurance. We let it read
*weak*, one byte of those sent after each write, for a tenth more writes, and then *fail*: a cycle
passes and the cells are as they were.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Final, Self

from card_protocol.errors import LayoutError

SIZE_BYTES: Final = 32_768  # AT24C256C, features
EEPROM_PAGE_BYTES: Final = 64  # AT24C256C, "Page Write"
WRITE_CYCLE_US: Final = 5_000  # AT24C256C, tWR, the maximum
ENDURANCE_CYCLES: Final = 1_000_000  # AT24C256C, features; 24LC128, features
ERASED: Final = 0xFF  # not said by the sheet; parts are delivered so

# What a byte sent turns into when the supply fails inside the cycle, by fate modulo 5.
OLD, BLANK, NEW, MIXED, WEAK = range(5)
FATE_COUNT: Final = 5

WEAK_PART: Final = 10  # ours: a page past its endurance reads weak for a tenth of it, then fails
_WEAR_BYTES: Final = 4
_WEAR_MAX: Final = 0xFFFF_FFFF
_NONE_WEAK: Final[frozenset[int]] = frozenset()


class Eeprom:
    """The cells, which of them are weak, and how often each page was written.

    Before `busy_until_us` the part does not answer: a cycle is in progress.
    """

    __slots__ = (
        "_before",
        "_flicker",
        "_sent_at",
        "_sent_base",
        "_sent_count",
        "_weak_before",
        "busy_until_us",
        "cells",
        "endurance_cycles",
        "page_bytes",
        "weak",
        "wear",
    )

    def __init__(
        self,
        flicker: Callable[[], int],
        *,
        size_bytes: int = SIZE_BYTES,
        page_bytes: int = EEPROM_PAGE_BYTES,
        endurance_cycles: int = ENDURANCE_CYCLES,
    ) -> None:
        assert size_bytes & (size_bytes - 1) == 0, "the address counter is binary"
        assert page_bytes & (page_bytes - 1) == 0, "the page counter is binary"
        assert size_bytes % (8 * page_bytes) == 0, "whole pages, and whole bytes of weak-cell bits"
        self.cells = bytearray((ERASED,)) * size_bytes
        self.weak: set[int] = set()
        self.wear = [0] * (size_bytes // page_bytes)
        self.page_bytes: Final = page_bytes
        self.endurance_cycles: Final = endurance_cycles
        self._flicker: Final = flicker
        self.busy_until_us = 0
        self._before = bytearray()  # the page as it was before the cycle in progress
        self._weak_before = _NONE_WEAK
        self._sent_base = 0
        self._sent_at = self._sent_count = 0  # of the bytes sent: offset in the page, and number

    def read(self, at: int, count: int, now_us: int) -> bytes | None:
        """Read cells in one access, rolling over at the end; `None` is a NACK: still busy.

        A weak cell gives what `flicker` says, 0 to 255, at each read anew.
        """
        if now_us < self.busy_until_us:
            return None
        size = len(self.cells)
        at %= size
        end = at + count
        if end > size:
            shown = bytearray((self.cells * (end // size + 1))[at:end])
        elif not self.weak:
            return bytes(self.cells[at:end])
        else:
            shown = self.cells[at:end]
        if self.weak:
            for index in range(count):
                if (at + index) % size in self.weak:
                    shown[index] = self._flicker()
        return bytes(shown)

    def write(self, at: int, data: bytes, now_us: int) -> bool:
        """Take one page write whose STOP is at `now_us`; `False` is a NACK: busy, nothing changes.

        The address wraps inside the page, so of more bytes than a page the last ones stay. An
        access that ends before its STOP never gets here and changes nothing. Without data there
        is no cycle: the access only sets the address.
        """
        if now_us < self.busy_until_us:
            return False
        size = len(data)
        if not size:
            return True
        page_bytes = self.page_bytes
        at %= len(self.cells)
        offset = at % page_bytes
        base = at - offset
        self._before = self.cells[base : base + page_bytes]
        self._weak_before = frozenset(self.weak) if self.weak else _NONE_WEAK
        self._sent_base = base
        self._sent_at, self._sent_count = offset, min(size, page_bytes)
        page = base // page_bytes
        worn = self.wear[page]
        if worn < _WEAR_MAX:
            worn += 1
            self.wear[page] = worn
        self.busy_until_us = now_us + WRITE_CYCLE_US
        worn_by = worn - self.endurance_cycles
        if worn_by > self.endurance_cycles // WEAK_PART:
            return True  # it fails: a cycle as any other, and the cells stay
        if offset + size <= page_bytes:
            self.cells[at : at + size] = data
        else:
            for index, byte in enumerate(data, offset):
                self.cells[base + index % page_bytes] = byte
        if self.weak:
            self.weak.difference_update(base + place for place in self._sent())
        if worn_by > 0:
            self.weak.add(base + (offset + worn_by % self._sent_count) % page_bytes)
        return True

    def lose_power(self, now_us: int, fate: Callable[[], int]) -> None:
        """Let the supply fail: a cycle in progress ends here, byte by byte as `fate` says.

        `fate` gives 0 to 255. One call a byte sent, modulo 5: old, FF, new, mixed, weak; mixed
        takes a second call for what the cell holds. A cycle that was over is not touched.
        """
        if now_us < self.busy_until_us:
            self.busy_until_us = now_us
            for place in self._sent():
                self._settle(place, fate)

    def _sent(self) -> Iterator[int]:
        """Yield the places in the page of the bytes sent, in their order."""
        for offset in range(self._sent_at, self._sent_at + self._sent_count):
            yield offset % self.page_bytes

    def _settle(self, offset: int, fate: Callable[[], int]) -> None:
        cell = self._sent_base + offset
        outcome = fate() % FATE_COUNT
        if outcome == OLD:
            self.cells[cell] = self._before[offset]
            if cell in self._weak_before:
                self.weak.add(cell)
        elif outcome == BLANK:
            self.cells[cell] = ERASED
        elif outcome == MIXED:
            self.cells[cell] = fate()
        elif outcome == WEAK:
            self.weak.add(cell)

    # offset            size        field
    # 0                 size        cells
    # size              size / 8    weak cells, one bit each, cell 0 in bit 7 of the first byte
    # size + size / 8   4 a page    wear, big-endian
    def to_bytes(self) -> bytes:
        """Return the part of a meter image. A cycle in progress is taken to end well."""
        weak = bytearray(len(self.cells) // 8)
        for cell in self.weak:
            weak[cell // 8] |= 0x80 >> cell % 8
        return bytes(self.cells + weak) + struct.pack(f">{len(self.wear)}I", *self.wear)

    @classmethod
    def from_bytes(
        cls,
        raw: bytes,
        flicker: Callable[[], int],
        *,
        size_bytes: int = SIZE_BYTES,
        page_bytes: int = EEPROM_PAGE_BYTES,
        endurance_cycles: int = ENDURANCE_CYCLES,
    ) -> Self:
        """Return the part an image holds, at rest."""
        part = cls(
            flicker,
            size_bytes=size_bytes,
            page_bytes=page_bytes,
            endurance_cycles=endurance_cycles,
        )
        wear_at = size_bytes + size_bytes // 8
        expected = wear_at + _WEAR_BYTES * len(part.wear)
        if len(raw) != expected:
            raise LayoutError(
                "EEPROM", offset=0, expected=f"{expected} bytes", got=f"{len(raw)} bytes"
            )
        part.cells[:] = raw[:size_bytes]
        for at, bits in enumerate(raw[size_bytes:wear_at]):
            if bits:
                part.weak.update(at * 8 + bit for bit in range(8) if bits & 0x80 >> bit)
        part.wear[:] = struct.unpack(f">{len(part.wear)}I", raw[wear_at:])
        return part
