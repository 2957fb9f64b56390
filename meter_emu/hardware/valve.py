"""The latching motor valve of a gas meter, with the sensor of its actual position.

Ours: no maker's data sheet stands behind it. A small motor turns the valve through its travel and
is then off, so the valve keeps its position without supply. Gas passes in every position but the
closed one: a valve that stopped between counts as open, and only the sensor shows it. It passes gas
whether the meter itself has power or not, and there is no limiter in it.
"""

from collections.abc import Callable
from typing import Final, Self

from card_protocol.errors import LayoutError

TRAVEL_US: Final = 3_000_000  # ours: from one end to the other; a shorter drive moves nothing

# offset  size  field
# 0x00    1     flags: bit 0 gas passes, bit 1 stuck, bit 2 between its ends; others 0
_ON: Final = 0x01
_STUCK: Final = 0x02
_BETWEEN: Final = 0x04


class Valve:
    """`on` says whether gas can pass; `stuck` is an injected fault: it no longer follows."""

    __slots__ = ("between", "limiter_a", "on", "stuck")

    IMAGE_BYTES: Final = 1
    drive_us: Final = TRAVEL_US
    needs_mains: Final = False

    def __init__(self, *, on: bool = True, stuck: bool = False, between: bool = False) -> None:
        assert on or not between, "between its ends a valve lets gas through"
        self.on = on
        self.stuck = stuck
        self.between = between
        self.limiter_a = 0

    def drive(self, on: bool, start_us: int, stop_us: int) -> None:
        """Turn to an end; too short a drive, or a stuck valve, moves nothing."""
        if stop_us - start_us >= TRAVEL_US and not self.stuck:
            self.on, self.between = on, False

    def cut_during_drive(self, on: bool, fate: Callable[[], int]) -> None:
        """Let the supply fail inside a drive: it stays, has arrived, or stops between."""
        reached = fate() % 3
        if self.stuck or reached == 0:
            return
        self.between = reached == 1
        self.on = on or self.between

    def limit(self, ampere: int) -> None:
        """There is no limiter to set."""

    def limit_rate(self) -> int | None:
        """Return that nothing is limited."""
        return None

    def lose_power(self) -> None:
        """Keep the position: a valve at rest needs no power."""

    def to_bytes(self) -> bytes:
        """Return the part of a meter image, 1 byte."""
        return bytes((self.on * _ON | self.stuck * _STUCK | self.between * _BETWEEN,))

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Return the valve an image holds."""
        if len(raw) != cls.IMAGE_BYTES:
            raise LayoutError("valve", offset=0, expected="1 byte", got=f"{len(raw)} bytes")
        on, stuck, between = (bool(raw[0] & bit) for bit in (_ON, _STUCK, _BETWEEN))
        if raw[0] & ~(_ON | _STUCK | _BETWEEN) or (between and not on):
            raise LayoutError(
                "valve", offset=0, expected="flags 00 to 03, 05 or 07", got=f"{raw[0]:02x}"
            )
        return cls(on=on, stuck=stuck, between=between)
