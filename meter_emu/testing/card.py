"""One card of a test, wherever it really is."""

from pathlib import Path
from typing import final

from card_protocol.card.make import AnyImage, parse_image
from card_protocol.errors import LayoutError
from meter_emu.errors import ConfigError, ImageError, OutputError
from meter_emu.testing.dialogue import Dialogue, PulledCard
from meter_emu.testing.links import Reach
from meter_emu.world.meter.board import SlotCard
from meter_emu.world.rehearsal.home import Home


@final
class Card:
    """The fixture `card`, or another that the desk has issued; hand it to `meter` and `desk`."""

    def __init__(
        self,
        name: str,
        image: AnyImage,
        home: Home,
        reach: Reach,
        dialogue: Dialogue,
        *,
        sets_clock: bool = False,
    ) -> None:
        self.name = name  # as a failed test is told of it
        self.sets_clock = sets_clock
        self.in_meter = False  # the meter says so
        self._home = home
        self._reach = reach
        self._dialogue = dialogue
        self._held = reach.card(image, home.chance.randbytes)

    @property
    def image(self) -> bytes:
        """Every byte of a virtual card, keys and all; `ConfigError` for a real one."""
        return self._reach.image(self._held).to_bytes()

    def save(self, path: str | Path) -> None:
        """Write the image to a file that `meter-emu card show` explains."""
        try:
            Path(path).write_bytes(self.image)
        except OSError as error:
            raise OutputError(str(path), str(error.strerror)) from None

    def load(self, path: str | Path) -> None:
        """Make this card the one in a file; raise `ImageError` when it is none."""
        self.check_at_hand()
        try:
            image = parse_image(Path(path).read_bytes())
        except OSError as error:
            raise ImageError(str(path), f"cannot be read: {error.strerror}") from None
        except LayoutError as error:
            raise ImageError(str(path), str(error)) from None
        self._held = self._reach.card(image, self._home.chance.randbytes)

    def check_at_hand(self) -> None:
        """Raise `ConfigError` while the card is in the meter, where nobody else has it."""
        if self.in_meter:
            raise ConfigError(self.name, "", "it is in the meter: meter.remove() comes first")

    def plugged(self, who: str, *, pulled_after: int | None = None) -> SlotCard:
        """Return the card as a slot takes it, whose dialogue with `who` is recorded."""
        held = self._held if pulled_after is None else PulledCard(self._held, pulled_after)
        return self._dialogue.heard(held, f"{who}, {self.name}")
