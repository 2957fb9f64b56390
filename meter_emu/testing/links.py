"""How the cards of a test are reached: one row a link, chosen by `--meter-card-link`."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol, final

from card_protocol.card.commands import Rng
from card_protocol.card.image import CardKind
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import AnyImage, VirtualCard, card_of
from card_protocol.link.t0 import CardOverT0
from meter_emu.testing.hardware import hardware
from meter_emu.testing.vpcd import vpcd
from meter_emu.world.meter.board import SlotCard


class Reach(Protocol):
    """A way to cards, for a whole run. Tests take turns at it.

    All raise `ConfigError` for a way that is not there, or does not go to this card. `carrier` is
    the kind of card a test has if it does not say.
    """

    @property
    def carrier(self) -> CardKind:
        """The kind of card that this way is for."""
        ...

    def card(self, image: AnyImage, rng: Rng) -> SlotCard:
        """Return a card that holds `image`, as the meter's slot and the desk's reader take it."""
        ...

    def image(self, card: SlotCard) -> AnyImage:
        """Return what a card of this reach holds; raise `ConfigError` where that cannot be seen."""
        ...


@final
class Direct:
    """Cards in the process; `carrier` is the kind of card unless a test asks for another."""

    carrier: Final = CardKind.SECURE

    def card(self, image: AnyImage, rng: Rng) -> SlotCard:
        """Return a card in this process that holds `image`; `rng` makes its challenges."""
        return card_of(image, rng)

    def image(self, card: SlotCard) -> AnyImage:
        """Return what `card` holds."""
        assert isinstance(card, VirtualCard), "only its own cards are asked for"
        return card.image


@final
class OverT0:
    """Cards in the process, at the far end of a contact: every command travels as characters.

    A memory card speaks no T=0; its reader speaks for it.
    """

    carrier: Final = CardKind.SECURE

    def card(self, image: AnyImage, rng: Rng) -> SlotCard:
        """See `Reach`."""
        if isinstance(image, MemoryImage):
            return card_of(image, rng)
        return CardOverT0(card_of(image, rng, t0=True))

    def image(self, card: SlotCard) -> AnyImage:
        """See `Reach`."""
        assert isinstance(card, CardOverT0 | VirtualCard), "only its own cards are asked for"
        return card.image


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOptions:
    """What the command line says of the link; `sure` is that tests may write on a real card."""

    reader: str | None = None
    sure: bool = False


LINKS: Final[Mapping[str, Callable[[LinkOptions], AbstractContextManager[Reach]]]] = (
    MappingProxyType(
        {
            "direct": lambda _options: nullcontext(Direct()),
            "t0": lambda _options: nullcontext(OverT0()),
            "vpcd": lambda _options: vpcd(),
            "pcsc": lambda options: hardware(options.reader, sure=options.sure),
        }
    )
)
