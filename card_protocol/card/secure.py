"""The secure virtual card: every command there is, mutual authentication, atomic updates."""

from typing import final

from card_protocol.atr import offer
from card_protocol.card.commands import SECURE_ROWS
from card_protocol.card.file_card import FileCard
from card_protocol.card.image import CardKind


@final
class SecureCard(FileCard):
    """A card with keys. A cut leaves the old bytes of a write or the new ones."""

    kind = CardKind.SECURE
    rows = SECURE_ROWS
    # Compact-TLV, ISO/IEC 7816-4 "Historical bytes": category 80, six bytes of pre-issuing data.
    atr_t0 = offer((0,), b"\x80\x66SECURE").to_bytes()
    atr_t1 = offer((1,), b"\x80\x66SECURE").to_bytes()
