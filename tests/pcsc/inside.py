"""`python -m tests.pcsc.inside -- COMMAND`: run a command with a private pcscd.

The command runs in the daemon's network namespace, if it has one, and there is no other network
in there. Its PC/SC clients find the daemon, and `card serve` the virtual reader. The exit status is
the command's.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from card_protocol.serve.pcscd import PrivatePcscd
from tests.pcsc.needs import DAEMON, absent


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def inside(command: tuple[str, ...]) -> None:
    """Run COMMAND with a private pcscd with a virtual reader."""
    if why := absent(*DAEMON):
        raise click.ClickException(why)
    with TemporaryDirectory(prefix="pcsc-") as folder, PrivatePcscd(Path(folder)) as private:
        private.start()
        done = subprocess.run(private.inside(command), check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    inside()
