"""SipHash-2-4 (Aumasson and Bernstein, 2012): 64 bits from a key of 16 bytes and some data.

Thirty lines of our own: the libraries that have it are C extensions, and this is all of them that
a token needs. It adds, shifts and exclusive-ors, so its time does not depend on the key.
"""

from typing import Final

SIPHASH_KEY_BYTES: Final = 16
_MASK: Final = (1 << 64) - 1
_BEGIN: Final = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
_State = tuple[int, int, int, int]


def siphash_24(key: bytes, data: bytes) -> int:
    """Return the hash of some data under a key of 16 bytes, as an integer."""
    assert len(key) == SIPHASH_KEY_BYTES
    low, high = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")
    v0, v1, v2, v3 = _BEGIN
    state = (v0 ^ low, v1 ^ high, v2 ^ low, v3 ^ high)
    last = len(data) % 8
    padded = data + bytes(7 - last) + bytes((len(data) & 0xFF,))
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at : at + 8], "little")
        v0, v1, v2, v3 = state
        v0, v1, v2, v3 = _rounds((v0, v1, v2, v3 ^ word), 2)
        state = (v0 ^ word, v1, v2, v3)
    v0, v1, v2, v3 = state
    v0, v1, v2, v3 = _rounds((v0, v1, v2 ^ 0xFF, v3), 4)
    return v0 ^ v1 ^ v2 ^ v3


def _rounds(state: _State, count: int) -> _State:
    v0, v1, v2, v3 = state
    for _ in range(count):
        v0 = v0 + v1 & _MASK
        v1 = (v1 << 13 | v1 >> 51) & _MASK ^ v0
        v0 = (v0 << 32 | v0 >> 32) & _MASK
        v2 = v2 + v3 & _MASK
        v3 = (v3 << 16 | v3 >> 48) & _MASK ^ v2
        v0 = v0 + v3 & _MASK
        v3 = (v3 << 21 | v3 >> 43) & _MASK ^ v0
        v2 = v2 + v1 & _MASK
        v1 = (v1 << 17 | v1 >> 47) & _MASK ^ v2
        v2 = (v2 << 32 | v2 >> 32) & _MASK
    return v0, v1, v2, v3
