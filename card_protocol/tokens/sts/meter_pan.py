"""The MeterPAN of STS: 18 digits, an issuer, a meter's number and the check digits of both."""

from typing import Final, NamedTuple

from card_protocol.errors import TokenError

PAN_DIGITS: Final = 18
IIN_SHORT: Final = "0000"  # the issuer of meters whose own number has 13 digits


class MeterPan(NamedTuple):
    """Issuer (6 digits, or `0000`), the meter's number (11 or 13 digits) and the check digit."""

    iin: str
    number: str
    check: str

    def __str__(self) -> str:
        """Return all 18 digits."""
        return self.iin + self.number + self.check


def luhn(digits: str) -> str:
    """Return the Luhn check digit (ISO/IEC 7812-1) that goes after these digits."""
    total = 0
    for place, one in enumerate(reversed(digits)):
        doubled = int(one) * (2 if place % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return str(-total % 10)


def parse_pan(digits: str) -> MeterPan:
    """Return a MeterPAN from its 18 digits.

    Raise `TokenError` unless both the last digit of the meter's number and the last of all are the
    Luhn digits of what precedes them.
    """
    if len(digits) != PAN_DIGITS or not digits.isascii() or not digits.isdigit():
        raise TokenError("MeterPAN", f"expected {PAN_DIGITS} digits, got {len(digits)} characters")
    split = 4 if digits.startswith(IIN_SHORT) else 6
    pan = MeterPan(digits[:split], digits[split:-1], digits[-1])
    for what, part in (("the meter's number", pan.number), ("the MeterPAN", digits)):
        if part[-1] != (want := luhn(part[:-1])):
            why = f"the check digit of {what} is {part[-1]}, expected {want} after {part[:-1]}"
            raise TokenError("MeterPAN", why)
    return pan
