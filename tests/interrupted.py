"""Runs a command of `make` so that Ctrl-C is one line: these write when all is done, or nothing."""

import sys
from typing import Final, NoReturn

import click

from meter_emu.cli.exits import EXIT_INTERRUPTED, status_of_signal

WORDS: Final = "interrupted: nothing is written before the end"


def run_or_interrupted(command: click.Command) -> NoReturn:
    """Run it on the arguments of this process, and exit with its status."""
    try:
        status = command.main(standalone_mode=False)
    except click.Abort:
        click.echo(WORDS, err=True)
        sys.exit(EXIT_INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except RuntimeError as error:
        status = status_of_signal(error)
        click.echo(WORDS, err=True)
    sys.exit(status)
