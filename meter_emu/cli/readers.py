"""`meter-emu card readers`: which readers there are for `--reader`."""

import click

from meter_emu.cli.app import CliCommand, examples
from meter_emu.cli.names import json_option
from meter_emu.cli.output import STDOUT, echo, print_json


@examples(
    "card readers",
    "card readers --json -",
    "card readers --json readers.json",
)
@click.command(cls=CliCommand)
@json_option
def readers(json_file: str | None) -> None:
    """List the readers that PC/SC knows, for --reader."""
    from card_protocol.link.pcsc import reader_names as known

    names = known()
    if json_file is not None:
        from meter_emu.cli.printed.card_results import ReadersJson

        print_json(ReadersJson(readers=tuple(names)), json_file)
    if json_file != STDOUT:
        echo("\n".join(names) if names else "no reader is plugged in")
