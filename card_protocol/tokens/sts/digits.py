"""The 20 digits of an STS token, and the 66 bits in them: a class and a block of 64.

The class takes the place of bits 28 and 27 of the block, and those two bits go on top
(IEC 62055-41, class insertion, "transposition").
"""

from typing import Final

from card_protocol.errors import TokenError

TOKEN_DIGITS: Final = 20
TOKEN_MAX: Final = (1 << 66) - 1  # 20-digit numbers above it are not STS (UK UTRNs are there)
_AT: Final = 27  # the lower of the two bits that the class replaces
_BLOCK_MASK: Final = (1 << 64) - 1


def insert_class(token_class: int, block: int) -> str:
    """Return the 20 digits of a class (0-3) and a 64-bit block, as encrypted."""
    assert 0 <= token_class <= 3
    assert 0 <= block <= _BLOCK_MASK
    top = block >> _AT & 3
    return f"{top << 64 | block & ~(3 << _AT) | token_class << _AT:0{TOKEN_DIGITS}}"


def extract_class(digits: str) -> tuple[int, int]:
    """Return the class and the 64-bit block in 20 digits.

    Raise `TokenError` for anything but 20 ASCII digits, or a number that 66 bits do not hold.
    """
    if len(digits) != TOKEN_DIGITS:
        raise TokenError("digits", f"expected {TOKEN_DIGITS}, got {len(digits)}")
    for place, one in enumerate(digits, 1):
        if one not in "0123456789":
            raise TokenError("digits", f"character {place} is {one!r}, expected 0 to 9")
    number = int(digits)
    if number > TOKEN_MAX:
        raise TokenError("range", f"{digits} is above {TOKEN_MAX}, the largest STS token (2^66-1)")
    top = number >> 64
    return number >> _AT & 3, number & _BLOCK_MASK & ~(3 << _AT) | top << _AT
