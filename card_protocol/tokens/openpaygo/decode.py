"""What an OpenPAYGO device makes of digits: which count gives them, and whether it takes that."""

from dataclasses import dataclass
from enum import Enum, unique
from hmac import compare_digest
from typing import final

from card_protocol.tokens.openpaygo.chain import (
    STANDARD,
    PaygoForm,
    PaygoSeed,
    codes,
    ending_in,
    value_of,
)
from card_protocol.tokens.openpaygo.counter import PaygoCounter, PaygoKind
from card_protocol.tokens.openpaygo.encode import DISABLE_VALUE, SYNC_VALUE, VALUE_MAX
from card_protocol.tokens.openpaygo.keypad import read_digits

_CODE_BYTES = 8


@final
@unique
class PaygoOutcome(Enum):
    """What a device answers to a token.

    `TAKEN`: it does what the token says. `USED`: the count was used before, or is too old.
    `INVALID`: no count within reach gives these digits. `RESERVED`: the value has no meaning yet.
    """

    TAKEN = "taken"
    USED = "used before, or too old"
    INVALID = "invalid"
    RESERVED = "a reserved value"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PaygoAnswer:
    """The outcome, the counter after it, and what the token says where a count gives it."""

    outcome: PaygoOutcome
    after: PaygoCounter
    value: int
    kind: PaygoKind | None = None
    count: int | None = None


def decode_openpaygo(
    text: str, seed: PaygoSeed, counter: PaygoCounter, *, restricted: bool = False
) -> PaygoAnswer:
    """Return what a device answers to the digits of a token.

    Every count from 0 to the highest in reach is tried, so that a used token differs from a wrong
    one.

    Args:
        text: The digits as keyed in, without blanks: 9, or 12 of the extended form.
        seed: The device's key and starting code.
        counter: The device's counter before the token.
        restricted: Read a keypad with the digits 1 to 4 alone, on which tokens are longer.

    Raises:
        TokenError: No keypad can send these characters.
    """
    code, form = read_digits(text, restricted=restricted)
    value = value_of(code, seed, form)
    base = code % form.values
    wanted = code.to_bytes(_CODE_BYTES, "big")
    known: PaygoAnswer | None = None
    highest = counter.tried(_kind(value, 1, form))
    tried = codes(seed, base, form, highest)
    for count in range(highest + 1):
        if compare_digest(ending_in(tried[count], base, form).to_bytes(_CODE_BYTES, "big"), wanted):
            kind = _kind(value, count, form)
            if form is STANDARD and VALUE_MAX < value < DISABLE_VALUE:
                return PaygoAnswer(
                    outcome=PaygoOutcome.RESERVED, after=counter, value=value, count=count
                )
            if counter.takes(kind, count):
                return PaygoAnswer(
                    outcome=PaygoOutcome.TAKEN, after=counter.after(kind, count),
                    value=value, kind=kind, count=count,
                )  # fmt: skip
            known = PaygoAnswer(
                outcome=PaygoOutcome.USED, after=counter, value=value, kind=kind, count=count
            )
    return known or PaygoAnswer(outcome=PaygoOutcome.INVALID, after=counter, value=value)


def _kind(value: int, count: int, form: PaygoForm) -> PaygoKind:
    """Return what a token of this value and count does: the table of code values, then parity."""
    if form is STANDARD and value == SYNC_VALUE:
        return PaygoKind.COUNTER_SYNC
    if form is STANDARD and value == DISABLE_VALUE:
        return PaygoKind.DISABLE
    return PaygoKind.SET_TIME if count % 2 else PaygoKind.ADD_TIME
