"""Check values of dumps, by the parameters that the public catalogue of CRCs prints."""

from functools import reduce
from operator import xor
from typing import Final, NamedTuple


class _Crc(NamedTuple):
    name: str
    width: int
    poly: int
    init: int
    reflected: bool
    last: int


_CRCS: Final = (
    _Crc("crc8", 8, 0x07, 0, False, 0),
    _Crc("crc16-arc", 16, 0x8005, 0, True, 0),
    _Crc("crc16-modbus", 16, 0x8005, 0xFFFF, True, 0),
    _Crc("crc16-ccitt-false", 16, 0x1021, 0xFFFF, False, 0),
    _Crc("crc16-kermit", 16, 0x1021, 0, True, 0),
    _Crc("crc16-x25", 16, 0x1021, 0xFFFF, True, 0xFFFF),
    _Crc("crc32", 32, 0x04C11DB7, 0xFFFFFFFF, True, 0xFFFFFFFF),
)


def check_value(name: str, data: bytes) -> tuple[int, int]:
    """Return a check value and its size in bytes: a remainder of polynomials, bit after bit."""
    found = [one for one in _CRCS if one.name == name]
    if not found:
        size = 2 if name == "sum16" else 1
        return (reduce(xor, data, 0) if name == "xor8" else sum(data) % 256**size), size
    _, width, poly, value, reflected, last = found[0]
    for byte in data:
        for bit in range(8) if reflected else range(7, -1, -1):
            carry = value >> width - 1 ^ byte >> bit & 1
            value = value << 1 & (1 << width) - 1 ^ (poly if carry else 0)
    if reflected:
        value = int(f"{value:0{width}b}"[::-1], 2)
    return value ^ last, width // 8
