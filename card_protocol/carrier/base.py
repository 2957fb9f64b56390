"""What every kind of card offers the programs that read and write records on it."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from card_protocol.authentication import Role
from card_protocol.keys import Key


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
