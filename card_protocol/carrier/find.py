"""Which kind of card is in the slot: two SELECTs at most tell."""

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
