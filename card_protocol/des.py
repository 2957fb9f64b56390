"""A block of DES, by the tables of FIPS 46-3, where no cipher library has it.

DKGA02 of STS encrypts one block with one key. This is too slow for more, and single DES protects
nothing today.
"""

from collections.abc import Iterable, Sequence
from typing import Final

# Bits are numbered from 1, the leftmost, as in FIPS 46-3.
_IP: Final = [start - 8 * row for start in (58, 60, 62, 64, 57, 59, 61, 63) for row in range(8)]
_IP_INVERSE: Final = [_IP.index(bit) + 1 for bit in range(1, 65)]
_E: Final = [(4 * group + bit - 1) % 32 + 1 for group in range(8) for bit in range(6)]
_P: Final = [
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
    2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
]  # fmt: skip
_PC1: Final = [
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3,
    60, 52, 44, 36, 63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37,
    29, 21, 13, 5, 28, 20, 12, 4,
]  # fmt: skip
_PC2: Final = [
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52,
    31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
]  # fmt: skip
_SHIFTS: Final = (1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1)
# S1 to S8, each four rows of sixteen, a hexadecimal digit an entry.
_S: Final = [
    [int(digit, 16) for digit in box]
    for box in (
        "e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d",
        "f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9",
        "a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c",
        "7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e",
        "2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453",
        "c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d",
        "4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c",
        "d2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b",
    )
]


def _bits(data: bytes) -> list[int]:
    return [byte >> place & 1 for byte in data for place in range(7, -1, -1)]


def _picked(bits: Sequence[int], places: Iterable[int]) -> list[int]:
    return [bits[place - 1] for place in places]


def _round_keys(key: bytes) -> list[list[int]]:
    c, d = (part := _picked(_bits(key), _PC1))[:28], part[28:]
    keys = []
    for shift in _SHIFTS:
        c, d = c[shift:] + c[:shift], d[shift:] + d[:shift]
        keys.append(_picked(c + d, _PC2))
    return keys


def _f(right: Sequence[int], key: Sequence[int]) -> list[int]:
    mixed = [a ^ b for a, b in zip(_picked(right, _E), key, strict=True)]
    out: list[int] = []
    for group, box in enumerate(_S):
        b = mixed[6 * group : 6 * group + 6]
        row, column = 2 * b[0] + b[5], 8 * b[1] + 4 * b[2] + 2 * b[3] + b[4]
        out += _bits(bytes([box[16 * row + column]]))[4:]
    return _picked(out, _P)


def encrypted(key: bytes, block: bytes) -> bytes:
    """Return one block of 8 bytes encrypted; the parity bits of the key's 8 bytes do not count."""
    if len(key) != 8 or len(block) != 8:
        raise ValueError("DES takes a key and a block of 8 bytes each")
    bits = _picked(_bits(block), _IP)
    left, right = bits[:32], bits[32:]
    for round_key in _round_keys(key):
        left, right = right, [a ^ b for a, b in zip(left, _f(right, round_key), strict=True)]
    out = _picked(right + left, _IP_INVERSE)
    return sum(bit << 63 - place for place, bit in enumerate(out)).to_bytes(8, "big")
