"""A terminal of your own on our cards: a kiosk that shows a household when its supply ends.

It knows cards by the bytes of docs/card-format.md and nothing of this project. The same test holds
on every link: `pytest tests/examples/test_own_terminal.py --meter-card-link t0`, or `vpcd`, or
`pcsc` with a real plain card.
"""

from collections.abc import Callable
from datetime import datetime

import pytest

from meter_emu.testing import Card, Desk

COPY_BYTES = 512
HEAD_BYTES = 10
ORDER = 3


class Kiosk:
    """`exchange` takes a C-APDU to the card and returns the R-APDU: all a terminal needs."""

    def __init__(self, exchange: Callable[[bytes], bytes]) -> None:
        self._exchange = exchange

    def supply_ends(self) -> datetime:
        """Return when the order on the card has the supply cut, as it says it."""
        self._send(bytes.fromhex("00a4000c02be01"))
        copies = [self._read(at, HEAD_BYTES) for at in (0, COPY_BYTES)]
        newest = max((0, 1), key=lambda copy: self._number(copies[copy]))
        size = int.from_bytes(copies[newest][8:10], "big")
        raw = self._read(newest * COPY_BYTES, size)
        at = HEAD_BYTES + 3 * raw[3]
        for row in range(HEAD_BYTES, at, 3):
            if raw[row] == ORDER:
                break
            at += int.from_bytes(raw[row + 1 : row + 3], "big")
        year, month, day, hour, minute = (int(f"{two:02x}") for two in raw[at + 13 : at + 18])
        return datetime(2000 + year, month, day, hour, minute)  # noqa: DTZ001  as cards have it

    @staticmethod
    def _number(head: bytes) -> int:
        return int.from_bytes(head[4:8], "big") if head.startswith(b"PE") else -1

    def _read(self, at: int, size: int) -> bytes:
        parts = b""
        while len(parts) < size:
            offset, left = at + len(parts), min(size - len(parts), 255)
            parts += self._send(bytes((0x00, 0xB0, offset >> 8, offset & 0xFF, left)))
        return parts

    def _send(self, command: bytes) -> bytes:
        answer = self._exchange(command)
        if answer[-2:] != b"\x90\x00":
            raise OSError(f"the card answers {answer[-2:].hex()}")
        return answer[:-2]


@pytest.mark.meter(carrier="plain")
def test_the_kiosk_tells_the_date_of_the_letter(card: Card, desk: Desk) -> None:
    desk.arm(card, defer_until="2020-07-03 23:01", cut_at="2020-07-03 23:01")
    with card.plugged() as terminal:
        terminal.power_on()
        told = Kiosk(terminal.transmit).supply_ends()
    assert f"{told:%Y-%m-%d %H:%M}" == "2020-07-03 23:01"
