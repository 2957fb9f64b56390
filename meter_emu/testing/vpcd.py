"""Virtual cards in the virtual reader of PC/SC: meter and desk reach them as they would real ones.

The packaged vpcd driver and a running pcscd do it; `docs/testing-with-pytest.md` says how to have
both. One card is in the reader at a time, and changing cards takes about as long as a hand does.
"""

from collections.abc import Callable
from typing import Final, final

from card_protocol.card.image import CardKind
from card_protocol.card.make import AnyImage, VirtualCard, card_of
from card_protocol.card.session import Rng
from card_protocol.errors import LinkError
from card_protocol.link.pcsc import PcscLink
from card_protocol.serve.plugged import PluggedCard
from card_protocol.serve.vpcd import connect
from meter_emu.errors import ConfigError
from meter_emu.world.meter.board import SlotCard
from meter_emu.world.meter.linked_card import LinkedCard

READER: Final = "Virtual PCD 00 00"  # the first slot of the packaged reader.conf
_OPTION: Final = "--meter-card-link vpcd"
SEEN_MS: Final = 10_000  # ours: pcscd looks several times a second; longer is a fault


@final
class Vpcd:
    """See `meter_emu.testing.links.Reach`."""

    carrier: Final = CardKind.SECURE

    def __init__(self, reader: str | None) -> None:
        self._link: Final = PcscLink(reader or READER)
        self._inside: _ServedCard | None = None
        self._plugged: PluggedCard | None = None

    def card(self, image: AnyImage, rng: Rng) -> SlotCard:
        """See `Reach`. It is plugged in when it is first powered."""
        return _ServedCard(card_of(image, rng), self._link, self._plug_in)

    def image(self, card: SlotCard) -> AnyImage:
        """See `Reach`. A card that is in the reader is taken out for it."""
        assert isinstance(card, _ServedCard), "only its own cards are asked for"
        if card is self._inside:
            self._take_out()
        return card.virtual.image

    def close(self) -> None:
        """See `Reach`."""
        try:
            self._take_out()
        finally:
            self._link.close()

    def _plug_in(self, card: "_ServedCard") -> None:
        """Have this card be the one in the reader."""
        if card is self._inside:
            return
        self._take_out()
        try:
            self._plugged = PluggedCard(connect(), card.virtual)
            self._inside = card
            self._wait(present=True)
        except LinkError as error:
            why = f"{error}; want a running pcscd with the vpcd driver"
            raise ConfigError(_OPTION, "", why) from None

    def _take_out(self) -> None:
        """Have no card in the reader, let go before it is pulled, as hands do."""
        self._link.disconnect()
        if self._plugged is not None:
            self._plugged.pull()
            self._plugged, self._inside = None, None
            try:
                self._wait(present=False)
            except LinkError as error:
                raise ConfigError(_OPTION, "", str(error)) from None

    def _wait(self, *, present: bool) -> None:
        if not self._link.wait(present=present, wait_ms=SEEN_MS):
            state = "was put in" if present else "was taken out"
            raise ConfigError(_OPTION, "", f"a card {state}, and pcscd has not seen it")


@final
class _ServedCard:
    """A virtual card that is in the reader whenever it has power."""

    def __init__(
        self, virtual: VirtualCard, link: PcscLink, plug_in: Callable[["_ServedCard"], None]
    ) -> None:
        self.virtual: Final = virtual
        self._linked: Final = LinkedCard(link)
        self._plug_in: Final = plug_in

    def power_on(self) -> bytes:
        """See `SlotCard`."""
        self._plug_in(self)
        return self._linked.power_on()

    def power_off(self) -> None:
        """See `SlotCard`."""
        self._linked.power_off()

    def writing_us(self, command: bytes) -> int:
        """See `SlotCard`. A virtual card takes its time as if in process."""
        return self.virtual.writing_us(command)

    def tear(self, command: bytes, fate: Callable[[], int]) -> None:
        """See `SlotCard`."""
        self._linked.tear(command, fate)

    def transmit(self, command: bytes) -> bytes:
        """See `SlotCard`."""
        return self._linked.transmit(command)
