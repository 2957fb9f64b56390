"""`meter-emu firmware`: a meter's program in C to start from, and one household in a debugger."""

import shlex
import signal
from pathlib import Path
from typing import Final

import click

from meter_emu.cli.app import CliCommand, CliGroup, examples
from meter_emu.cli.names import BUILD, CAMPAIGN, LEFT, OneOf
from meter_emu.cli.output import echo, naming, note_done
from meter_emu.domain import BUDGET, DeviceName
from meter_emu.errors import ConfigError, OutputError
from meter_emu.world.meter.host.starter import STARTERS, first_campaign, make_starter


@click.group(cls=CliGroup)
def firmware() -> None:
    """Make a meter's program in C, or any language that links C."""


@examples("firmware new my_meter", "firmware new .", "firmware new --device sts my_device")
@firmware.command("new", cls=CliCommand)
@click.argument("folder", type=LEFT, metavar="DIR")
@click.option("--device", type=OneOf(STARTERS), default=BUDGET, metavar="|".join(STARTERS),
              help="Whose program; a budget meter's by default.")  # fmt: skip
def new(folder: str, device: DeviceName) -> None:
    """Write header, host and a small whole program into DIR, which needs cc and make alone.

    What each port does is in docs/ports.md, the first hour in docs/firmware-in-c.md.
    """
    with naming(folder):
        try:
            made = make_starter(Path(folder), device)
        except FileExistsError as error:
            raise OutputError(str(error.filename), "it is there already") from None
    note_done(f"wrote {folder}")
    echo(f"{folder}: {len(made)} files; now: cd {folder} && make &&")
    echo(f"  meter-emu rehearse {first_campaign(device)} --build ./my_meter")


# The host process forks at every power-up, and the debugger is to be in each of them.
_GDB: Final = (
    "gdb -q -ex 'set follow-fork-mode child' -ex 'set detach-on-fork off' "
    "-ex 'set schedule-multiple on' -ex 'set confirm off' -ex 'set pagination off' "
    "-ex 'break meter_poll' -ex run --args"
)


@examples(
    "firmware debug ores-2020-07 --build ./my_meter --household june-29",
    "firmware debug counterexamples/never-early.toml --build ./my_meter",
    "firmware debug ores-2020-07 --build ./my_meter --household june-29 --with 'rr record'",
)
@firmware.command("debug", cls=CliCommand)
@click.argument("campaign", type=CAMPAIGN)
@click.option("--build", type=BUILD, required=True, metavar="./PROGRAM", help="The program.")
@click.option("--household", metavar="ID", help="The household; the only one otherwise.")
@click.option("--with", "debugger", default=_GDB, metavar="COMMAND", help="Default: gdb.")
def debug(campaign: str, *, build: str, household: str | None, debugger: str) -> None:
    """Run one household of CAMPAIGN with the program in a debugger, without limits of time.

    It stops at the first poll; `quit` ends it.
    """
    from meter_emu.cli.replayed import chosen_campaign
    from meter_emu.verify.program import check_covered
    from meter_emu.world.meter.build import parse_build
    from meter_emu.world.meter.host.hosted import HostedProgram
    from meter_emu.world.rehearsal.engine import run_meter

    chosen = chosen_campaign(campaign, seed=None, build=build, model=None, household=household)
    factory = parse_build(build).factory
    if not isinstance(factory, HostedProgram):
        raise ConfigError(build, "build", "expected an executable, ./PROGRAM")
    if len(chosen.households) != 1:
        raise ConfigError(campaign, "household", "name one with --household")
    check_covered(chosen.households[0])
    before = signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is the debugger's
    try:
        factory.debug_with(_before_a_program(shlex.split(debugger)))
        last = run_meter(chosen.households[0], chosen)[-1]
    finally:
        factory.close()
        factory.debug_with(())
        signal.signal(signal.SIGINT, before)
    echo(f"{chosen.households[0].id}: {last.what.value} {last.detail}".rstrip())


def _before_a_program(words: list[str]) -> list[str]:
    """Return a debugger's command with what says that a program and its arguments follow."""
    for name, ends in (("lldb", "--"), ("gdb", "--args")):
        if words and name in Path(words[0]).name:
            return words if ends in words else [*words, ends]
    return words
