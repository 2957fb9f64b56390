"""`--trace FILE`: how commands with a dialogue record it.

A trace is the one file that is not written whole or not at all: it grows row by row, because the
dialogue that ends in a crash is the one worth having, and what is there is readable at any time.
On standard output it is alone: the command's messages then go to standard error.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from time import time_ns
from typing import TYPE_CHECKING, BinaryIO, Final

import click

from meter_emu.cli.names import LEFT
from meter_emu.cli.output import STDOUT, json_escaped, note_done, open_as_it_is, stdout_refused
from meter_emu.errors import OutputError

if TYPE_CHECKING:
    from card_protocol.link.link import Link
    from card_protocol.trace import Recorder

trace_option: Final = click.option(
    "--trace",
    "trace_to",
    type=LEFT,
    metavar="FILE",
    help="Record the dialogue with the card, row by row; - for standard output.",
)


def now_us() -> int:
    """Return what this machine's clock says, in µs since 1970: true time where a card is real."""
    return time_ns() // 1_000


@contextmanager
def recording(
    path: str | None, origin: "Mapping[str, str | int]", *, real: bool = False
) -> "Iterator[Recorder | None]":
    """Give a recorder whose rows are in `path` the moment they happen, none without a path.

    `origin` says what is recorded, and `real` whether it happens in the time of this machine. The
    end is for the caller to record: where an error comes in between, the trace shows it by not
    having one. Raise `OutputError` when it cannot be written.
    """
    if path is None:
        yield None
        return
    from card_protocol.trace import Recorder

    with _opened(path) as file:

        def write(line: bytes) -> None:
            line = json_escaped(line)
            try:
                written = file.write(line)
                file.flush()
            except BrokenPipeError:
                raise  # its reader has gone: no mistake of anybody's
            except OSError as error:
                raise _refused(path, error) from error
            if written != len(line):
                raise OutputError(path, "no room for a whole row")

        yield Recorder(write, origin, true_us=now_us if real else None)


@contextmanager
def _opened(path: str) -> "Iterator[BinaryIO]":
    """Give the file, or standard output; then all messages go to standard error.

    Raise `click.UsageError` where the command writes its result there too.
    """
    if path == STDOUT:
        command = click.get_current_context()
        if list(command.params.values()).count(STDOUT) > 1:
            raise click.UsageError("only one thing goes to standard output", command)
        ours = sys.stdout.buffer
        command.with_resource(redirect_stdout(sys.stderr))
        yield ours
        return
    try:
        file = open_as_it_is(path)
    except OSError as error:
        raise _refused(path, error) from error
    note_done(f"wrote {path}")
    with file:
        yield file


@contextmanager
def traced(link: "Link", card: str, trace_to: str | None) -> "Iterator[Link]":
    """Give an office's link to the card of that name, recorded if there is a file for it."""
    with recording(trace_to, {"kind": "desk"}, real=True) as recorder:
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
    if path == STDOUT:
        return stdout_refused(error)
    return OutputError(path, (error.strerror or str(error)).lower())
