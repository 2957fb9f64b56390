"""The memory chip: page writes, a cycle that power can end, cells that are weak."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

from card_protocol.errors import LayoutError
from meter_emu.hardware.eeprom import Eeprom
from meter_emu.laws.judged import law_with_runs
from meter_emu.laws.law import Broken, Finding, Trial, chance

_SIZE: Final = 1_024  # of a small part: the rules are those of a large one
_PAGE: Final = 64
_CYCLE_US: Final = 5_000  # AT24C256C, tWR
_STEPS: Final = 40


@dataclass(slots=True)
class _Cells:
    """The same part as bytes, one by one."""

    cells: list[int] = field(default_factory=lambda: [0xFF] * _SIZE)
    weak: set[int] = field(default_factory=set)
    wear: list[int] = field(default_factory=lambda: [0] * (_SIZE // _PAGE))
    busy_until_us: int = 0
    sent: dict[int, tuple[int, bool]] = field(default_factory=dict)  # what was there before

    def read(self, at: int, count: int, flicker: Callable[[], int]) -> bytes:
        """Return what each cell shows."""
        places = ((at + index) % _SIZE for index in range(count))
        return bytes(flicker() if place in self.weak else self.cells[place] for place in places)

    def write(self, at: int, data: bytes, now_us: int) -> None:
        """Take a page write."""
        if not data:
            return
        page, at = at % _SIZE // _PAGE, at % _PAGE
        self.sent = {}
        for index, byte in enumerate(data):
            place = page * _PAGE + (at + index) % _PAGE
            self.sent.setdefault(place, (self.cells[place], place in self.weak))
            self.cells[place] = byte
            self.weak.discard(place)
        self.wear[page] += 1
        self.busy_until_us = now_us + _CYCLE_US

    def lose_power(self, now_us: int, fate: Callable[[], int]) -> None:
        """End a cycle byte by byte, in the order in which they were sent."""
        if now_us >= self.busy_until_us:
            return
        self.busy_until_us = now_us
        for place, (byte, was_weak) in self.sent.items():
            outcome = fate() % 5
            if outcome == 0:
                self.cells[place] = byte
                self.weak |= {place} if was_weak else set()
            elif outcome == 1:
                self.cells[place] = 0xFF
            elif outcome == 3:
                self.cells[place] = fate()
            elif outcome == 4:
                self.weak.add(place)

    def to_bytes(self) -> bytes:
        """Return cells, a bit for each weak one, and the wear of each page."""
        bits = [int("".join(str(int(8 * at + bit in self.weak)) for bit in range(8)), 2)
                for at in range(_SIZE // 8)]  # fmt: skip
        return bytes(self.cells) + bytes(bits) + b"".join(struct.pack(">I", n) for n in self.wear)


@law_with_runs(id="memory-cells", properties=("P8",), presumes="the built-in board")
def memory_cells(trial: Trial) -> Finding:
    """The memory chip holds what was written, and what a write that lost its power leaves."""
    random, now_us = chance(trial, "cells"), 0
    chances = [chance(trial, "weak") for _ in range(2)]
    part = Eeprom(lambda: chances[0].randrange(256), size_bytes=_SIZE, page_bytes=_PAGE)
    cells = _Cells()
    for _ in range(_STEPS):
        now_us += random.choice((0, 1, _CYCLE_US - 1, _CYCLE_US, _CYCLE_US + 1))
        words = next(_differs(part, cells, now_us, random, chances), None)
        if words is not None:
            return Broken(f"the memory {words}")
    raw = part.to_bytes()
    if raw != cells.to_bytes():
        return Broken("the memory is another in its image")
    again = Eeprom.from_bytes(raw, lambda: 0, size_bytes=_SIZE, page_bytes=_PAGE)
    if again.to_bytes() != raw or again.weak != cells.weak or again.wear != cells.wear:
        return Broken("the memory of an image is another when it is saved again")
    for wrong in (raw[:-1], raw + b"\0"):
        try:
            Eeprom.from_bytes(wrong, lambda: 0, size_bytes=_SIZE, page_bytes=_PAGE)
        except LayoutError as error:
            if error.offset == 0:
                continue
        return Broken(f"the memory is loaded from {len(wrong)} bytes")
    return None


def _differs(
    part: Eeprom, cells: _Cells, now_us: int, random: Random, chances: list[Random]
) -> Iterator[str]:
    at = random.choice((0, _PAGE - 1, _SIZE - 1, _SIZE + 5, random.randrange(_SIZE)))
    busy = now_us < cells.busy_until_us
    act = random.randrange(4)
    if act == 0:
        count = random.choice((0, 1, 3, _PAGE, _PAGE + 5, 2 * _SIZE + 1))
        expected = None if busy else cells.read(at, count, lambda: chances[1].randrange(256))
        if part.read(at, count, now_us) != expected:
            yield f"shows other bytes from {at} on" if expected else "answers while it writes"
    elif act == 1:
        fates = random.randbytes(3 * _PAGE)
        drawn, wanted = iter(fates), iter(fates)
        part.lose_power(now_us, lambda: next(drawn))
        cells.lose_power(now_us, lambda: next(wanted))
        if next(drawn) != next(wanted):
            yield "settles other bytes than those that were being written"
    else:
        data = random.randbytes(random.choice((0, 1, 7, _PAGE, _PAGE + 5)))
        if part.write(at, data, now_us) is busy:
            yield "takes a write while it is busy" if busy else "takes no write"
        if not busy:
            cells.write(at, data, now_us)
    if bytes(part.cells) != bytes(cells.cells) or part.weak != cells.weak:
        yield f"holds other bytes after {('a read', 'a loss of power', 'a write', 'a write')[act]}"
    if part.busy_until_us != cells.busy_until_us or part.wear != cells.wear:
        yield "counts its writes otherwise"
