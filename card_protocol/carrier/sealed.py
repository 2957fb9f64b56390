"""A budget card whose carrier has room for the records as they are: one sealed record a file."""

from dataclasses import replace
from typing import Final, final

from card_protocol.carrier.carrier import Carrier, Credentials
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
from card_protocol.formats.generations import ORDERS, CardRecords, layouts, parse_identity
from card_protocol.keys import Key
from card_protocol.layout import Layout

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
