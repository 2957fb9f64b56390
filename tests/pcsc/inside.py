"""`python -m tests.pcsc.inside -- COMMAND`: run a command beside a private pcscd.

The command runs in the daemon's network namespace and with PCSCLITE_CSOCK_NAME set: cards it
serves reach the virtual reader on 127.0.0.1, ports 35963 and 35964, and its PC/SC clients find
the daemon. The exit status is the command's. There is no other network in there.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from tests.pcsc.needs import DAEMON, absent
from tests.pcsc.private import PrivatePcscd


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def inside(command: tuple[str, ...]) -> None:
    """Run COMMAND beside a private pcscd with a virtual reader."""
    if why := absent(*DAEMON):
        raise click.ClickException(why)
    with TemporaryDirectory(prefix="pcsc-") as folder, PrivatePcscd(Path(folder)) as private:
        private.start()
        done = subprocess.run(private.inside(command), env=private.environment, check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    inside()
