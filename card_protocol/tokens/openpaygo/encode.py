"""Making an OpenPAYGO token: a value, hidden in a code that only key and count give."""

from typing import Final

from card_protocol.errors import TokenError
from card_protocol.tokens.openpaygo.chain import (
    STANDARD,
    PaygoForm,
    PaygoSeed,
    base_of,
    codes,
    ending_in,
)
from card_protocol.tokens.openpaygo.counter import COUNT_MAX, PaygoKind, next_count
from card_protocol.tokens.openpaygo.keypad import keyed

VALUE_MAX: Final = 995
DISABLE_VALUE: Final = 998
SYNC_VALUE: Final = 999
_DAY_S: Final = 86_400
DIVIDER_MAX: Final = 255
_FIXED: Final = {PaygoKind.DISABLE: DISABLE_VALUE, PaygoKind.COUNTER_SYNC: SYNC_VALUE}


def encode_openpaygo(
    seed: PaygoSeed,
    last_count: int,
    kind: PaygoKind,
    value: int | None,
    *,
    form: PaygoForm = STANDARD,
    restricted: bool = False,
) -> tuple[int, str]:
    """Return the count of the next token of a kind after `last_count`, and its digits.

    `value` is 0 to 995 units of time, 0 to 999,999 in the extended form, and `None` for the kinds
    that have none. Raise `TokenError` for another, and for those kinds in the extended form, where
    998 and 999 are values like others.
    """
    count = next_count(last_count, kind)
    if not 0 <= last_count < count <= COUNT_MAX:
        raise TokenError("count", f"{count} after {last_count} is outside 1 to {COUNT_MAX}")
    base = base_of(_value_for(kind, value, form), seed, form)
    code = codes(seed, base, form, count)[count]
    return count, keyed(ending_in(code, base, form), form, restricted=restricted)


def _value_for(kind: PaygoKind, value: int | None, form: PaygoForm) -> int:
    if kind in _FIXED:
        if value is not None:
            raise TokenError("value", f"{kind.value} has none, got {value}")
        if form is not STANDARD:
            raise TokenError("value", f"the extended form has no {kind.value}")
        return _FIXED[kind]
    high = VALUE_MAX if form is STANDARD else form.values - 1
    if value is None or not 0 <= value <= high:
        raise TokenError("value", f"expected 0 to {high}, got {value}")
    return value


def seconds_of(value: int, divider: int) -> int:
    """Return the seconds that a value stands for: so many parts of a day, rounded down.

    `divider` is the device's time divider, 1 to 255: the parts that a day has.
    """
    if not 1 <= divider <= DIVIDER_MAX:
        raise TokenError("time divider", f"{divider} is outside 1 to {DIVIDER_MAX}")
    return value * _DAY_S // divider
