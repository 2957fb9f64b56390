"""Keys of a card and its meter: diversification, MACs, and how card and terminal prove themselves.

Every key a card or a meter holds derives from the operator's master key and the meter's number,
so a card is bound to its meter and a stolen meter gives away only its own keys.
Derivation: NIST SP 800-108 in counter mode with AES-CMAC. MAC: AES-CMAC, NIST SP 800-38B,
truncated to its first eight bytes (SP 800-38B appendix A.2: at least 64 bits), `MAC8` below.

The cryptograms are ours (no Belgian card interface is public), in the frame of ISO/IEC 7816-4
EXTERNAL and INTERNAL AUTHENTICATE:

- The terminal proves itself. GET CHALLENGE gives RND_card, eight bytes, good for the very next
  command only. EXTERNAL AUTHENTICATE with P2 = the role carries
  RND_terminal(8) ‖ MAC8(K_role, "ext" ‖ P2 ‖ RND_card ‖ RND_terminal).
- The card proves itself. INTERNAL AUTHENTICATE with P2 = 03 carries RND_terminal(8) and the
  answer is MAC8(K_card, "int" ‖ RND_terminal).
- A person proves to know the PIN: VERIFY with P2 = 01 carries four to eight ASCII digits.
- A memory card compares three bytes and can do no more. They are CODE = the first three bytes of
  AES-CMAC(K_card, "psc" ‖ card number(4)), so each card has its own and only the holder of K_card
  knows it: it lets the terminal write, and shows that a card is not a copy made on another chip.

The leading words keep one direction's cryptogram from ever serving in the other. What is *not*
there: no session key follows, so commands after the authentication are not protected on the wire.
Records carry MACs of their own for that reason.
"""

from enum import Enum, IntEnum, unique
from functools import lru_cache
from hmac import compare_digest
from typing import Final, NoReturn, final

from card_protocol import ciphers

KEY_SIZE_BYTES: Final = 16
MAC_SIZE_BYTES: Final = 8


@final
@unique
class Purpose(Enum):
    """What a diversified key is for; its value is the label of the derivation."""

    METER_AUTH = b"meter authenticates to card"
    DESK_AUTH = b"desk authenticates to card"
    CARD_AUTH = b"card authenticates to terminal"
    DESK_RECORD = b"records the desk writes"
    METER_RECORD = b"records the meter writes"
    REACTIVATION = b"reactivation token"
    TOKENS = b"tokens that are typed"


@final
class Key:
    """An AES-128 key; only `raw` shows its bytes: not `repr`, not `str`, and no pickle."""

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        if len(raw) != KEY_SIZE_BYTES:
            raise ValueError(f"a key is {KEY_SIZE_BYTES} bytes, got {len(raw)}")
        self.raw: Final = raw

    def __repr__(self) -> str:
        return "Key(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled: derive it where it is needed")

    def cmac(self, data: bytes) -> bytes:
        """Return the full 16-byte AES-CMAC of `data`."""
        return ciphers.chosen().cmac(self.raw, data)

    def mac(self, data: bytes) -> bytes:
        """Return the eight-byte MAC of `data`."""
        return self.cmac(data)[:MAC_SIZE_BYTES]

    def verify(self, data: bytes, mac: bytes) -> bool:
        """Whether `mac` is the eight-byte MAC of `data`; compares in constant time."""
        return compare_digest(self.mac(data), mac)


@lru_cache(maxsize=64)  # a household needs each of its keys at every visit
def derive(master: Key, purpose: Purpose, meter_id: int) -> Key:
    """Return the key of one meter for one purpose. `meter_id` is below 2**64."""
    context = meter_id.to_bytes(8, "big")
    return Key(ciphers.chosen().derive(master.raw, purpose.value, context))


RANDOM_SIZE_BYTES: Final = 8
PROOF_SIZE_BYTES: Final = RANDOM_SIZE_BYTES + MAC_SIZE_BYTES
CARD_KEY_REFERENCE: Final = 3  # P2 of INTERNAL AUTHENTICATE
PIN_REFERENCE: Final = 1  # P2 of VERIFY
PIN_SIZE_MIN: Final = 4  # digits
PIN_SIZE_MAX: Final = 8
MEMORY_CODE_SIZE_BYTES: Final = 3


@final
@unique
class Role(IntEnum):
    """The terminal's role; its value is the key reference, P2 of EXTERNAL AUTHENTICATE."""

    METER = 1
    DESK = 2


def external_text(role: int, card_random: bytes, terminal_random: bytes) -> bytes:
    """Return the bytes of the terminal's MAC; `role` is P2, the randoms have eight bytes each."""
    return b"ext" + bytes((role,)) + card_random + terminal_random


def internal_text(terminal_random: bytes) -> bytes:
    """Return the bytes of the card's MAC."""
    return b"int" + terminal_random


def proof(role: Role, key: Key, card_random: bytes, terminal_random: bytes) -> bytes:
    """Return the 16 data bytes of EXTERNAL AUTHENTICATE."""
    return terminal_random + key.mac(external_text(role, card_random, terminal_random))


def memory_code(card_key: Key, card_number: int) -> bytes:
    """Return the code of a memory card, by the number in its identity, below 2**32."""
    text = b"psc" + card_number.to_bytes(4, "big")
    return card_key.cmac(text)[:MEMORY_CODE_SIZE_BYTES]


def is_pin(digits: bytes) -> bool:
    """Whether `digits` are four to eight ASCII digits."""
    return PIN_SIZE_MIN <= len(digits) <= PIN_SIZE_MAX and digits.isdigit()
