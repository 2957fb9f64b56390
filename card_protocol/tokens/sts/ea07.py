"""EA07, the Standard Transfer Algorithm of STS: a 64-bit block under a 64-bit key, 16 rounds.

A round replaces each of the sixteen nibbles by S1 or S2, as one bit of the round key says, and
then moves every bit by the permutation P. Bit 0 is the least significant. Substitution and
permutation of a byte are looked up at once: for each of the eight bytes and each pair of its two
key bits a table of 256 blocks, so that a round is eight look-ups joined by "or".
"""

from collections.abc import Sequence
from functools import cache
from typing import Final, TypeAlias, final

_ROUNDS: Final = 16
_KEY_ROTATION: Final = 12  # the key is inverted and rotated right by so much first
_MASK: Final = (1 << 64) - 1

# IEC 62055-41 clause 6.4; the numbers as NectarAPI/tokens-service @609cea0 has them, confirmed by
# 184 published tokens. The tables of older public descriptions (S1 = C A 8 4 ...) are samples.
_S1: Final = (0xE, 0xA, 0x7, 0x9, 0xC, 0x3, 0x2, 0x5, 0xD, 0x0, 0xF, 0x1, 0x4, 0x8, 0x6, 0xB)
_S2: Final = (0xC, 0x8, 0x2, 0xD, 0x7, 0x6, 0x1, 0x3, 0xB, 0x5, 0x9, 0xF, 0x0, 0x4, 0xA, 0xE)
_P: Final = (
    55, 42, 10, 18, 24, 21, 44, 35, 2, 22, 56, 43, 27, 58, 9, 50, 6, 36, 12, 61, 37, 38, 53, 16,
    62, 3, 7, 4, 32, 20, 63, 25, 51, 52, 54, 33, 49, 19, 46, 29, 48, 31, 23, 30, 41, 28, 13, 5,
    40, 60, 39, 11, 15, 17, 1, 0, 57, 34, 59, 8, 47, 14, 45, 26,
)  # fmt: skip

_Table: TypeAlias = tuple[int, ...]  # a block for each value of a byte
_Round: TypeAlias = tuple[_Table, ...]  # a table for each byte, the least significant first


def _inverse(of: Sequence[int]) -> tuple[int, ...]:
    found = [0] * len(of)
    for at, value in enumerate(of):
        found[value] = at
    return tuple(found)


assert sorted(_S1) == sorted(_S2) == list(range(16)), "both substitutions can be undone"
assert sorted(_P) == list(range(64)), "every bit goes to a place of its own"
_P_INVERSE: Final = _inverse(_P)


def _moved(block: int, places: Sequence[int]) -> int:
    """Return the block with each bit `at` moved to `places[at]`."""
    return sum(1 << place for at, place in enumerate(places) if block >> at & 1)


def _tables(pair: tuple[Sequence[int], Sequence[int]], places: Sequence[int]) -> list[list[_Table]]:
    """Return for each byte of a block, and each two key bits of it, its table of 256 blocks."""
    return [
        [
            tuple(
                _moved((pair[bits >> 1][byte >> 4] << 4 | pair[bits & 1][byte & 15]) << at, places)
                for byte in range(256)
            )
            for bits in range(4)
        ]
        for at in range(0, 64, 8)
    ]


@cache
def _encrypting() -> list[list[_Table]]:
    return _tables((_S1, _S2), _P)


@cache
def _decrypting() -> list[list[_Table]]:
    """Undo the substitution, then the permutation of the round before."""
    return _tables((_inverse(_S1), _inverse(_S2)), _P_INVERSE)


@cache
def _permuting(places: tuple[int, ...]) -> _Round:
    return tuple(tuple(_moved(byte << at, places) for byte in range(256)) for at in range(0, 64, 8))


def _key_bits(key: int) -> list[list[int]]:
    """Return for each round the two key bits of each byte: bit 3 of either nibble of the key."""
    turned = key ^ _MASK
    turned = (turned >> _KEY_ROTATION | turned << (64 - _KEY_ROTATION)) & _MASK
    rounds = []
    for _ in range(_ROUNDS):
        rounds.append([turned >> at + 6 & 2 | turned >> at + 3 & 1 for at in range(0, 64, 8)])
        turned = (turned << 1 | turned >> 63) & _MASK
    return rounds


def _through(block: int, rounds: Sequence[_Round]) -> int:
    for t0, t1, t2, t3, t4, t5, t6, t7 in rounds:
        b0, b1, b2, b3, b4, b5, b6, b7 = block.to_bytes(8, "little")
        block = t0[b0] | t1[b1] | t2[b2] | t3[b3] | t4[b4] | t5[b5] | t6[b6] | t7[b7]
    return block


@final
class Ea07:
    """The cipher with the tables of one key chosen: making one costs, using it does not."""

    __slots__ = ("_decrypt", "_encrypt")

    def __init__(self, key: int) -> None:
        assert 0 <= key <= _MASK
        bits = _key_bits(key)
        forward, backward = _encrypting(), _decrypting()
        self._encrypt = [
            tuple(forward[at][pair] for at, pair in enumerate(pairs)) for pairs in bits
        ]
        undone = [tuple(backward[at][pair] for at, pair in enumerate(pairs)) for pairs in bits]
        # The first permutation has no substitution before it, and the last one is one too many.
        self._decrypt = [_permuting(_P_INVERSE), *reversed(undone), _permuting(_P)]

    def encrypt(self, block: int) -> int:
        """Return a 64-bit block encrypted."""
        return _through(block, self._encrypt)

    def decrypt(self, block: int) -> int:
        """Return a 64-bit block decrypted."""
        return _through(block, self._decrypt)
