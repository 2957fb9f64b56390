"""`rehearse --report DIR`: the page of a rehearsal as DIR/index.html, whole or not at all."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final

from meter_emu.cli.output import atomic_writer
from meter_emu.cli.replayed import campaign_digest
from meter_emu.errors import OutputError
from meter_emu.report.facts import Collector, Made
from meter_emu.resources import built_in, find
from meter_emu.world.rehearsal.campaign import Campaign

_PAGE: Final = "index.html"


def page_in(folder: str) -> Path:
    """Return the file that the page in a folder is."""
    return Path(folder) / _PAGE


def made_by(
    campaign: str,
    *,
    build: str | None = None,
    model: str | None = None,
    seed: int | None = None,
    household: str | None = None,
) -> Made:
    """Return what the page says of its making.

    The command has what the result depends on, a file by its name alone: where it lies, and how
    many processes work, makes no other page. Raise `ConfigError` when the file cannot be read.
    """
    path = find("campaigns", campaign)
    words = ["meter-emu", "rehearse"]
    words += [path.stem if path in built_in("campaigns").values() else path.name]
    for name, value in (("build", build), ("model", model and Path(model).name), ("seed", seed)):
        words += [] if value is None else [f"--{name}", str(value)]
    one = [] if household is None else ["--household", household]
    return Made(
        version("meter-emu"),
        command=shlex.join([*words, *one]),
        one_home=shlex.join([*words, "--household", "ID", "--report", "DIR"]),
        sha256=campaign_digest(campaign),
    )


@contextmanager
def report_in(folder: str | None, campaign: Campaign, made: Made) -> Iterator[Collector | None]:
    """Give what takes in the households for a page in `folder`, written when the block ends.

    Folder and file are made at once, so that a long run does not end in a refusal; without a folder
    there is no page. Raise `OutputError` when either cannot be made.
    """
    if folder is None:
        yield None
        return
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(folder, (error.strerror or str(error)).lower()) from error
    with atomic_writer(page_in(folder)) as write:
        seen = Collector(campaign, made)
        yield seen
        from meter_emu.report.page import render

        write(render(seen).encode())
