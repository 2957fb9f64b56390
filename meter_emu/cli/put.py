"""`meter-emu card put`: give a real card its first content, from the image of a plain one."""

from typing import TYPE_CHECKING

import click

from meter_emu.cli.office import read_image
from meter_emu.cli.place import CardReader, check_sure, sure_option, wait_option
from meter_emu.cli.tracing import trace_option
from meter_emu.errors import ImageError

if TYPE_CHECKING:
    from card_protocol.card.image import CardImage


@click.command()
@click.argument("file")
@click.option("--reader", required=True, metavar="NAME", help="The reader, or part of its name.")
@wait_option
@sure_option
@trace_option
def put(file: str, reader: str, wait_s: int, sure: bool, trace_to: str | None) -> None:
    """Write the plain card in FILE on a real card in a reader, over whatever is on it.

    The real card has the file for it already, with the transport PIN: docs/hardware-in-the-loop.md.
    """
    from card_protocol.carrier.plain import put_file
    from card_protocol.terminal import Terminal

    check_sure(sure)
    image = _plain_image(file)
    (spec,), (content,) = image.tree.specs, image.contents
    place = CardReader(reader, wait_s, trace_to)
    place.session(lambda exchange: put_file(Terminal(exchange), spec.fid, content))
    click.echo(f"{reader}: holds {file} now, {len(content)} bytes in file {spec.fid:04X}")


def _plain_image(file: str) -> "CardImage":
    from card_protocol.card.image import CardImage, Kind

    image = read_image(file)
    if not isinstance(image, CardImage) or image.kind is not Kind.PLAIN:
        raise ImageError(file, "want a plain card: real ones take no keys from an image")
    return image
