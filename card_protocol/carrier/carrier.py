"""The interface of every kind of card for programs that read and write it, in two layers.

A `Carrier` moves the bytes of records. A `BudgetCard` gives office and meter the records as values
on any kind of card, so neither knows which kind it has.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from card_protocol.card.image import CardKind
from card_protocol.formats.budget import IdentityRecord, WriteBackRecord
from card_protocol.formats.budget.generations import CardRecords
from card_protocol.keys import Key, Role


class Credentials(NamedTuple):
    """The terminal's role and key, and the card's key."""

    role: Role
    role_key: Key
    card_key: Key


class Carrier(Protocol):
    """One inserted card of a `kind`. It moves opaque bytes by short file identifier.

    All calls raise `ApduError` if the card refuses, `LayoutError` for a file that is not ours, and
    let a `LinkError` pass. After a cut at any instant each record is old or new.
    """

    @property
    def kind(self) -> CardKind:
        """What kind of card it is, as the MACs of its records say it."""
        ...

    def read(self, sfi: int, size: int) -> bytes:
        """Return the first `size` bytes of a record."""
        ...

    def authenticate(self, credentials: Credentials, terminal_random: bytes) -> None:
        """Authenticate both sides, if this kind of card can.

        Raise `ApduError` when either proof fails. `terminal_random` is eight fresh bytes.
        """
        ...

    def write(self, records: Mapping[int, bytes]) -> None:
        """Write records in this order; a cut leaves the first few new and the others old."""
        ...


class BudgetCard(Protocol):
    """One inserted budget card; `key` is that of the records, the desk's or the meter's.

    All calls raise `ApduError` if the card refuses, `LayoutError` for bytes that are not ours,
    `MacError` for a record that is not of this meter, and let a `LinkError` pass. After a cut at
    any instant each record is old or new.
    """

    def claimed(self) -> IdentityRecord:
        """Return the identity that the card claims; readable by anyone, its MAC not checked yet."""
        ...

    def identity(self, key: Key) -> IdentityRecord:
        """Return the claimed identity, after checking its MAC."""
        ...

    def authenticate(self, credentials: Credentials, terminal_random: bytes) -> None:
        """See `Carrier`."""
        ...

    def contents(self, key: Key) -> CardRecords:
        """Return every record the desk wrote, each checked.

        Raise `NotGenuineError` for a card that fails in the only proof it can give.
        """
        ...

    def written_back(self, key: Key) -> WriteBackRecord | None:
        """Return the last write-back, `None` if there is none."""
        ...

    def save(self, before: CardRecords, after: CardRecords, key: Key) -> CardRecords:
        """Seal and write the desk's record if it differs; return the card's new contents."""
        ...

    def write_back(self, record: WriteBackRecord, key: Key) -> None:
        """Seal and write the meter's results."""
        ...
