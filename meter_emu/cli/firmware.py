"""`meter-emu firmware new`: a meter's program in C to start from, and what runs it here."""

from pathlib import Path

import click

from meter_emu.cli.app import CliCommand, CliGroup, examples
from meter_emu.cli.names import LEFT
from meter_emu.cli.output import naming
from meter_emu.errors import OutputError
from meter_emu.world.meter.host.starter import make_starter


@click.group(cls=CliGroup)
def firmware() -> None:
    """Make a meter's program in C, or any language that links C."""


@examples("firmware new my_meter", "firmware new .", "firmware new ../meters/first")
@firmware.command("new", cls=CliCommand)
@click.argument("folder", type=LEFT, metavar="DIR")
def new(folder: str) -> None:
    """Write header, host and a small whole program into DIR, which needs cc and make alone.

    What each port does is in docs/ports.md, the first hour in docs/firmware-in-c.md.
    """
    with naming(folder):
        try:
            made = make_starter(Path(folder))
        except FileExistsError as error:
            raise OutputError(str(error.filename), "it is there already") from None
    click.echo(f"{folder}: {len(made)} files; now: cd {folder} && make &&")
    click.echo("  meter-emu rehearse ores-2020-07 --build ./my_meter")
