"""What every kind of card offers the programs that read and write on it, in two layers.

A `Carrier` moves the bytes of records. A `BudgetCard` is what office and meter work with: records
as values, however this kind of card writes them down, so neither knows which kind it has.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from card_protocol.formats.budget import IdentityRecord, WriteBackRecord
from card_protocol.formats.budget.generations import CardRecords
from card_protocol.keys import Key, Role


class Credentials(NamedTuple):
    """Who the terminal is to the card, and how the card proves itself in turn."""

    role: Role
    role_key: Key
    card_key: Key


class Carrier(Protocol):
    """One inserted card. It moves opaque bytes by short file identifier.

    All calls raise `ApduError` for what the card refuses, `LayoutError` for a file that is none of
    ours, and let a `LinkError` pass. What is written survives a cut at any instant as old or new,
    record by record.
    """

    def read(self, sfi: int, size: int) -> bytes:
        """Return the first `size` bytes of a record."""
        ...

    def authenticate(self, credentials: Credentials, terminal_random: bytes) -> None:
        """Have both sides prove themselves, as far as this kind of card can.

        Raise `ApduError` when either proof fails. `terminal_random` is eight fresh bytes.
        """
        ...

    def write(self, records: Mapping[int, bytes]) -> None:
        """Write records in this order; a cut leaves the first few new and the others old."""
        ...


class BudgetCard(Protocol):
    """One inserted budget card; `key` is that of the records, the desk's or the meter's.

    All calls raise `ApduError` for what the card refuses, `LayoutError` for bytes that are none of
    ours, `MacError` for a record that is not of this meter, and let a `LinkError` pass. What is
    written survives a cut at any instant as old or new, record by record.
    """

    def claimed(self) -> IdentityRecord:
        """Return whose card it says it is; readable by anyone, and its MAC is not checked yet."""
        ...

    def identity(self, key: Key) -> IdentityRecord:
        """Return the identity that was claimed, after checking its MAC."""
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
        """Return what a meter last wrote, `None` when none ever did."""
        ...

    def save(self, before: CardRecords, after: CardRecords, key: Key) -> CardRecords:
        """Seal and write what differs from `before`; return what then stands on the card."""
        ...

    def write_back(self, record: WriteBackRecord, key: Key) -> None:
        """Seal and write what the meter did."""
        ...
