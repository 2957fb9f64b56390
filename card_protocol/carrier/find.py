"""Finds a budget card in a slot or an image; and the two carriers with room for its records.

Two SELECTs at most decide which kind is in the slot, for each energy. A memory card has no files,
and its reader no SELECT for one: then the readers' own commands are tried, which no file card ever
gets.

On a *secure* card each record is a file behind mutual authentication, and each write is atomic. On
a *plain* card all of them are in one transparent file, as two copies of a container. That card has
no authentication: anyone who has it can read, copy and restore its contents, and the records' own
MACs and numbers are the only protection. Its PIN is a *transport* PIN, the same on every card and
sent in clear: it keeps a stray terminal from writing, not a thief.

`laid_open` gives the card of an image, past all access rules and without a proof: for code that has
the file itself. Writes then change only the image held here.
"""

from collections.abc import Iterable, Mapping
from typing import Final, final

from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import AnyImage
from card_protocol.carrier.carrier import BudgetCard, Carrier, Credentials
from card_protocol.carrier.memory import MemoryBudgetCard
from card_protocol.carrier.readers import MemoryTerminal, find_reader
from card_protocol.carrier.replaced import Confirm, Held, held_in_file
from card_protocol.errors import ApduError, LayoutError
from card_protocol.formats.budget import (
    IDENTITY,
    WRITE_BACK,
    CardId,
    IdentityRecord,
    RecordT,
    Sfi,
    WriteBackRecord,
    open_sealed,
    seal,
)
from card_protocol.formats.budget.generations import DESK_RECORDS, CardRecords, parse_identity
from card_protocol.formats.budget.making import record_on, with_record
from card_protocol.formats.container import (
    SLOT_BYTES,
    SLOT_COUNT,
    TRANSPORT_PIN,
    Container,
    in_force,
    plain_file,
)
from card_protocol.keys import Key
from card_protocol.layout import Layout
from card_protocol.status import SW
from card_protocol.terminal import Terminal


@final
class SealedCard:
    """Records through a carrier that moves their bytes. The claimed identity is read once."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier: Final = carrier
        self._raw = b""
        self._claimed: IdentityRecord | None = None

    def claimed(self) -> IdentityRecord:
        """See `BudgetCard`. It gives the generation of all records of the card."""
        if self._claimed is None:
            self._raw = self._carrier.read(Sfi.IDENTITY, IDENTITY.size_bytes)
            self._claimed = parse_identity(self._raw)
        return self._claimed

    def identity(self, key: Key) -> IdentityRecord:
        """See `BudgetCard`."""
        self.claimed()
        return self._opened(IDENTITY, self._raw, key)

    def authenticate(self, credentials: Credentials, terminal_random: bytes) -> None:
        """See `BudgetCard`."""
        self._carrier.authenticate(credentials, terminal_random)

    def contents(self, key: Key) -> CardRecords:
        """See `BudgetCard`."""
        identity = self.identity(key)
        layout = DESK_RECORDS[identity.generation]
        raw = self._carrier.read(Sfi.DESK, layout.size_bytes)
        return CardRecords(identity, self._opened(layout, raw, key))

    def written_back(self, key: Key) -> WriteBackRecord | None:
        """See `BudgetCard`. A file never written is all FF."""
        raw = self._carrier.read(Sfi.WRITE_BACK, WRITE_BACK.size_bytes)
        return None if raw == b"\xff" * len(raw) else self._opened(WRITE_BACK, raw, key)

    def save(self, before: CardRecords, after: CardRecords, key: Key) -> CardRecords:
        """See `BudgetCard`: one record, so a cut leaves a visit old or new on every carrier."""
        if after.desk == before.desk:
            return after
        layout = DESK_RECORDS[after.identity.generation]
        raw = seal(layout, after.desk, key, self._card_id())
        self._carrier.write({Sfi.DESK: raw})
        return after._replace(desk=layout.parse(raw))

    def write_back(self, record: WriteBackRecord, key: Key) -> None:
        """See `BudgetCard`."""
        raw = seal(WRITE_BACK, record, key, self._card_id())
        self._carrier.write({Sfi.WRITE_BACK: raw})

    def _opened(self, layout: Layout[RecordT], raw: bytes, key: Key) -> RecordT:
        return open_sealed(layout, raw, key, self._card_id(), self.claimed().generation)

    def _card_id(self) -> CardId:
        return self.claimed().card_id(self._carrier.kind)


def put_file(terminal: Terminal, fid: int, content: bytes, confirm: Confirm) -> Held:
    """Give a card its first content, all of the file `fid` in its MF; return what it replaced.

    The file is read first, and `confirm` raises for what must not be written over: no PIN is sent
    before. Raise `ApduError` for a card without the file, with another PIN or a smaller file, and
    for one that does not hold afterwards what it was given.
    """
    terminal.select(fid)
    held = held_in_file(terminal.read_current(0, len(content)), content)
    confirm(held, held_in_file(content, content))
    terminal.verify(TRANSPORT_PIN)
    terminal.update_current(0, content)
    if terminal.read_current(0, len(content)) != content:
        raise ApduError(f"file {fid:04X} does not hold what was written into it")
    return held


@final
class PlainCarrier:
    """A plain card with its file selected. Bytes read are kept for the session."""

    kind = CardKind.PLAIN

    def __init__(self, terminal: Terminal) -> None:
        self._terminal: Final = terminal
        self._slot = 0
        self._container: Container | None = None
        self._verified = False

    def read(self, sfi: int, size: int) -> bytes:
        """See `Carrier`. The first call reads the current copy; `LayoutError` if there is none."""
        return self._in_force().record(sfi, size)

    def authenticate(self, credentials: Credentials, terminal_random: bytes) -> None:
        """See `Carrier`. The card has no key, so there is nothing to prove."""

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
    """A secure card with its DF selected."""

    kind = CardKind.SECURE

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


# A reader's possible answers to a file command for a card without files (ours: no manual says).
_NO_FILES: Final = frozenset(
    {SW.CLA_NOT_SUPPORTED, SW.INS_NOT_SUPPORTED, SW.FUNCTION_NOT_SUPPORTED, SW.EXECUTION_ERROR}
)

_MF: Final = 0x3F00


def find_memory(terminal: Terminal) -> MemoryTerminal:
    """Return a terminal for the freshly powered memory card, whatever its contents.

    Raise `ApduError` for a card with files.
    """
    if has_files(terminal):
        raise ApduError("expected a memory card, and this one has files")
    return find_reader(terminal.exchange)


def has_files(terminal: Terminal) -> bool:
    """Whether the freshly powered card is one with files; raise `ApduError` for neither kind."""
    try:
        terminal.select(_MF)
    except ApduError as error:
        if error.sw in _NO_FILES:
            return False
        raise
    return True


def find_card(terminal: Terminal, df: int) -> BudgetCard:
    """Return the freshly powered card: a secure one has `df`, a plain one its file, a memory none.

    The secure one goes first, so a card that is both must keep the stronger promises. Raise
    `ApduError` for any other card.
    """
    try:
        terminal.select(df)
    except ApduError as error:
        if error.sw in _NO_FILES:
            return MemoryBudgetCard(find_reader(terminal.exchange))
        if error.sw != SW.FILE_NOT_FOUND:
            raise
    else:
        return SealedCard(SecureCarrier(terminal))
    try:
        terminal.select(plain_file(df))
    except ApduError as error:
        if error.sw != SW.FILE_NOT_FOUND:
            raise
        raise ApduError(f"no budget card: {error}", sw=error.sw) from None
    return SealedCard(PlainCarrier(terminal))


def find_among(terminal: Terminal, dfs: Iterable[int]) -> BudgetCard:
    """Return the card, for whichever of `dfs`, at least one, it is."""
    first, *others = dfs
    try:
        return find_card(terminal, first)
    except ApduError as error:
        if error.sw != SW.FILE_NOT_FOUND or not others:
            raise
    return find_among(terminal, others)


@final
class ImageRecords:
    """The records of a file card's image as a `Carrier`."""

    def __init__(self, image: CardImage) -> None:
        self.image = image
        self.kind = image.kind

    def read(self, sfi: int, size: int) -> bytes:
        """See `Carrier`; a card without such a record is a `LayoutError`."""
        try:
            return record_on(self.image, sfi)[:size]
        except KeyError:
            expected = f"record {sfi}"
            raise LayoutError(
                "budget card", offset=0, expected=expected, got="no such file"
            ) from None

    def authenticate(self, credentials: Credentials, terminal_random: bytes) -> None:
        """See `Carrier`. There is nothing to prove."""

    def write(self, records: Mapping[int, bytes]) -> None:
        """See `Carrier`."""
        for sfi, raw in records.items():
            self.image = with_record(self.image, sfi, raw)


@final
class ImageCells:
    """The main memory of a memory card's image as `Cells`."""

    def __init__(self, image: MemoryImage) -> None:
        self.image = image

    def read(self, at: int, size: int) -> bytes:
        """See `Cells`."""
        return self.image.main[at : at + size]

    def write(self, at: int, data: bytes) -> None:
        """See `Cells`."""
        self.image = self.image.with_main(at, data)

    def present(self, code: bytes) -> None:
        """See `Cells`. There is no chip to compare it."""


def laid_open(image: AnyImage) -> BudgetCard:
    """Return the card of an image, to be read."""
    if isinstance(image, MemoryImage):
        return MemoryBudgetCard(ImageCells(image))
    return SealedCard(ImageRecords(image))
