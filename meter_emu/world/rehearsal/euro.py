"""Amounts as people write them: whole euro, or text such as "12.50", never floats."""

import re
from typing import Final, TypeAlias

Euro: TypeAlias = int | str
_EURO: Final = re.compile(r"(?P<sign>-?)(?P<euro>\d{1,5})(?:\.(?P<cents>\d{1,2}))?", re.ASCII)


def cents_of(amount: Euro) -> int:
    """Return an amount in cents; raise `ValueError` for anything but whole cents of 99,999 euro."""
    text = _EURO.fullmatch(str(amount))
    if text is None:
        raise ValueError(f'want whole euro, or text such as "12.50", at most 99999, got {amount!r}')
    cents = int(text["euro"]) * 100 + int((text["cents"] or "").ljust(2, "0"))
    return -cents if text["sign"] else cents
