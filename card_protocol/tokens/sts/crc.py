"""The CRC of an STS token: CRC-16/MODBUS of seven bytes, its two bytes swapped."""

from typing import Final

_POLYNOMIAL: Final = 0xA001  # x^16 + x^15 + x^2 + 1, reflected (IEC 62055-41 clause 6.3.7)
_BEGIN: Final = 0xFFFF
_SIZE_BYTES: Final = 7  # 50 bits, the class and the upper 48 of the block, after six zeros


def _of_byte(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE: Final = tuple(map(_of_byte, range(256)))


def crc_of(token_class: int, upper: int) -> int:
    """Return the 16-bit CRC of a class (2 bits) and the upper 48 bits of a block."""
    crc = _BEGIN
    for byte in (token_class << 48 | upper).to_bytes(_SIZE_BYTES, "big"):
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return (crc & 0xFF) << 8 | crc >> 8
