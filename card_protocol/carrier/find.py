"""Which kind of card is in the slot: two SELECTs at most decide it, for each energy.

A memory card has no files, and a reader that is asked for one has no such command: that is the
sign to try the readers' own commands, which no file card is ever shown.

`laid_open` gives the card of an image, past all access rules and without a proof: for code that has
the file itself. What is written then changes the image held here, and no card.
"""

from collections.abc import Iterable, Mapping
from typing import Final, final

from card_protocol.card.image import CardImage
from card_protocol.card.make import AnyImage
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.carrier.carrier import BudgetCard, Credentials
from card_protocol.carrier.memory import MemoryBudgetCard
from card_protocol.carrier.readers import MemoryTerminal, find_reader
from card_protocol.carrier.sealed import PlainCarrier, SealedCard, SecureCarrier
from card_protocol.errors import ApduError, LayoutError
from card_protocol.formats.budget.making import record_on, with_record
from card_protocol.formats.container import plain_file
from card_protocol.status import SW
from card_protocol.terminal import Terminal

# What a reader may say to a file command for a card without files (ours: no manual says).
_NO_FILES: Final = frozenset(
    {SW.CLA_NOT_SUPPORTED, SW.INS_NOT_SUPPORTED, SW.FUNCTION_NOT_SUPPORTED, SW.EXECUTION_ERROR}
)

_MF: Final = 0x3F00


def find_memory(terminal: Terminal) -> MemoryTerminal:
    """Return a terminal for the freshly powered memory card, whatever is on it.

    Raise `ApduError` for a card with files.
    """
    if has_files(terminal):
        raise ApduError("want a memory card, and this one has files")
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

    The secure one goes first, so a card that is both is held to the stronger promises. Raise
    `ApduError` for a card that is none of them.
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
    """Return the card, whichever of `dfs`, at least one, it is for.

    Raise `ApduError` for a card that is for none of them.
    """
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

    def read(self, sfi: int, size: int) -> bytes:
        """See `Carrier`; a card without such a record is a `LayoutError`."""
        try:
            return record_on(self.image, sfi)[:size]
        except KeyError:
            want = f"record {sfi}"
            raise LayoutError("budget card", offset=0, want=want, got="no such file") from None

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
