"""The amount code of STS: 16 bits for a number of tenths, in four steps of ten.

Bits 15-14 are an exponent e, bits 13-0 a mantissa m; the value is 10^e * m plus what the smaller
exponents reach, so each step begins where the one below it ends (IEC 62055-41 clause 6.2.3).
"""

from typing import Final

from card_protocol.errors import TokenError

_MANTISSA_BITS: Final = 14
_MANTISSAS: Final = 1 << _MANTISSA_BITS
_STEPS: Final = (1, 10, 100, 1000)  # what one more in the mantissa adds, by exponent
_FIRST: Final = (0, 16_384, 180_224, 1_818_624)  # 2^14 times 0, 1, 11, 111
AMOUNT_MAX: Final = 18_201_624


def amount_of(code: int) -> int:
    """Return the amount that a code of 16 bits stands for, in its unit (tenths of a kWh, watts)."""
    exponent = code >> _MANTISSA_BITS
    return _FIRST[exponent] + _STEPS[exponent] * (code & _MANTISSAS - 1)


def code_of(amount: int) -> int:
    """Return the code of an amount, rounded up to the next that has one: in the buyer's favour.

    Raise `TokenError` for a negative amount or one above `AMOUNT_MAX`.
    """
    if not 0 <= amount <= AMOUNT_MAX:
        raise TokenError("amount", f"{amount} is outside 0 to {AMOUNT_MAX}")
    exponent = max(e for e, first in enumerate(_FIRST) if amount >= first)
    mantissa = -((_FIRST[exponent] - amount) // _STEPS[exponent])
    if mantissa == _MANTISSAS:  # between the last of a step and the first of the next
        exponent, mantissa = exponent + 1, 0
    return exponent << _MANTISSA_BITS | mantissa
