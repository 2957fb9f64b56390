"""Virtual cards in the virtual reader of PC/SC: meter and desk reach them as they would real ones.

The reader belongs to a pcscd of the run's own (`card_protocol.serve.pcscd`). One card is in it at a
time, and changing cards takes about as long as by hand. Only cards made by a test get commands,
whatever else may get into the reader: they are known by their ATR and by a mark that nobody can
guess, and the slot must be empty before one is put in.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from secrets import token_bytes
from tempfile import TemporaryDirectory
from typing import Final, final

from typing_extensions import override

from card_protocol.card.commands import Rng
from card_protocol.card.image import CardKind
from card_protocol.card.virtual import AnyImage, VirtualCard, card_of
from card_protocol.errors import LinkError
from card_protocol.link.link import Link
from card_protocol.link.pcsc import PcscLink
from card_protocol.serve.pcscd import VPCD_READERS, PrivatePcscd
from card_protocol.serve.vpcd import PluggedCard
from meter_emu.errors import ConfigError
from meter_emu.world.meter.board import SlotCard
from meter_emu.world.meter.linked_card import LinkedCard

_OPTION: Final = "--meter-card-link vpcd"
READER: Final = VPCD_READERS[0]
SEEN_MS: Final = 10_000  # ours: pcscd looks several times a second; longer is a fault
_FOREIGN: Final = f"a card that no test made is in {READER}, and it is left alone"
_NAME_BYTES: Final = 16  # the longest name of a DF
_DONE: Final = b"\x90\x00"


@final
class Vpcd:
    """See `meter_emu.testing.links.Reach`. `pcscd` runs, and `link` leads to its first reader."""

    carrier: Final = CardKind.SECURE

    def __init__(self, pcscd: PrivatePcscd, link: PcscLink) -> None:
        self._pcscd: Final = pcscd
        self._pcsc: Final = link
        self._mark: Final = _Mark()
        self._link: Final = _OwnLink(link, self._mark)
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

    def _plug_in(self, card: "_ServedCard") -> None:
        """Have this card be the one in the reader."""
        if card is self._inside:
            return
        if self._inside is not None:
            self._take_out()
        try:
            if self._pcsc.wait(present=True, wait_ms=0):
                raise ConfigError(_OPTION, "", _FOREIGN)
            self._plugged = PluggedCard(self._pcscd.plug(), _MarkedCard(card.virtual, self._mark))
            self._inside, self._link.atr = card, self._plugged.atr
            self._wait(present=True)
        except LinkError as error:
            raise ConfigError(_OPTION, "", str(error)) from None

    def close(self) -> None:
        """Leave no card in the reader, let go before it is pulled, as hands do."""
        self._link.disconnect()
        if self._plugged is not None:
            self._plugged.pull()
            self._plugged, self._inside = None, None

    def _take_out(self) -> None:
        """Likewise, and wait until pcscd has seen that there is none."""
        self.close()
        try:
            self._wait(present=False)
        except LinkError as error:
            raise ConfigError(_OPTION, "", str(error)) from None

    def _wait(self, *, present: bool) -> None:
        if not self._pcsc.wait(present=present, wait_ms=SEEN_MS):
            state = "was put in" if present else "was taken out"
            raise ConfigError(_OPTION, "", f"a card {state}, and pcscd has not seen it")


@final
class _ServedCard(LinkedCard):
    """A virtual card that is in the reader whenever it has power."""

    def __init__(
        self, virtual: VirtualCard, link: Link, plug_in: Callable[["_ServedCard"], None]
    ) -> None:
        super().__init__(link)
        self.virtual: Final = virtual
        self._plug_in: Final = plug_in

    @override
    def power_on(self) -> bytes:
        """See `SlotCard`."""
        self._plug_in(self)
        return super().power_on()

    @override
    def writing_us(self, command: bytes) -> int:
        """See `SlotCard`. A virtual card takes its time as if in process."""
        return self.virtual.writing_us(command)


@final
class _Mark:
    """The mark of a run's own cards: an answer to SELECT by a random name.

    The question costs a card nothing (ISO/IEC 7816-4), and none has a DF of that name.
    """

    def __init__(self) -> None:
        select_name = bytes([0x00, 0xA4, 0x04, 0x00, _NAME_BYTES])
        self.question: Final = select_name + token_bytes(_NAME_BYTES)
        self.answer: Final = token_bytes(_NAME_BYTES) + _DONE


@final
class _MarkedCard:
    """A virtual card that also knows the mark."""

    def __init__(self, virtual: VirtualCard, mark: _Mark) -> None:
        self._virtual: Final = virtual
        self._mark: Final = mark

    def power_on(self) -> bytes:
        """See `Slotted`."""
        return self._virtual.power_on()

    def power_off(self) -> None:
        """See `Slotted`."""
        self._virtual.power_off()

    def transmit(self, command: bytes) -> bytes:
        """See `Slotted`."""
        if command == self._mark.question:
            return self._mark.answer
        return self._virtual.transmit(command)


@final
class _OwnLink:
    """A link to a card with the mark, and with `atr`: to any other one it sends no command more."""

    def __init__(self, link: PcscLink, mark: _Mark) -> None:
        self._link: Final = link
        self._mark: Final = mark
        self.atr = b""

    def connect(self) -> bytes:
        """See `Link`. Raise `ConfigError` for a card that no test made."""
        atr = self._link.connect()
        if atr == self.atr and self._link.exchange(self._mark.question) == self._mark.answer:
            return atr
        self._link.disconnect()
        raise ConfigError(_OPTION, "", _FOREIGN)

    def exchange(self, command: bytes) -> bytes:
        """See `Link`."""
        return self._link.exchange(command)

    def disconnect(self) -> None:
        """See `Link`."""
        self._link.disconnect()


@contextmanager
def vpcd() -> Iterator[Vpcd]:
    """Give a way to cards through a pcscd that lives as long as it.

    What a program reads from its environment to find that pcscd is there meanwhile, for the
    terminals that a test starts. Raise `ConfigError` where it cannot be had.
    """
    with ExitStack() as ending:
        try:
            folder = ending.enter_context(TemporaryDirectory(prefix="pcscd-"))
            pcscd = ending.enter_context(PrivatePcscd(Path(folder)))
            pcscd.start()
            before = {name: os.environ.get(name) for name in pcscd.variables}
            ending.callback(_restore, before)
            os.environ.update(pcscd.variables)
            link = ending.enter_context(PcscLink(READER))
            link.wait(present=False, wait_ms=0)  # whether there is a way, before a test takes it
        except LinkError as error:
            raise ConfigError(_OPTION, "", str(error)) from None
        made = Vpcd(pcscd, link)
        ending.callback(made.close)
        yield made


def _restore(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
