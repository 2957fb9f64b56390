"""Whose card is about to be written over, and whether that may be done without asking.

A first content replaces everything on a card. So what lies there is read first, before any PIN or
code is sent: a blank card, one on which the same content was begun, a card of ours with its money,
or something that is none of ours. Records are read as they claim to be: no key is needed, since who
forges one has only made a card that is refused.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final, final

from card_protocol.errors import ApduError, LayoutError
from card_protocol.formats.budget import IDENTITY, Sfi
from card_protocol.formats.budget.compact import (
    DESK_AT,
    DESK_PART,
    IDENTITY_AT,
    IDENTITY_PART,
)
from card_protocol.formats.budget.generations import DESK_RECORDS, parse_identity
from card_protocol.formats.container import in_force

_NOT_YET, _MARK_COUNT = 0xFF, 4  # bytes that a first content sets last: `first_content`
_ERASED: Final = frozenset({0x00, 0xFF})


@final
@unique
class Lies(Enum):
    """What lies on a card."""

    BLANK = "blank"
    BEGUN = "begun with this content"
    OURS = "a card of ours"
    FOREIGN = "none of ours"


@final
@dataclass(frozen=True, slots=True)
class Held:
    """What a card holds; the numbers are those of a card of ours, else 0."""

    lies: Lies
    meter_id: int = 0
    card_number: int = 0
    loaded_cents: int = 0
    order_number: int = 0

    def __str__(self) -> str:
        """Name it for the person who is about to write over it."""
        if self.lies is not Lies.OURS:
            return str(self.lies.value)
        euros = f"{self.loaded_cents // 100}.{self.loaded_cents % 100:02}"
        return (
            f"card {self.card_number} of meter {self.meter_id}, {euros} loaded, "
            f"order {self.order_number}"
        )


def held_in_file(content: bytes, following: bytes) -> Held:
    """Return what a plain card's file holds that is to hold `following`."""
    try:
        _, container = in_force(lambda at, size: content[at : at + size])
        identity = parse_identity(container.record(Sfi.IDENTITY, IDENTITY.size_bytes))
        layout = DESK_RECORDS[identity.generation]
        desk = layout.parse(container.record(Sfi.DESK, layout.size_bytes))
    except LayoutError:
        return Held(_unread(content, following))
    return Held(
        Lies.OURS, identity.meter_id, identity.card_number, desk.loaded_cents, desk.order_number
    )


def held_in_cells(main: bytes, following: bytes) -> Held:
    """Return what a memory card's 256 bytes hold; they are to hold `following` from byte 32 on."""
    own, new = main[IDENTITY_AT:], following[IDENTITY_AT:]
    try:
        identity = IDENTITY_PART.parse(own[: IDENTITY_PART.size_bytes])
    except LayoutError:
        return Held(_unread(own, new))
    if _NOT_YET in own[:_MARK_COUNT]:
        return Held(_unread(own, new))
    parts = []
    for at in DESK_AT:
        try:
            parts.append(DESK_PART.parse(main[at : at + DESK_PART.size_bytes]))
        except LayoutError:
            continue
    newest = max(parts, key=lambda part: part.sequence, default=None)
    loaded, order = (newest.loaded_cents, newest.order_number) if newest else (0, 0)
    return Held(Lies.OURS, identity.meter_id, identity.card_number, loaded, order)


def _unread(content: bytes, following: bytes) -> Lies:
    if len(set(content)) == 1 and content[0] in _ERASED:
        return Lies.BLANK
    begun = all(old in _ERASED or old == new for old, new in zip(content, following, strict=True))
    return Lies.BEGUN if begun else Lies.FOREIGN


Confirm = Callable[[Held, Held], None]


def whatever_lies_there(held: Held, following: Held) -> None:
    """Refuse nothing: somebody has said so."""


def refuse_loss(held: Held, following: Held) -> None:
    """Raise `ApduError` for a card that is not blank, begun, or an older state of the same one."""
    if held.lies in {Lies.BLANK, Lies.BEGUN}:
        return
    if held.lies is Lies.FOREIGN:
        raise ApduError("what lies on the card is none of ours")
    if (held.meter_id, held.card_number) != (following.meter_id, following.card_number):
        raise ApduError(f"it holds {held}, and not card {following.card_number} of meter "
                        f"{following.meter_id}")  # fmt: skip
    if (held.loaded_cents, held.order_number) > (following.loaded_cents, following.order_number):
        raise ApduError(f"it holds {held}, which is newer than what is to be written: {following}")
