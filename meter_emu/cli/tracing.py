"""`--trace FILE`: what verbs with a dialogue share to record it.

A trace is the one file that is not written whole or not at all: it grows row by row, because the
dialogue that ends in a crash is the one worth having, and what is there is readable at any time.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from meter_emu.cli.names import LEFT
from meter_emu.errors import OutputError

if TYPE_CHECKING:
    from card_protocol.link.link import Link
    from card_protocol.trace import Recorder

trace_option: Final = click.option(
    "--trace",
    "trace_to",
    type=LEFT,
    metavar="FILE",
    help="Record the dialogue with the card, row by row.",
)


@contextmanager
def recording(path: str | None, origin: "Mapping[str, str | int]") -> "Iterator[Recorder | None]":
    """Give a recorder whose rows are in `path` the moment they happen, none without a path.

    `origin` says what is recorded. The end is for the caller to record: where an error comes in
    between, the trace tells by not having one. Raise `OutputError` when it cannot be written.
    """
    if path is None:
        yield None
        return
    from card_protocol.trace import Recorder

    try:
        file = Path(path).open("wb", buffering=0)  # noqa: SIM115  it stays open for the caller
    except OSError as error:
        raise _refused(path, error) from error

    def write(line: bytes) -> None:
        try:
            written = file.write(line)
        except OSError as error:
            raise _refused(path, error) from error
        if written != len(line):
            raise OutputError(path, "no room for a whole row")

    with file:
        yield Recorder(write, origin)


@contextmanager
def traced(link: "Link", card: str, trace_to: str | None) -> "Iterator[Link]":
    """Give an office's link to the card of that name, recorded if there is a file for it."""
    with recording(trace_to, {"kind": "desk"}) as recorder:
        if recorder is None:
            yield link
            return
        from card_protocol.link.recorded import RecordedLink
        from card_protocol.trace import no_clock

        recorder.inserted(card, clock=no_clock)
        yield RecordedLink(link, recorder)
        recorder.removed(clock=no_clock)
        recorder.ended(clock=no_clock)


def _refused(path: str, error: OSError) -> OutputError:
    return OutputError(path, (error.strerror or str(error)).lower())
