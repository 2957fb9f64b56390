"""A budget card with room for the records as they are: one sealed record a file, and its carriers.

On a *secure* card each record is a file behind mutual authentication, and each write is atomic.
On a *plain* card all of them are in one transparent file, as two copies of a container. That card
proves nothing and is asked nothing: anyone who has it can read, copy and put back what is on it,
and the records' own MACs and numbers are all the protection there is. Its PIN is a *transport*
PIN, the same on every card and sent in clear: it keeps a stray terminal from writing, not a thief.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, final

from card_protocol.carrier.carrier import Carrier, Credentials
from card_protocol.errors import ApduError
from card_protocol.formats.budget import (
    IDENTITY,
    TARIFF,
    WALLET,
    WRITE_BACK,
    IdentityRecord,
    RecordT,
    Sfi,
    WriteBackRecord,
    open_sealed,
    seal,
)
from card_protocol.formats.budget.generations import ORDERS, CardRecords, layouts, parse_identity
from card_protocol.formats.container import (
    SLOT_BYTES,
    SLOT_COUNT,
    TRANSPORT_PIN,
    Container,
    in_force,
)
from card_protocol.keys import Key
from card_protocol.layout import Layout
from card_protocol.terminal import Terminal

# A card torn out between two writes has obeyed the first ones: an order needs its tariff, and
# money comes last, so that what a clerk sees in the wallet was done with the rest.
_WRITTEN: Final = ((Sfi.TARIFF, "tariff"), (Sfi.ORDER, "order"), (Sfi.WALLET, "wallet"))


@final
class SealedCard:
    """Records through a carrier that moves them as bytes. What was claimed is read once."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier: Final = carrier
        self._raw = b""
        self._claimed: IdentityRecord | None = None

    def claimed(self) -> IdentityRecord:
        """See `BudgetCard`. It says which generation all records of the card are of."""
        if self._claimed is None:
            self._raw = self._carrier.read(Sfi.IDENTITY, IDENTITY.size_bytes)
            self._claimed = parse_identity(self._raw)
        return self._claimed

    def identity(self, key: Key) -> IdentityRecord:
        """See `BudgetCard`."""
        claimed = self.claimed()
        return open_sealed(IDENTITY, self._raw, key, claimed.card_id, claimed.generation)

    def authenticate(self, credentials: Credentials, terminal_random: bytes) -> None:
        """See `BudgetCard`."""
        self._carrier.authenticate(credentials, terminal_random)

    def contents(self, key: Key) -> CardRecords:
        """See `BudgetCard`."""
        identity = self.identity(key)
        return CardRecords(
            identity,
            self._record(Sfi.WALLET, WALLET, key),
            self._record(Sfi.ORDER, ORDERS[identity.generation], key),
            self._record(Sfi.TARIFF, TARIFF, key),
        )

    def written_back(self, key: Key) -> WriteBackRecord | None:
        """See `BudgetCard`. A file that nobody wrote is all FF."""
        raw = self._carrier.read(Sfi.WRITE_BACK, WRITE_BACK.size_bytes)
        return None if raw == b"\xff" * len(raw) else self._opened(WRITE_BACK, raw, key)

    def save(self, before: CardRecords, after: CardRecords, key: Key) -> CardRecords:
        """See `BudgetCard`: tariff, order, wallet, as far as each differs.

        An order that is written names the tariff it is written with, by the MAC of its record.
        """
        identity = after.identity
        by_sfi = layouts(identity.generation)
        changes: dict[int, bytes] = {}
        stands = after
        for sfi, name in _WRITTEN:
            record = getattr(after, name)
            if record != getattr(before, name):
                if sfi is Sfi.ORDER:
                    record = replace(record, tariff_mac=stands.tariff.mac)
                changes[sfi] = seal(by_sfi[sfi], record, key, identity.card_id)
                stands = stands._replace(**{name: by_sfi[sfi].parse(changes[sfi])})
        if changes:
            self._carrier.write(changes)
        return stands

    def write_back(self, record: WriteBackRecord, key: Key) -> None:
        """See `BudgetCard`."""
        raw = seal(WRITE_BACK, record, key, self.claimed().card_id)
        self._carrier.write({Sfi.WRITE_BACK: raw})

    def _record(self, sfi: Sfi, layout: Layout[RecordT], key: Key) -> RecordT:
        return self._opened(layout, self._carrier.read(sfi, layout.size_bytes), key)

    def _opened(self, layout: Layout[RecordT], raw: bytes, key: Key) -> RecordT:
        claimed = self.claimed()
        return open_sealed(layout, raw, key, claimed.card_id, claimed.generation)


def put_file(terminal: Terminal, fid: int, content: bytes) -> None:
    """Give a card its first content: all of the file `fid` in its MF, which must be there.

    Nothing of what the file held counts any more. Raise `ApduError` for a card without the file,
    with another PIN or a smaller file, and for one that does not hold afterwards what it was given.
    """
    terminal.select(fid)
    terminal.verify(TRANSPORT_PIN)
    terminal.update_current(0, content)
    if terminal.read_current(0, len(content)) != content:
        raise ApduError(f"file {fid:04X} does not hold what was written into it")


@final
class PlainCarrier:
    """A plain card whose file is selected. What was read stays known for the session."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal: Final = terminal
        self._slot = 0
        self._container: Container | None = None
        self._verified = False

    def read(self, sfi: int, size: int) -> bytes:
        """See `Carrier`. The first call reads the copy in force; `LayoutError` when none is."""
        return self._in_force().record(sfi, size)

    def authenticate(self, credentials: Credentials, terminal_random: bytes) -> None:
        """See `Carrier`. There is no key on the card, so there is nothing to prove."""

    def write(self, records: Mapping[int, bytes]) -> None:
        """See `Carrier`. All records go into the next copy, so here a cut leaves all or none."""
        following = self._in_force().after(records)
        raw = following.to_bytes()
        if not self._verified:
            self._terminal.verify(TRANSPORT_PIN)
            self._verified = True
        slot = (self._slot + 1) % SLOT_COUNT
        self._terminal.update_current(slot * SLOT_BYTES, raw)
        self._slot, self._container = slot, following

    def _in_force(self) -> Container:
        if self._container is None:
            self._slot, self._container = in_force(self._terminal.read_current)
        return self._container


@final
class SecureCarrier:
    """A secure card whose DF is selected."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal: Final = terminal

    def read(self, sfi: int, size: int) -> bytes:
        """See `Carrier`: one READ BINARY."""
        return self._terminal.read_binary(sfi, size)

    def authenticate(self, credentials: Credentials, terminal_random: bytes) -> None:
        """See `Carrier`: the terminal proves itself, then the card."""
        self._terminal.authenticate(*credentials, terminal_random)

    def write(self, records: Mapping[int, bytes]) -> None:
        """See `Carrier`: one UPDATE BINARY a record, each whole or not at all."""
        for sfi, raw in records.items():
            self._terminal.update_binary(sfi, raw)
