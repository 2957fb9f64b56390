"""A card session is bounded: by how often the card is asked, and by the ticks it may take.

A normal session asks 9 to 12 times and takes under a second. A card that is slow on purpose, or
never comes to an end, must not hold the meter while T2 passes; that a single exchange ends is the
board's duty (`ports.md`).
"""

from typing import Final, final

from card_protocol.errors import LinkError, LinkErrorKind
from meter_emu.ports import TICKS_WRAP, Ports

EXCHANGES_MAX: Final = 64  # ours: five times what the longest session needs
SESSION_MAX_MS: Final = 20_000  # ours: no exchange begins later


@final
class BoundedSession:
    """The way to the card in the slot, for one session."""

    __slots__ = ("_began_ms", "_left", "_ports")

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._began_ms = ports.ticks_ms()
        self._left = EXCHANGES_MAX

    def exchange(self, command: bytes) -> bytes:
        """Send a C-APDU and return the R-APDU; raise `LinkError`, also when the session is over."""
        taken_ms = (self._ports.ticks_ms() - self._began_ms) % TICKS_WRAP
        if not self._left or taken_ms >= SESSION_MAX_MS:
            raise LinkError(LinkErrorKind.TIMED_OUT, "the session is over")
        self._left -= 1
        return self._ports.card_exchange(command)
