"""`--cluster ADDRESS`: work done by the workers of a Dask cluster, on other machines if need be."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Final

import click

from meter_emu.cli.names import WORD
from meter_emu.cli.output import echo
from meter_emu.errors import ConfigError
from meter_emu.workers.work import Engine

cluster_option: Final = click.option(
    "--cluster",
    "address",
    type=WORD,
    metavar="ADDRESS",
    help="Work on a Dask cluster: its scheduler, or local:N for N workers here.",
)


@contextmanager
def cluster_at(address: str | None, **instead_of: object) -> Iterator[Engine | None]:
    """Give the engine of a cluster, `None` without an address.

    `instead_of` are the options that mean nothing with one, by their names: a usage error if given.
    """
    if address is None:
        yield None
        return
    for name, value in instead_of.items():
        if value is not None:
            why = f"--{name} means nothing with --cluster"
            raise click.UsageError(why, click.get_current_context())
    if find_spec("distributed") is None:
        raise ConfigError("--cluster", "", "wants Dask: pip install 'meter-emu[cluster]'")
    from meter_emu.workers.cluster import cluster, is_in_clear

    if is_in_clear(address):
        said = "campaign and results pass in clear: docs/scale.md has TLS"
        echo(f"meter-emu: --cluster {address}: {said}", err=True)
    with cluster(address) as engine:
        yield engine
