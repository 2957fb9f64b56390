"""`meter-emu card put`: give a real card its first content, from the image of a virtual one."""

from typing import TYPE_CHECKING, Final

import click

from meter_emu.cli.app import CliCommand, examples
from meter_emu.cli.held import read_image
from meter_emu.cli.names import FILE, json_option
from meter_emu.cli.output import STDOUT, print_json
from meter_emu.cli.place import CardReader, check_sure, reader_option, sure_option, wait_option
from meter_emu.cli.tracing import trace_option
from meter_emu.errors import ImageError

if TYPE_CHECKING:
    from card_protocol.card.image import CardImage
    from card_protocol.card.sle4442 import MemoryImage

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
@trace_option
@json_option
def put(
    file: str,
    reader: str,
    wait_s: int,
    sure: bool,
    trace_to: str | None,
    json_file: str | None,
) -> None:
    """Write the plain or memory card in FILE on a real card in a reader, over what is on it.

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
        held = _put_memory(place, image)
    elif image.kind is CardKind.PLAIN:
        held = _put_plain(place, image)
    else:
        raise ImageError(file, "want a plain or a memory card: others take no keys from an image")
    if json_file is not None:
        carrier = image.kind.name.lower()
        print_json({"reader": reader, "file": file, "carrier": carrier}, json_file)
    if json_file != STDOUT:
        click.echo(f"{reader}: holds {file} now, {held}")


def _check_issued(file: str, image: "MemoryImage") -> None:
    from card_protocol.carrier.first_content import issued_identity
    from card_protocol.errors import LayoutError

    try:
        issued_identity(image.main)
    except LayoutError as error:
        raise ImageError(file, f"want a card as card new makes it: {error}") from error


def _put_plain(place: CardReader, image: "CardImage") -> str:
    from card_protocol.carrier.find import put_file
    from card_protocol.terminal import Terminal

    (spec,), (content,) = image.tree.specs, image.contents
    place.session(lambda exchange: put_file(Terminal(exchange), spec.fid, content), if_cut=_IF_CUT)
    return f"{len(content)} bytes in file {spec.fid:04X}"


def _put_memory(place: CardReader, image: "MemoryImage") -> str:
    from functools import partial

    from card_protocol.carrier.find import find_memory
    from card_protocol.carrier.first_content import put_cells
    from card_protocol.link.guarded import FAILURES_MAX_PUT, PUT, GuardedLink
    from card_protocol.terminal import Terminal

    place.session(
        lambda exchange: put_cells(find_memory(Terminal(exchange)), image.main, image.code),
        partial(GuardedLink, allowed=PUT, failures_max=FAILURES_MAX_PUT),
        if_cut=_IF_CUT,
    )
    return "from byte 32 on, behind its own code"
