"""The latching contactor with its auxiliary contact, and the current limiter next to it.

A latching (bistable) contactor moves on a pulse and keeps its position without supply; IEC
62055-31 calls it the load switch. The auxiliary contact shows where the main contact *is*, which
need not be where it was last driven to. Pulse length and limiter are `ours:`, of common size.
"""

from collections.abc import Callable
from typing import Final, Self

from card_protocol.errors import LayoutError

PULSE_US_MIN: Final = 20_000  # ours: a shorter pulse does not move the armature
PULSE_US: Final = 30_000  # ours: half as long again as the shortest that moves it
VOLTAGE_V: Final = 230  # EN 50160, nominal voltage between phase and neutral

# offset  size  field
# 0x00    1     flags: bit 0 closed, so that current passes, bit 1 stuck; others 0
_ON: Final = 0x01
_STUCK: Final = 0x02


class Contactor:
    """`on` is the actual position, closed; `stuck` is an injected fault: it no longer follows."""

    __slots__ = ("limiter_a", "on", "stuck")

    IMAGE_BYTES: Final = 1
    drive_us: Final = PULSE_US
    needs_mains: Final = True

    def __init__(self, *, on: bool = True, stuck: bool = False) -> None:
        self.on = on
        self.stuck = stuck
        self.limiter_a = 0

    def drive(self, on: bool, start_us: int, stop_us: int) -> None:
        """Pulse towards a position; too short a pulse, or a stuck armature, moves nothing."""
        if stop_us - start_us >= PULSE_US_MIN and not self.stuck:
            self.on = on

    def cut_during_drive(self, on: bool, fate: Callable[[], int]) -> None:
        """Let the supply fail inside a pulse: an odd `fate` has moved, an even one has not."""
        if fate() & 1 and not self.stuck:
            self.on = on

    def limit(self, ampere: int) -> None:
        """Set the limiter; 0 is no limit."""
        self.limiter_a = ampere

    def limit_rate(self) -> int | None:
        """Return the power in watts the limiter lets through, or `None` without a limit."""
        return self.limiter_a * VOLTAGE_V or None

    def lose_power(self) -> None:
        """Forget the limiter, which is volatile; the position stays."""
        self.limiter_a = 0

    def to_bytes(self) -> bytes:
        """Return the part of a meter image, 1 byte."""
        return bytes((self.on * _ON | self.stuck * _STUCK,))

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Return the contactor an image holds."""
        if len(raw) != cls.IMAGE_BYTES:
            raise LayoutError("contactor", offset=0, expected="1 byte", got=f"{len(raw)} bytes")
        if raw[0] & ~(_ON | _STUCK):
            raise LayoutError("contactor", offset=0, expected="flags 00 to 03", got=f"{raw[0]:02x}")
        return cls(on=bool(raw[0] & _ON), stuck=bool(raw[0] & _STUCK))
