"""How card and terminal prove themselves to each other: the cryptograms of the secure card.

Ours (no Belgian card interface is public), in the frame of ISO/IEC 7816-4 EXTERNAL and INTERNAL
AUTHENTICATE, with `MAC8` the first eight bytes of AES-CMAC (see `keys`):

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

from enum import IntEnum, unique
from typing import Final, final

from card_protocol.keys import MAC_SIZE_BYTES, Key

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
    """Who the terminal is; its value is the key reference, P2 of EXTERNAL AUTHENTICATE."""

    METER = 1
    DESK = 2


def external_text(role: int, card_random: bytes, terminal_random: bytes) -> bytes:
    """Return what the terminal's MAC covers; `role` is P2, the randoms have eight bytes each."""
    return b"ext" + bytes((role,)) + card_random + terminal_random


def internal_text(terminal_random: bytes) -> bytes:
    """Return what the card's MAC covers."""
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
