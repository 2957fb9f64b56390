"""A real card in a reader: meter and desk take turns at it, and every test issues it anew.

What is written on it stays written, so that takes a word of its own on the command line, and only
the commands of meters and offices go out (`card_protocol.link.guarded`). There is one card, of the
plain kind; what the bench makes next to it, a technician's card, is a virtual one.
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Final, final

from typing_extensions import override

from card_protocol.card.commands import Rng
from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.virtual import AnyImage, VirtualCard, card_of
from card_protocol.carrier.find import put_file
from card_protocol.carrier.replaced import Held, Lies
from card_protocol.errors import ApduError, LinkError
from card_protocol.link.guarded import GuardedLink
from card_protocol.link.pcsc import PcscLink, chosen_reader, reader_names
from card_protocol.serve.pcscd import SOCKET_VARIABLE
from card_protocol.terminal import Terminal
from meter_emu.errors import ConfigError
from meter_emu.world.meter.board import SlotCard
from meter_emu.world.meter.linked_card import LinkedCard

_OPTION: Final = "--meter-card-link pcsc"


@final
class Hardware:
    """See `meter_emu.testing.links.Reach`."""

    carrier: Final = CardKind.PLAIN

    def __init__(self, link: PcscLink) -> None:
        self._link: Final = GuardedLink(link)
        self._issued: _RealCard | None = None

    def card(self, image: AnyImage, rng: Rng) -> SlotCard:
        """See `Reach`. A plain image is written over what the card in the reader holds."""
        if not isinstance(image, CardImage) or image.kind is not CardKind.PLAIN:
            return card_of(image, rng)
        self._issue(image)
        self._issued = _RealCard(self._link, self._check)
        return self._issued

    def image(self, card: SlotCard) -> AnyImage:
        """See `Reach`."""
        if isinstance(card, VirtualCard):
            return card.image
        raise ConfigError(_OPTION, "", "nobody can look into a real card, expected desk.read_back")

    def _issue(self, image: CardImage) -> None:
        """Write the whole of an image's one file."""
        (file,), (content,) = image.tree.specs, image.contents
        try:
            self._link.connect()
            put_file(Terminal(self._link.exchange), file.fid, content, _refuse_others)
        except LinkError as error:
            raise ConfigError(_OPTION, "", str(error)) from None
        except ApduError as error:
            want = f"expected a card with file {file.fid:04X} of {len(content)} bytes and our PIN"
            raise ConfigError(_OPTION, "", f"{error}; {want}") from None
        finally:
            self._link.disconnect()

    def _check(self, card: "_RealCard") -> None:
        if card is not self._issued:
            why = "there is one card, and it has been issued anew since"
            raise ConfigError(_OPTION, "", why)


def _refuse_others(held: Held, _following: Held) -> None:
    """Raise `ApduError` for a card that no test has issued. A test writes over another test's."""
    if held.lies is Lies.FOREIGN:
        raise ApduError(f"what is on the card is {held}: put a test's card on it first")


@final
class _RealCard(LinkedCard):
    """The card in the reader, as it was issued at some time."""

    def __init__(self, link: GuardedLink, check: Callable[["_RealCard"], None]) -> None:
        super().__init__(link)
        self._check: Final = check

    @override
    def power_on(self) -> bytes:
        """See `SlotCard`."""
        self._check(self)
        return super().power_on()


@contextmanager
def hardware(reader: str | None, *, sure: bool) -> Iterator[Hardware]:
    """Give the way to the card in `reader`, for one run at a time. What is written on it stays.

    Raise `ConfigError` without a reader, without the word, and while another run has the reader.
    """
    if reader is None:
        raise ConfigError(_OPTION, "", "say which reader with --meter-reader NAME")
    if not sure:
        why = f"a test writes on the card in {reader}: say so with --meter-yes-write-hardware"
        raise ConfigError(_OPTION, "", why)
    with _alone(reader), PcscLink(reader) as link:
        yield Hardware(link)


@contextmanager
def _alone(wanted: str) -> Iterator[None]:
    """Have the reader for this run: its session is exclusive, but between two there is none."""
    try:
        name = chosen_reader(wanted, reader_names())
    except LinkError as error:
        raise ConfigError(_OPTION, "", str(error)) from None
    # The same name may be in use at another service. An abstract socket (unix(7)) is no file: it is
    # gone with the process, however that ends.
    shown = f"{os.environ.get(SOCKET_VARIABLE, '')} {name}"
    with socket.socket(socket.AF_UNIX) as ours:
        try:
            ours.bind(b"\0meter-emu reader " + sha256(shown.encode()).hexdigest().encode())
        except OSError:
            why = f"another run of tests has the reader {name!r}: wait for it to end"
            raise ConfigError(_OPTION, "", why) from None
        yield
