"""The plain virtual card: files and a PIN, as any ISO/IEC 7816-4 file card has; no keys.

What it writes is *not* atomic. A power cut inside an UPDATE BINARY leaves each byte of it old, new
or neither; the code that cuts the power says which, so the same story leaves the same bytes. The
PIN's tries are counted atomically: cards that lose count there are broken, not plain.
"""

from typing import Final, final

from card_protocol.apdu import split_command
from card_protocol.atr import offer
from card_protocol.card.commands import PLAIN_ROWS
from card_protocol.card.file_card import FileCard
from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.session import Fate
from card_protocol.errors import ApduError

PAGE_BYTES: Final = 64  # ours: what such a card programs at once
PAGE_WRITE_US: Final = 5_000  # ours: erase and write of a page, as serial EEPROM of the time takes
_INS_UPDATE_BINARY: Final = 0xD6
_ERASED: Final = 0xFF


@final
class PlainCard(FileCard):
    """A card without keys, and without randomness: nothing on it asks for any."""

    kind = CardKind.PLAIN
    rows = PLAIN_ROWS
    atr_t0 = offer((0,), b"\x80\x65PLAIN").to_bytes()
    atr_t1 = offer((1,), b"\x80\x65PLAIN").to_bytes()

    def __init__(self, image: CardImage, *, t0: bool = False) -> None:
        super().__init__(image, bytes, t0=t0)

    def writing_us(self, command: bytes) -> int:
        """Return how long the card programs its cells for `command`, in µs."""
        try:
            _, ins, _, _, data, _ = split_command(command)
        except ApduError:
            return 0
        return -(-len(data) // PAGE_BYTES) * PAGE_WRITE_US if ins == _INS_UPDATE_BINARY else 0

    def tear(self, command: bytes, fate: Fate) -> None:
        """Lose power while writing what `command` orders; `fate` decides what the cells hold.

        Its first number, of 256ths, is how much of the data is written. Of the page in progress
        from there on each cell takes a number modulo 4: old, FF, new or mixed; mixed takes a
        second one for what it holds. Cells further on are old.
        """
        if self._session is not None:
            self._session.settle = lambda old, new: _torn(old, new, fate)
            self.transmit(command)
        self.power_off()


def _torn(old: bytes, new: bytes, fate: Fate) -> bytes:
    done = fate() * len(new) >> 8
    page = slice(done, done + PAGE_BYTES)
    cells = zip(old[page], new[page], strict=True)
    return new[:done] + bytes(_cell(*cell, fate) for cell in cells) + old[page.stop :]


def _cell(old: int, new: int, fate: Fate) -> int:
    outcome = fate() % 4
    return fate() if outcome == 3 else (old, _ERASED, new)[outcome]
