"""A budget card on an SLE4442: the compact parts of `compact`, two copies of each.

The chip proves nothing but that it holds a three-byte code, and it proves that by comparing: the
code must be sent to it. It is presented once a session, after the MACs have said that the card is
of this meter, so that a foreign card keeps its tries; and before anything is obeyed, so that a
copy on another chip, whose maker does not know the code, is refused. Anyone who listens on the
contacts learns it.
"""

from typing import Any, Final, Protocol, final

from card_protocol.card.image import CardKind
from card_protocol.carrier.carrier import Credentials
from card_protocol.errors import ApduError, MacError, NotGenuineError
from card_protocol.formats.budget import CardId, IdentityRecord, WriteBackRecord
from card_protocol.formats.budget.compact import (
    DESK_AT,
    DESK_PART,
    IDENTITY_AT,
    IDENTITY_PART,
    METER_AT,
    METER_PART,
    InForce,
    compact_in_force,
    desk_part,
    desk_record_of,
    identity_of,
    meter_part,
    next_copy,
    no_copy,
    part_holds,
    seal_part,
    write_back_of,
)
from card_protocol.formats.budget.generations import CardRecords
from card_protocol.keys import Key, memory_code
from card_protocol.layout import Layout

ERASED_CELL: Final = b"\xff"


class Cells(Protocol):
    """Main memory as a terminal reaches it; see `readers.MemoryTerminal` for the failures."""

    def read(self, at: int, size: int) -> bytes:
        """Return `size` bytes from an address."""
        ...

    def write(self, at: int, data: bytes) -> None:
        """Write bytes from an address, and check them."""
        ...

    def present(self, code: bytes) -> None:
        """Present the code, once."""
        ...


@final
class MemoryBudgetCard:
    """A memory card in a reader. The claimed identity is read once."""

    def __init__(self, cells: Cells) -> None:
        self._cells: Final = cells
        self._raw = b""
        self._claimed: IdentityRecord | None = None
        self._card_key: Key | None = None

    def claimed(self) -> IdentityRecord:
        """See `BudgetCard`."""
        if self._claimed is None:
            self._raw = self._cells.read(IDENTITY_AT, IDENTITY_PART.size_bytes)
            self._claimed = identity_of(IDENTITY_PART.parse(self._raw))
        return self._claimed

    def identity(self, key: Key) -> IdentityRecord:
        """See `BudgetCard`."""
        claimed = self.claimed()
        if not part_holds(self._raw, key, claimed.card_id(CardKind.MEMORY)):
            raise MacError(f"{IDENTITY_PART.name}: the MAC does not match this meter's key")
        return claimed

    def authenticate(self, credentials: Credentials, terminal_random: bytes) -> None:  # noqa: ARG002
        """See `BudgetCard`. The code waits until the MACs were checked: see `contents`."""
        self._card_key = credentials.card_key

    def contents(self, key: Key) -> CardRecords:
        """See `BudgetCard`. Presents the code, if there was an authentication."""
        identity = self.identity(key)
        raws, found = self._copies(DESK_PART, DESK_AT, key)
        if found is None:
            raise no_copy(DESK_PART, raws)
        contents = CardRecords(identity, desk_record_of(found.part))
        if self._card_key is not None:
            self._present(memory_code(self._card_key, identity.card_number))
            self._card_key = None
        return contents

    def written_back(self, key: Key) -> WriteBackRecord | None:
        """See `BudgetCard`. A first write that was cut off counts as none: its MAC is FF."""
        raws, found = self._copies(METER_PART, METER_AT, key)
        if found is not None:
            return write_back_of(found.part, self.claimed().meter_id)
        if all(raw.endswith(ERASED_CELL) for raw in raws):
            return None
        raise no_copy(METER_PART, raws)

    def save(self, before: CardRecords, after: CardRecords, key: Key) -> CardRecords:
        """See `BudgetCard`: all of it is one part, so a cut leaves all or none."""
        if after == before:
            return before
        _, found = self._copies(DESK_PART, DESK_AT, key)
        copy, sequence = next_copy(found, DESK_PART.name)
        raw = self._sealed(DESK_PART, desk_part(after.desk, sequence), key)
        self._cells.write(DESK_AT[copy], raw)
        return after._replace(desk=desk_record_of(DESK_PART.parse(raw)))

    def write_back(self, record: WriteBackRecord, key: Key) -> None:
        """See `BudgetCard`."""
        _, found = self._copies(METER_PART, METER_AT, key)
        copy, sequence = next_copy(found, METER_PART.name)
        raw = self._sealed(METER_PART, meter_part(record, sequence), key)
        self._cells.write(METER_AT[copy], raw)

    def _copies(
        self, layout: Layout[Any], places: tuple[int, ...], key: Key
    ) -> tuple[tuple[bytes, ...], InForce | None]:
        raws = tuple(self._cells.read(at, layout.size_bytes) for at in places)
        return raws, compact_in_force(layout, raws, key, self._card_id())

    def _sealed(self, layout: Layout[Any], part: object, key: Key) -> bytes:
        return seal_part(layout, part, key, self._card_id())

    def _card_id(self) -> CardId:
        return self.claimed().card_id(CardKind.MEMORY)

    def _present(self, code: bytes) -> None:
        try:
            self._cells.present(code)
        except ApduError as error:
            raise NotGenuineError(str(error), sw=error.sw) from error
