"""The first content of a memory card: our bytes, and finally its own code.

A fresh chip has the transport code, our cards have each their own, and an SLE4442 forgives two
wrong codes. So a writer must know the card's code, even after an attempt that was cut off anywhere,
inside the change of the code too: the chip programs one byte after another, so it can have one of
four codes. The card itself tells. The first four bytes of the identity part, the *marks*, are FF
until the rest is written, and each is written in its turn:

- mark n of the first three, then byte n of the code, which is then presented to the chip anew;
- the fourth mark when the whole code was accepted.

So a card has one code that is possible when no mark is set or all are, and two otherwise: that with
the byte and that without. The newer goes first, because it is right for every cut but the one
before that byte; a wrong one costs a try, and the other gives it back. Until the last mark is set
desk and meter do not accept the card.
"""

from typing import Final

from card_protocol.carrier.memory import ERASED_CELL
from card_protocol.carrier.readers import TRIES_KEPT, TRIES_MAX, MemoryTerminal
from card_protocol.carrier.replaced import Confirm, Held, Lies, held_in_cells
from card_protocol.errors import ApduError, LayoutError
from card_protocol.formats.budget.compact import (
    END_AT,
    FIRST_AT,
    IDENTITY_AT,
    IDENTITY_PART,
    IdentityPart,
)
from card_protocol.keys import MEMORY_CODE_SIZE_BYTES

# Of loose chips: docs/memory-card.md.
TRANSPORT_CODE: Final = ERASED_CELL * MEMORY_CODE_SIZE_BYTES
MARK_COUNT: Final = MEMORY_CODE_SIZE_BYTES + 1
_REST_AT: Final = FIRST_AT + MARK_COUNT

# By how many marks are set: how many bytes of the code can be the card's own, the likelier first.
CHANGED_BYTES: Final = ((0,), (1, 0), (2, 1), (3, 2), (3,))
assert IDENTITY_AT == FIRST_AT, "the marks are the first bytes of the identity part"


def put_cells(terminal: MemoryTerminal, main: bytes, code: bytes, confirm: Confirm) -> Held:
    """Give a chip its bytes from 32 on out of `main`, 256 bytes, and then its own code.

    Bytes 0 to 31 are the chip's and stay. What lies on the card is read first, and `confirm` raises
    for what must not be written over: no code is presented before. Return what was replaced. A call
    presents one wrong code at most. Raise `LayoutError` when `main` is no card
    that was issued, `ApduError` for a reader that cannot change a code, for another budget card,
    for a card with a foreign code or too few tries, and for one that does not hold afterwards what
    it was given.
    """
    own = main[FIRST_AT:END_AT]
    identity = issued_identity(main)
    if not terminal.reader.can_change:
        raise ApduError(f"a reader of make {terminal.reader.name} cannot change the code")
    # The progress of an earlier attempt tells which code the chip has now.
    held = _cells(terminal)
    replaced = held_in_cells(main[:FIRST_AT] + held, main)
    confirm(replaced, held_in_cells(main, main))
    marks = _marks_set(held, own, identity)
    changed = _open(terminal, code, marks, kept=_kept(replaced, marks))
    # Clear the marks of a foreign card, then write everything but the marks.
    if not marks and held[:MARK_COUNT] != ERASED_CELL * MARK_COUNT:
        terminal.write(FIRST_AT, ERASED_CELL * MARK_COUNT)
    terminal.write(_REST_AT, own[MARK_COUNT:])
    # Then mark by mark, each followed by one byte of the card's own code.
    for at in range(max(marks - 1, 0), MARK_COUNT):
        terminal.write(FIRST_AT + at, own[at : at + 1])
        if changed <= at < MEMORY_CODE_SIZE_BYTES:
            terminal.change_code(partly(code, at + 1))
    if _cells(terminal) != own:
        raise ApduError("the card does not hold what was written")
    return replaced


def issued_identity(main: bytes) -> IdentityPart:
    """Return the card's identity in 256 bytes; raise `LayoutError` if it was never issued."""
    own = main[IDENTITY_AT : IDENTITY_AT + IDENTITY_PART.size_bytes]
    if ERASED_CELL in own[:MARK_COUNT]:
        expected, got = "four bytes that are not FF", own[:MARK_COUNT].hex()
        raise LayoutError(IDENTITY_PART.name, offset=0, expected=expected, got=got)
    return IDENTITY_PART.parse(own)


def partly(code: bytes, changed: int) -> bytes:
    """Return the code of a chip with so many bytes of its own code, 0 to 3."""
    return code[:changed] + TRANSPORT_CODE[changed:]


def _cells(terminal: MemoryTerminal) -> bytes:
    return terminal.read(FIRST_AT, END_AT - FIRST_AT)


def _identity(cells: bytes, own: bytes) -> IdentityPart:
    """Return what the identity part of `cells` says under the marks of our own."""
    return IDENTITY_PART.parse(own[:MARK_COUNT] + cells[MARK_COUNT : IDENTITY_PART.size_bytes])


def _marks_set(held: bytes, own: bytes, identity: IdentityPart) -> int:
    """Return how many marks this same card has, 0 for a card that is not ours.

    On a finished card meter and number decide, because the code comes of them: all else may be of
    an older image. One that was only begun must have been begun with this very identity, MAC and
    all: two codes are tried, so that one of them fits has to be certain. Raise `ApduError` for a
    card that begins as another of ours: its code is not known here.
    """
    found = _identity(held, own)
    # Finished: all marks are set, and the card is this one if meter and number are.
    if held[:MARK_COUNT] == own[:MARK_COUNT]:
        if (found.meter_id, found.card_number) == (identity.meter_id, identity.card_number):
            return MARK_COUNT
    # Begun with this identity: the first marks are set, the rest are still erased.
    elif found == identity:
        for marks in range(1, MARK_COUNT):
            if held[:MARK_COUNT] == own[:marks] + ERASED_CELL * (MARK_COUNT - marks):
                return marks
    # Begun or finished as another card: one of its marks at least is set.
    if held[:1] == IDENTITY_PART.magic[:1]:
        raise ApduError("another budget card, or one begun with another image: take a blank one")
    return 0


def _kept(replaced: Held, marks: int) -> int:
    """Return how many tries must be left besides the one at risk.

    All of them on a card whose contents are neither blank nor ours: it may have any code. A blank
    one may have been cut off while the code was presented, and gets that try.
    """
    spared = marks or replaced.lies in {Lies.BLANK, Lies.BEGUN}
    return TRIES_KEPT if spared else TRIES_MAX - 1


def _open(terminal: MemoryTerminal, code: bytes, marks: int, *, kept: int) -> int:
    """Present what can be the card's code; return how many bytes of it are the card's own."""
    *others, last = CHANGED_BYTES[marks]
    for changed in others:
        if terminal.try_code(partly(code, changed), kept=kept):
            return changed
    terminal.present(partly(code, last), kept=kept)
    return last
