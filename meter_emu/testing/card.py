"""One card of a test, wherever it really is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import final

from card_protocol.card.virtual import AnyImage, parse_image
from card_protocol.errors import LayoutError, LinkError, LinkErrorKind
from meter_emu.errors import ConfigError, ImageError, OutputError
from meter_emu.resources import read_file
from meter_emu.testing.dialogue import Dialogue
from meter_emu.testing.links import Reach
from meter_emu.world.meter.board import SlotCard
from meter_emu.world.meter.pulled import PulledCard
from meter_emu.world.rehearsal.rig import Rig


@final
class Card:
    """The fixture `card`, or another that the desk has issued; hand it to `meter` and `desk`.

    `in_meter` is whether it is in the meter's slot.

    Args:
        name: What a failed test calls it.
        image: The bytes that it starts from.
        rig: The board with its chips.
        reach: The way to cards: in this process, through a PC/SC reader, ...
        dialogue: Gets what passes between card and terminal, for a failed test's report.
        sets_clock: Whether it is a technician's clock card.
    """

    def __init__(
        self,
        name: str,
        image: AnyImage,
        rig: Rig,
        reach: Reach,
        dialogue: Dialogue,
        *,
        sets_clock: bool = False,
    ) -> None:
        self.name = name  # as a failed test reports it
        self.sets_clock = sets_clock
        self.in_meter = False  # the meter says so
        self._in_terminal = False
        self._rig = rig
        self._reach = reach
        self._dialogue = dialogue
        self._held = reach.card(image, rig.challenge)

    @property
    def image(self) -> bytes:
        """Every byte of a virtual card, keys and all; `ConfigError` for a real one."""
        return self._reach.image(self._held).to_bytes()

    def save(self, path: str | Path) -> None:
        """Write the image to a file at `path`, which `meter-emu card show` explains.

        Raises:
            OutputError: The file cannot be written.
        """
        try:
            Path(path).write_bytes(self.image)
        except OSError as error:
            raise OutputError(str(path), str(error.strerror)) from None

    def load(self, path: str | Path) -> None:
        """Make this card the one in the file at `path`.

        Raises:
            ImageError: The file cannot be read or is no card image.
            ConfigError: The card is in the meter or a terminal.
        """
        self.check_at_hand()
        try:
            image = parse_image(read_file(path))
        except OSError as error:
            raise ImageError(str(path), f"cannot be read: {error.strerror}") from None
        except LayoutError as error:
            raise ImageError(str(path), str(error)) from None
        self._held = self._reach.card(image, self._rig.challenge)

    @contextmanager
    def plugged(self) -> "Iterator[TerminalSlot]":
        """Return a context that has the card in a terminal of your own.

        Meter and desk have it again afterwards.

        Raises:
            ConfigError: The card is in the meter or a terminal.
        """
        self.check_at_hand()
        slot = TerminalSlot(self.in_slot("terminal"))
        self._in_terminal = True
        try:
            yield slot
        finally:
            self._in_terminal = False
            slot.power_off()

    def check_at_hand(self) -> None:
        """Check that the card is nobody else's at the moment.

        Raises:
            ConfigError: The card is in the meter or a terminal.
        """
        if self.in_meter:
            raise ConfigError(self.name, "", "it is in the meter: meter.remove() comes first")
        if self._in_terminal:
            raise ConfigError(self.name, "", "it is in a terminal: leave card.plugged() first")

    def in_slot(self, who: str, *, pulled_after: int | None = None) -> SlotCard:
        """Return the card as a slot takes it; its dialogue is recorded as one with `who`.

        With `pulled_after` it is pulled out after so many answers.

        Raises:
            ConfigError: The card is in a terminal.
        """
        if self._in_terminal:
            self.check_at_hand()
        held = self._held if pulled_after is None else PulledCard(self._held, pulled_after)
        return self._dialogue.heard(held, f"{who}, {self.name}")


@final
class TerminalSlot:
    """A card in the slot of a test's own terminal: as `Slotted` has it, and as a `Link`."""

    def __init__(self, card: SlotCard) -> None:
        self._card = card
        self._powered = False

    def power_on(self) -> bytes:
        """Reset the card and return its ATR; empty where no card answers."""
        atr = self._card.power_on()
        self._powered = bool(atr)
        return atr

    def power_off(self) -> None:
        """Take the power away."""
        self._powered = False
        self._card.power_off()

    def transmit(self, command: bytes) -> bytes:
        """Send a C-APDU and return the R-APDU; a card without power answers nothing."""
        return self._card.transmit(command) if self._powered else b""

    def connect(self) -> bytes:
        """Power the card and return its ATR; raise `LinkError` NO_CARD where none answers."""
        atr = self.power_on()
        if not atr:
            raise LinkError(LinkErrorKind.NO_CARD)
        return atr

    def exchange(self, command: bytes) -> bytes:
        """Send a C-APDU and return the R-APDU; raise `LinkError` BROKEN before `connect`."""
        if not self._powered:
            raise LinkError(LinkErrorKind.BROKEN, "not connected")
        return self._card.transmit(command)

    def disconnect(self) -> None:
        """Take the power away."""
        self.power_off()
