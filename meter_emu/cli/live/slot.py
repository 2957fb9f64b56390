"""Where cards come from: image files, put in and pulled out by hand."""

from pathlib import Path
from random import Random
from typing import Final, Protocol, final

from card_protocol.card.make import AnyImage, VirtualCard, card_of
from meter_emu.cli.card_file import read_image
from meter_emu.cli.output import write_atomically
from meter_emu.errors import CommandError, OutputError
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

    `chance` is what cards draw their challenges from. A file that somebody else has changed while
    its card was in the meter is not overwritten.
    """

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._file = ""
        self._card: VirtualCard | None = None  # in the slot, or pulled out and not saved yet
        self._inside = False
        self._saved: AnyImage | None = None  # what the file holds
        self._refused: AnyImage | None = None  # what could not be saved when it was tried

    def insert(self, meter: LiveMeter, argument: str) -> None:
        """Put the card of an image file in; raise `ImageError`, or `CommandError`."""
        if self._card is not None:
            why = "is in the slot: remove it first" if self._inside else "could not be saved yet"
            raise CommandError(f"{self._file} {why}")
        image = read_image(argument)
        self._file, self._saved, self._refused = argument, image, None
        card = card_of(image, self._chance.randbytes)
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
            self._card = None

    def close(self, meter: LiveMeter) -> None:
        """Save the card for the last time; raise `OutputError`."""
        self._refused = None
        self.attend(meter)

    def _save(self, image: AnyImage) -> None:
        assert self._saved is not None, "a card in the slot came from its file"
        before, raw = self._saved.to_bytes(), image.to_bytes()
        if raw != before:
            try:
                there = Path(self._file).read_bytes()
            except OSError:  # it is gone, or will not be read: writing says what is the matter
                there = before
            if there != before:
                raise OutputError(self._file, "somebody changed it while its card was in the meter")
            write_atomically(self._file, raw, private=True)
        self._saved = image

    def words(self) -> str:
        """Say which file's card is in the slot."""
        return Path(self._file).name if self._inside else NO_CARD
