"""`meter-emu card put`: give a real card its first content, from the image of a virtual one."""

from typing import TYPE_CHECKING, Final

import click

from meter_emu.cli.app import CliCommand, examples
from meter_emu.cli.held import read_image
from meter_emu.cli.names import FILE, json_option
from meter_emu.cli.output import STDOUT, echo, print_json
from meter_emu.cli.place import CardReader, check_sure, reader_option, sure_option, wait_option
from meter_emu.cli.tracing import trace_option
from meter_emu.errors import ImageError

if TYPE_CHECKING:
    from card_protocol.card.image import CardImage
    from card_protocol.card.sle4442 import MemoryImage
    from card_protocol.carrier.replaced import Confirm, Held

_IF_CUT: Final = "put it again"


@examples(
    "card put home.card --reader ACR --yes-write-hardware",
    "card put home.card --reader ACR --yes-write-hardware --wait-s 60",
    "card put home.card --reader ACR --yes-write-hardware --trace dialogue.jsonl",
)
@click.command(cls=CliCommand)
@click.argument("file", type=FILE)
@reader_option(required=True)
@wait_option
@sure_option
@click.option(
    "--force", is_flag=True, help="Write over another meter's card, a newer or foreign one."
)
@trace_option
@json_option
def put(
    file: str,
    reader: str,
    wait_s: int,
    sure: bool,
    force: bool,
    trace_to: str | None,
    json_file: str | None,
) -> None:
    """Write the plain or memory card in FILE on a real card in a reader, over what is on it.

    What is on it is read and named first, before a PIN or code is sent. Without --force a card of
    another meter or number, one that is newer than FILE, and what is none of ours are refused.
    What the real card must have for it, and how to go on when it was pulled out:
    docs/hardware-in-the-loop.md.
    """
    from card_protocol.card.image import CardKind
    from card_protocol.card.sle4442 import MemoryImage

    check_sure(sure)
    image = read_image(file)
    place = CardReader(reader, wait_s, trace_to)
    if isinstance(image, MemoryImage):
        _check_issued(file, image)
        held, replaced = _put_memory(place, image, force=force)
    elif image.kind is CardKind.PLAIN:
        held, replaced = _put_plain(place, image, force=force)
    else:
        raise ImageError(
            file, "expected a plain or a memory card: others take no keys from an image"
        )
    if json_file is not None:
        from meter_emu.cli.printed.card_results import CardPutJson

        carrier = image.kind.name.lower()
        row = CardPutJson(reader=reader, file=file, carrier=carrier, replaced=str(replaced))
        print_json(row, json_file)
    if json_file != STDOUT:
        echo(f"{reader}: holds {file} now, {held}; before: {replaced}")


def _check_issued(file: str, image: "MemoryImage") -> None:
    from card_protocol.carrier.first_content import issued_identity
    from card_protocol.errors import LayoutError

    try:
        issued_identity(image.main)
    except LayoutError as error:
        raise ImageError(file, f"expected a card as card new makes it: {error}") from error


def _confirm(*, force: bool) -> "Confirm":
    """Return what refuses a card, with the way to write over it all the same."""
    from card_protocol.carrier.replaced import refuse_loss, whatever_lies_there
    from card_protocol.errors import ApduError

    def confirm(held: "Held", following: "Held") -> None:
        try:
            refuse_loss(held, following)
        except ApduError as error:
            raise ApduError(f"{error}: not written, --force does") from None

    return whatever_lies_there if force else confirm


def _put_plain(place: CardReader, image: "CardImage", *, force: bool) -> "tuple[str, Held]":
    from card_protocol.carrier.find import put_file
    from card_protocol.terminal import Terminal

    (spec,), (content,) = image.tree.specs, image.contents
    confirm = _confirm(force=force)
    replaced = place.session(
        lambda exchange: put_file(Terminal(exchange), spec.fid, content, confirm), if_cut=_IF_CUT
    )
    return f"{len(content)} bytes in file {spec.fid:04X}", replaced


def _put_memory(place: CardReader, image: "MemoryImage", *, force: bool) -> "tuple[str, Held]":
    from functools import partial

    from card_protocol.carrier.find import find_memory
    from card_protocol.carrier.first_content import put_cells
    from card_protocol.link.guarded import FAILURES_MAX_PUT, PUT, GuardedLink
    from card_protocol.terminal import Terminal

    confirm = _confirm(force=force)
    replaced = place.session(
        lambda exchange: put_cells(
            find_memory(Terminal(exchange)), image.main, image.code, confirm
        ),
        partial(GuardedLink, allowed=PUT, failures_max=FAILURES_MAX_PUT),
        if_cut=_IF_CUT,
    )
    return "from byte 32 on, behind its own code", replaced
