"""A card image in a file: how it is read, and put into the office's reader."""

import secrets
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final, TypeVar

from meter_emu.cli.held import read_bytes
from meter_emu.cli.tracing import traced
from meter_emu.errors import ImageError

if TYPE_CHECKING:
    from card_protocol.card.make import AnyImage
    from card_protocol.keys import Key
    from meter_emu.desk.desk import Desk, Exchange

_DoneT = TypeVar("_DoneT")

CARD_IMAGE: Final = "a card image"


def read_image(file: str) -> "AnyImage":
    """Return the card image in `file`; raise `ImageError` that says what is wrong with it."""
    return image_in(file, read_bytes(file, CARD_IMAGE))


def image_in(file: str, raw: bytes) -> "AnyImage":
    """Return the card image that these bytes of `file` are; raise `ImageError`."""
    from card_protocol.card.make import parse_image
    from card_protocol.errors import CardProtocolError

    try:
        return parse_image(raw)
    except CardProtocolError as error:
        raise ImageError(file, f"no card image: {error}") from error


def open_desk() -> None:
    """Import what a desk works with, which takes longer than the work."""
    for module in ("card_protocol.card.make", "card_protocol.link.link", "meter_emu.desk.desk"):
        import_module(module)


def at_the_desk(
    file: str,
    image: "AnyImage",
    key: "Key",
    do: "Callable[[Desk, Exchange], _DoneT]",
    trace_to: str | None = None,
) -> "tuple[_DoneT, AnyImage]":
    """Put the card of `file` into a desk's reader, `do` something, and return the card after it.

    The dialogue is recorded in the file `trace_to`, if there is one.
    """
    from meter_emu.desk.desk import Desk

    return in_process(file, image, lambda exchange: do(Desk(key), exchange), trace_to)


def in_process(
    file: str,
    image: "AnyImage",
    do: "Callable[[Exchange], _DoneT]",
    trace_to: str | None,
) -> "tuple[_DoneT, AnyImage]":
    """Power the card of `file`, `do` something with it, and return the card after it."""
    from card_protocol.card.make import card_of
    from card_protocol.errors import CardProtocolError
    from card_protocol.link.link import DirectLink

    card = card_of(image, secrets.token_bytes)
    with traced(DirectLink(card), file, trace_to) as link:
        link.connect()
        try:
            done = do(link.exchange)
        except CardProtocolError as error:
            raise ImageError(file, str(error)) from error
        finally:
            link.disconnect()
    return done, card.image
