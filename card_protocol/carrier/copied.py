"""An image of a real card, from its publicly readable bytes; writes nothing, proves nothing."""

from typing import Final

from card_protocol.card.sle4442 import COUNTER_ERASED
from card_protocol.card.virtual import AnyImage
from card_protocol.carrier.find import find_memory, has_files
from card_protocol.carrier.first_content import TRANSPORT_CODE
from card_protocol.carrier.readers import MEMORY_SIZE_BYTES, MemoryTerminal
from card_protocol.errors import ApduError
from card_protocol.formats.budget import DF_OF
from card_protocol.formats.budget.making import new_memory_card, new_plain_card
from card_protocol.formats.container import FILE_SIZE_BYTES, plain_file
from card_protocol.status import SW
from card_protocol.terminal import Terminal

_HALF: Final = MEMORY_SIZE_BYTES // 2  # a command reads 255 bytes at the most


def copied(terminal: Terminal) -> AnyImage:
    """Return the freshly powered plain or memory card as an image.

    Unreadable values are those of a new card: a plain card's tries, a memory card's protected
    bytes, and its code, which is the transport code here. Raise `ApduError` for any other card.
    """
    if not has_files(terminal):
        return _copied_chip(find_memory(terminal))
    for df in DF_OF.values():
        if _there(terminal, df):
            raise ApduError("a secure card shows its records to who has a key: see desk account")
        if _there(terminal, plain_file(df)):
            return new_plain_card(terminal.read_current(0, FILE_SIZE_BYTES), df)
    raise ApduError("no budget card: it has not the files of one")


def _copied_chip(terminal: MemoryTerminal) -> AnyImage:
    main = b"".join(terminal.read(at, _HALF) for at in (0, _HALF))
    left = terminal.tries_left()
    counter = COUNTER_ERASED if left is None else (1 << left) - 1
    return new_memory_card(main, code=TRANSPORT_CODE, counter=counter)


def _there(terminal: Terminal, fid: int) -> bool:
    try:
        terminal.select(fid)
    except ApduError as error:
        if error.sw != SW.FILE_NOT_FOUND:
            raise
        return False
    return True
