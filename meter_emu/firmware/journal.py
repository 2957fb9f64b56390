"""A record in two journalled copies in the EEPROM: saved whole, or not at all.

A save goes to the copy that is *not* the newest, with the sequence one higher, so a cut at any byte
leaves the newest as it was. A copy that was being written when power went may read differently each
time. So after a power-up a copy counts only when it reads the same several times.
"""

from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from card_protocol.layout import Layout
from meter_emu.firmware.layouts import crc_holds, with_crc
from meter_emu.ports import Ports

PAGE_SIZE_BYTES: Final = 64  # AT24C256-class part
READS_AFTER_POWER_UP: Final = 4  # ours: one weak byte passes once in 256 ** 4 times
ACK_TRIES_MAX: Final = 50  # ours: a NACK costs the driver 5 ms, and then the part is ready (tWR)
_U32: Final = 0xFFFFFFFF
_HALF: Final = 0x80000000


class Journalled(Protocol):
    """What a record has for its journal; its last field is the CRC."""

    sequence: int
    crc: int


LaidOutT = TypeVar("LaidOutT")
JournalledT = TypeVar("JournalledT", bound=Journalled)


class Journal(Generic[JournalledT]):
    """Loads and saves a record of `layout`, whose two copies lie `at` two page boundaries.

    `possible` is whether the program can have written a record whose CRC is right.
    """

    __slots__ = ("_at", "_layout", "_newest", "_ports", "_possible", "_version")

    def __init__(
        self,
        ports: Ports,
        layout: Layout[JournalledT],
        at: tuple[int, int],
        *,
        version: int,
        possible: Callable[[JournalledT], bool],
    ) -> None:
        self._ports = ports
        self._layout = layout
        self._at = at
        self._version = version
        self._possible = possible
        self._newest = 0

    def load(self, *, powered_on: bool) -> JournalledT | None:
        """Return the newest valid copy, or `None` when both are broken."""
        size = self._layout.size_bytes
        read = read_firmly if powered_on else read_cells
        found = [
            record_in(read(self._ports, at, size), self._layout, self._version) for at in self._at
        ]
        first, second = (one if one is not None and self._possible(one) else None for one in found)
        if first is None and second is None:
            return None
        later = first is None or (second is not None and is_after(second.sequence, first.sequence))
        self._newest = int(later)
        return second if later else first

    def save(self, record: JournalledT) -> None:
        """Write the older copy and wait until it is there; sequence and CRC are filled in."""
        record.sequence = (record.sequence + 1) & _U32
        raw = with_crc(self._layout.build(record))
        target = 1 - self._newest
        write_record(self._ports, self._at[target], raw)
        record.crc = int.from_bytes(raw[-4:], "big")
        self._newest = target


def record_in(raw: bytes, layout: Layout[LaidOutT], version: int) -> LaidOutT | None:
    """Return the record in some cells, `None` unless it is whole and of this version."""
    if raw[:2] != layout.magic or raw[2] != version or not crc_holds(raw):
        return None
    return layout.parse(raw)


def is_after(sequence: int, than: int) -> bool:
    """Whether a sequence is after another, across the wrap of 32 bits."""
    return 0 < ((sequence - than) & _U32) < _HALF


def read_firmly(ports: Ports, at: int, count: int) -> bytes:
    """Read cells several times; if any two reads differ, treat all of them as erased."""
    raw = read_cells(ports, at, count)
    for _ in range(READS_AFTER_POWER_UP - 1):
        if read_cells(ports, at, count) != raw:
            return b"\xff" * count
    return raw


def read_cells(ports: Ports, at: int, count: int) -> bytes:
    """Read cells, asked until the part is ready; a dead part reads as an erased one."""
    for _ in range(ACK_TRIES_MAX):
        raw = ports.eeprom_read(at, count)
        if raw is not None:
            return raw
    return b"\xff" * count


def write_record(ports: Ports, at: int, raw: bytes) -> None:
    """Write a record page by page, and wait until it is there."""
    for offset in range(0, len(raw), PAGE_SIZE_BYTES):
        page = raw[offset : offset + PAGE_SIZE_BYTES]
        for _ in range(ACK_TRIES_MAX):
            if ports.eeprom_write(at + offset, page):
                break
    read_cells(ports, at, 1)  # acknowledged only when the last write cycle is over
