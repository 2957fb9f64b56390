"""The codes of OpenPAYGO: each is the hash of the one before, with the value in its last digits.

Published: EnAccess/OpenPAYGO-docs @09a27ad, "Setting up OpenPAYGO Tokens". One sentence there reads
otherwise than the maintainers' programs and all published tokens: of the 32 bits of a hash its two
*lower* bits are dropped, not the upper ones.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Final, final

from card_protocol.errors import TokenError
from card_protocol.tokens.openpaygo.siphash import SIPHASH_KEY_BYTES, siphash_24
from card_protocol.tokens.secret import TokenSecret

STARTING_CODE_MAX: Final = 999_999_999


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PaygoForm:
    """How long a token is, and how many values its last digits tell apart."""

    digits: int
    code_max: int
    values: int
    hash_bits: int  # the upper bits of the hash, or of its two halves together, that are taken
    restricted_digits: int  # the same token in digits 1 to 4, two bits each


STANDARD: Final = PaygoForm(
    digits=9, code_max=999_999_999, values=1_000, hash_bits=30, restricted_digits=15
)
EXTENDED: Final = PaygoForm(
    digits=12, code_max=999_999_999_999, values=1_000_000, hash_bits=40, restricted_digits=20
)


@final
class PaygoKey(TokenSecret):
    """The secret key of a device; `raw` is its 16 bytes."""

    __slots__ = ()

    def __init__(self, raw: bytes) -> None:
        super().__init__(raw, (SIPHASH_KEY_BYTES,))


@final
class PaygoSeed:
    """What a device is given in the factory: its `key`, and its `starting_code` of up to 9 digits.

    Without a `starting_code` it is a hash of the key under itself.

    Raises:
        TokenError: The code has more than 9 digits.
    """

    __slots__ = ("key", "starting_code")

    def __init__(self, key: PaygoKey, starting_code: int | None) -> None:
        """Without a starting code it is a hash of the key under itself."""
        if starting_code is None:
            starting_code = _code_of(siphash_24(key.raw, key.raw), STANDARD)
        if not 0 <= starting_code <= STARTING_CODE_MAX:
            raise TokenError(
                "starting code", f"{starting_code} is outside 0 to {STARTING_CODE_MAX}"
            )
        self.key: Final = key
        self.starting_code: Final = starting_code

    def __repr__(self) -> str:
        return "PaygoSeed(***)"  # who has the starting code has the token of count 0


def ending_in(code: int, base: int, form: PaygoForm) -> int:
    """Return a code with other last digits: three, or six in the extended form."""
    return code - code % form.values + base


def base_of(value: int, seed: PaygoSeed, form: PaygoForm) -> int:
    """Return the last digits of a token with this value: hidden by those of the starting code."""
    return (seed.starting_code + value) % form.values


def value_of(code: int, seed: PaygoSeed, form: PaygoForm) -> int:
    """Return the value in the last digits of a token."""
    return (code - seed.starting_code) % form.values


def next_code(code: int, seed: PaygoSeed, form: PaygoForm) -> int:
    """Return the code that comes after another."""
    data = 2 * code.to_bytes(4, "big") if form is STANDARD else code.to_bytes(8, "big")
    return _code_of(siphash_24(seed.key.raw, data), form)


def codes(seed: PaygoSeed, base: int, form: PaygoForm, last: int) -> Sequence[int]:
    """Return the codes of the counts up to `last` at least, for tokens that end in `base`.

    They are kept, for at the end of a counter each entry would hash 65,535 times anew.
    """
    chain = _chain(seed.key.raw, ending_in(seed.starting_code, base, form), form)
    with chain.growing:
        while len(chain.codes) <= last:
            chain.codes.append(next_code(chain.codes[-1], seed, form))
    return chain.codes


class _Chain:
    __slots__ = ("codes", "growing")

    def __init__(self, first: int) -> None:
        self.codes = array("Q", (first,))
        self.growing = Lock()


@lru_cache(maxsize=32)  # ours: at most 16 MiB, all at the end of their counters
def _chain(_key: bytes, first: int, _form: PaygoForm) -> _Chain:
    return _Chain(first)


def _code_of(digest: int, form: PaygoForm) -> int:
    """Shorten a hash of 64 bits to a code; one that is too long has the excess taken off."""
    size_bits = 64
    if form is STANDARD:
        digest, size_bits = digest >> 32 ^ digest & 0xFFFF_FFFF, 32
    code = digest >> size_bits - form.hash_bits
    return code if code <= form.code_max else code - (1 << form.hash_bits) + form.code_max
