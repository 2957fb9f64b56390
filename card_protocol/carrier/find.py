"""Which kind of card is in the slot: two SELECTs at most tell, for each energy it may be for."""

from collections.abc import Iterable

from card_protocol.carrier.base import Carrier
from card_protocol.carrier.plain import PlainCarrier
from card_protocol.carrier.secure import SecureCarrier
from card_protocol.errors import ApduError
from card_protocol.formats.container import plain_file
from card_protocol.status import SW
from card_protocol.terminal import Terminal


def find_carrier(terminal: Terminal, df: int) -> Carrier:
    """Return the freshly powered card as a carrier: a secure card has `df`, a plain one its file.

    The secure one goes first, so a card that is both is held to the stronger promises. Raise
    `ApduError` for a card that is neither.
    """
    try:
        terminal.select(df)
    except ApduError as error:
        if error.sw != SW.FILE_NOT_FOUND:
            raise
    else:
        return SecureCarrier(terminal)
    terminal.select(plain_file(df))
    return PlainCarrier(terminal)


def find_among(terminal: Terminal, dfs: Iterable[int]) -> Carrier:
    """Return the card as a carrier, whichever of `dfs`, at least one, it is for.

    Raise `ApduError` for a card that is for none of them.
    """
    first, *others = dfs
    try:
        return find_carrier(terminal, first)
    except ApduError as error:
        if error.sw != SW.FILE_NOT_FOUND or not others:
            raise
    return find_among(terminal, others)
