"""Which kind of card is in the slot: two SELECTs at most decide it, for each energy.

A memory card has no files, and a reader that is asked for one has no such command: that is the
sign to try the readers' own commands, which no file card is ever shown.
"""

from collections.abc import Iterable
from typing import Final

from card_protocol.carrier.carrier import BudgetCard
from card_protocol.carrier.memory import MemoryBudgetCard
from card_protocol.carrier.readers import MemoryTerminal, find_reader
from card_protocol.carrier.sealed import PlainCarrier, SealedCard, SecureCarrier
from card_protocol.errors import ApduError
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
