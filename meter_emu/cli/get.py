"""`meter-emu card get`: an image of a real card, made of what anyone may read on it."""

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from meter_emu.cli.app import CliCommand, examples
from meter_emu.cli.held import check_free, leave_image
from meter_emu.cli.names import FILE, json_option, master_key_option, read_master_key
from meter_emu.cli.output import STDOUT, echo, print_json
from meter_emu.cli.place import CardReader, reader_option, wait_option
from meter_emu.cli.tracing import trace_option
from meter_emu.errors import CardError

if TYPE_CHECKING:
    from card_protocol.card.sle4442 import MemoryImage
    from card_protocol.keys import Key


@examples(
    "card get home.card --reader ACR",
    "card get home.card --reader ACR --force --json -",
    "card get home.card --reader ACR --master-key office.key",
)
@click.command(cls=CliCommand)
@click.argument("file", type=FILE)
@reader_option(required=True)
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@master_key_option
@wait_option
@trace_option
@json_option
def get(
    file: str,
    reader: str,
    force: bool,
    key_file: str | None,
    wait_s: int,
    trace_to: str | None,
    json_file: str | None,
) -> None:
    """Save the plain or memory card in a reader as FILE, which card put takes back.

    Nothing is written on the card and nothing proved to it. What nobody may read is as on a new
    card: docs/hardware-in-the-loop.md.
    """
    from card_protocol.card.sle4442 import MemoryImage

    check_free(file, force=force)
    key = read_master_key(key_file)
    image = CardReader(reader, wait_s, trace_to).copy()
    if isinstance(image, MemoryImage):
        image = _with_its_code(reader, image, key)
    leave_image(file, image.to_bytes(), replace=force)
    carrier = image.kind.name.lower()
    if json_file is not None:
        from meter_emu.cli.printed.card_results import CardGotJson

        print_json(CardGotJson(reader=reader, file=file, carrier=carrier), json_file)
    if json_file != STDOUT:
        echo(f"{file}: {carrier} card, as it is in {reader}")


def _with_its_code(reader: str, image: "MemoryImage", key: "Key") -> "MemoryImage":
    """Return a chip with the code that our card of this meter and number has."""
    from card_protocol.carrier.first_content import issued_identity
    from card_protocol.errors import LayoutError
    from card_protocol.formats.budget.making import card_code

    try:
        identity = issued_identity(image.main)
    except LayoutError as error:
        raise CardError(f"{reader}: expected a card as card put makes it: {error}") from error
    return replace(image, code=card_code(key, identity.meter_id, identity.card_number))
