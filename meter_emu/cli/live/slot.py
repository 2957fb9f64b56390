"""Where cards come from: image files, put in and pulled out by hand."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Protocol, final

from card_protocol.card.virtual import AnyImage, VirtualCard, card_of
from meter_emu.cli.held import CARD_IMAGE, HeldFile, image_in
from meter_emu.errors import CommandError
from meter_emu.world.meter.live import LiveMeter

NO_CARD: Final = "none"


class Slot(Protocol):
    """The place a card is put into."""

    def insert(self, meter: LiveMeter, argument: str) -> None:
        """Put a card in and let the meter serve it; raise what is wrong with that."""
        ...

    def remove(self, meter: LiveMeter) -> None:
        """Pull the card out; raise `CommandError` when there is none."""
        ...

    def attend(self, meter: LiveMeter) -> None:
        """Do what is due between two polls."""
        ...

    def close(self, meter: LiveMeter) -> None:
        """Do what is left when the sitting is over."""
        ...

    def words(self) -> str:
        """Say what is in the slot."""
        ...


@final
class FileSlot:
    """Cards of image files. What a session changed is in the file when the session is over.

    Cards draw their challenges from `challenge`. A file is nobody else's to change (`held`)
    while its card is in the meter.
    """

    def __init__(self, challenge: Callable[[int], bytes]) -> None:
        self._challenge = challenge
        self._held: HeldFile | None = None
        self._card: VirtualCard | None = None  # in the slot, or pulled out and not saved yet
        self._inside = False
        self._saved: AnyImage | None = None  # what the file holds
        self._refused: AnyImage | None = None  # what could not be saved when it was tried

    def insert(self, meter: LiveMeter, argument: str) -> None:
        """Put the card of an image file in; raise `ImageError`, or `CommandError`."""
        if self._held is not None:
            why = "is in the slot: remove it first" if self._inside else "could not be saved yet"
            raise CommandError(f"{self._held.path} {why}")
        with ExitStack() as stack:
            held = stack.enter_context(HeldFile(argument, CARD_IMAGE))
            image = image_in(argument, held.content)
            stack.pop_all()  # and holds it on
        self._held, self._saved, self._refused = held, image, None
        card = card_of(image, self._challenge)
        self._card, self._inside = card, True
        meter.insert(card, Path(argument).name)
        self.attend(meter)

    def remove(self, meter: LiveMeter) -> None:
        """Pull the card out; within a poll it is saved as soon as the poll is over."""
        if not self._inside:
            raise CommandError("there is no card in the slot")
        meter.remove()
        self._inside = False
        self.attend(meter)

    def attend(self, meter: LiveMeter) -> None:
        """Save the card if it has changed, and forget one that was pulled out.

        Raise `OutputError` when it cannot be saved; then it is kept, and tried again when it has
        changed further, and at the end.
        """
        card = self._card
        if card is None or meter.bench.polling:
            return
        image = card.image
        if image is not self._saved:
            if image is self._refused:
                return
            self._refused = image
            self._save(image)
        if not self._inside:
            self._let_go()

    def close(self, meter: LiveMeter) -> None:
        """Save the card for the last time; raise `OutputError`."""
        self._refused = None
        try:
            self.attend(meter)
        finally:
            self._let_go()

    def _save(self, image: AnyImage) -> None:
        assert self._saved is not None, "a card in the slot came from its file"
        assert self._held is not None, "and that is held"
        raw = image.to_bytes()
        if raw != self._saved.to_bytes():
            self._held.write(raw)
        self._saved = image

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.release()
        self._held = self._card = None

    def words(self) -> str:
        """Say which file's card is in the slot."""
        return Path(self._held.path).name if self._inside and self._held else NO_CARD
