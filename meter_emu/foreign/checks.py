"""Checksums and CRCs that dumps carry, by the names of the public catalogue of CRC algorithms.

Each CRC has the catalogue's check value, that of the ASCII digits 1 to 9 (reveng.sourceforge.io).
"""

from collections.abc import Callable
from typing import Final, Literal, NamedTuple, TypeAlias
from zlib import crc32

CheckKind: TypeAlias = Literal[
    "sum8", "sum16", "xor8", "crc8", "crc16-arc", "crc16-modbus", "crc16-ccitt-false",
    "crc16-kermit", "crc16-x25", "crc32",
]  # fmt: skip


class Check(NamedTuple):
    """How many bytes a check value has, and how it is computed."""

    size_bytes: int
    of: Callable[[bytes], int]


def _sum(bits: int) -> Callable[[bytes], int]:
    return lambda data: sum(data) & (1 << bits) - 1


def _xor8(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
    return value


def _reflected(width: int, poly: int, start: int, last: int = 0) -> Callable[[bytes], int]:
    """Return a CRC that takes the low bit first; `poly` is reversed, `last` is added at the end."""

    def of(data: bytes) -> int:
        value = start
        for byte in data:
            value ^= byte
            for _ in range(8):
                value = value >> 1 ^ (poly if value & 1 else 0)
        return (value ^ last) & (1 << width) - 1

    return of


def _forward(width: int, poly: int, start: int) -> Callable[[bytes], int]:
    """Return a CRC that takes the high bit first."""
    top, mask = 1 << width - 1, (1 << width) - 1

    def of(data: bytes) -> int:
        value = start
        for byte in data:
            value ^= byte << width - 8
            for _ in range(8):
                value = (value << 1 ^ (poly if value & top else 0)) & mask
        return value

    return of


CHECKS: Final[dict[CheckKind, Check]] = {
    "sum8": Check(1, _sum(8)),
    "sum16": Check(2, _sum(16)),
    "xor8": Check(1, _xor8),
    "crc8": Check(1, _forward(8, 0x07, 0)),
    "crc16-arc": Check(2, _reflected(16, 0xA001, 0)),
    "crc16-modbus": Check(2, _reflected(16, 0xA001, 0xFFFF)),
    "crc16-ccitt-false": Check(2, _forward(16, 0x1021, 0xFFFF)),
    "crc16-kermit": Check(2, _reflected(16, 0x8408, 0)),
    "crc16-x25": Check(2, _reflected(16, 0x8408, 0xFFFF, 0xFFFF)),
    "crc32": Check(4, crc32),
}
