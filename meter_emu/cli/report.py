"""`rehearse --report DIR`: the page of a rehearsal as DIR/index.html, whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from meter_emu.cli.output import atomic_writer
from meter_emu.errors import OutputError
from meter_emu.report.collect import Collector
from meter_emu.world.rehearsal.campaign import Campaign

_PAGE: Final = "index.html"


def page_in(folder: str) -> Path:
    """Return the file that the page in a folder is."""
    return Path(folder) / _PAGE


@contextmanager
def report_in(folder: str | None, campaign: Campaign) -> Iterator[Collector | None]:
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
        seen = Collector(campaign)
        yield seen
        from meter_emu.report.page import render

        write(render(seen).encode())
