"""The latching contactor with its auxiliary contact, and the current limiter beside it.

A latching (bistable) contactor moves on a pulse and keeps its position without supply; IEC
62055-31 calls it the load switch. The auxiliary contact shows where the main contact *is*, which
need not be where it was last driven to. Pulse length and limiter are `ours:`, of common size.
"""

from collections.abc import Callable
from typing import Final, Self

from card_protocol.errors import LayoutError

PULSE_US_MIN: Final = 20_000  # ours: a shorter pulse does not move the armature
VOLTAGE_V: Final = 230  # EN 50160, nominal voltage between phase and neutral

# offset  size  field
# 0x00    1     flags: bit 0 closed, bit 1 stuck; others 0
IMAGE_BYTES: Final = 1
_CLOSED: Final = 0x01
_STUCK: Final = 0x02


class Contactor:
    """`closed` is the actual position; `stuck` is an injected fault: it no longer follows."""

    __slots__ = ("closed", "limiter_a", "stuck")

    def __init__(self, *, closed: bool = True, stuck: bool = False) -> None:
        self.closed = closed
        self.stuck = stuck
        self.limiter_a = 0

    def drive(self, closed: bool, start_us: int, stop_us: int) -> None:
        """Pulse towards a position; too short a pulse, or a stuck armature, moves nothing."""
        if stop_us - start_us >= PULSE_US_MIN and not self.stuck:
            self.closed = closed

    def cut_during_drive(self, closed: bool, fate: Callable[[], int]) -> None:
        """Let the supply fail inside a pulse: an odd `fate` has moved, an even one has not."""
        if fate() & 1 and not self.stuck:
            self.closed = closed

    def limit_w(self) -> int | None:
        """Return the load the limiter lets through, or `None` without a limit."""
        return self.limiter_a * VOLTAGE_V or None

    def lose_power(self) -> None:
        """Forget the limiter, which is volatile; the position stays."""
        self.limiter_a = 0

    def to_bytes(self) -> bytes:
        """Return the part of a meter image, 1 byte."""
        return bytes((self.closed * _CLOSED | self.stuck * _STUCK,))

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Return the contactor an image holds."""
        if len(raw) != IMAGE_BYTES:
            raise LayoutError("contactor", offset=0, want="1 byte", got=f"{len(raw)} bytes")
        if raw[0] & ~(_CLOSED | _STUCK):
            raise LayoutError("contactor", offset=0, want="flags 00 to 03", got=f"{raw[0]:02x}")
        return cls(closed=bool(raw[0] & _CLOSED), stuck=bool(raw[0] & _STUCK))
