"""A card image as a budget card, past all access rules: for code that has the file itself.

It asks for no proof. What is written changes the `image` held here, and no card.
"""

from collections.abc import Mapping
from typing import final

from card_protocol.card.image import CardImage
from card_protocol.card.make import AnyImage
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.carrier.carrier import BudgetCard, Credentials
from card_protocol.carrier.memory import MemoryBudgetCard
from card_protocol.carrier.sealed import SealedCard
from card_protocol.errors import LayoutError
from card_protocol.formats.budget.making import record_on, with_record


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
