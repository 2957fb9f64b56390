"""`meter-emu trace`: recorded dialogues, shown, played again, handed to a packet analyser.

A trace is read row by row and forgotten, so its length does not matter.
"""

import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from meter_emu.cli.answers import so_many
from meter_emu.cli.app import CliGroup, examples
from meter_emu.cli.exits import EXIT_FOUND, EXIT_OK, see_checked
from meter_emu.cli.names import BUILD, FILE, LEFT, json_option
from meter_emu.cli.output import STDOUT, Write, atomic_writer, echo, print_json
from meter_emu.cli.trusting import trust_option

if TYPE_CHECKING:
    from card_protocol.trace import TraceRow
    from meter_emu.cli.printed.traces import TraceReplayedJson


_LOOK_MS: Final = 100  # ours: how often a recording is looked at for more


@click.group(cls=CliGroup)
def trace() -> None:
    """Look at recorded dialogues, play them again, export them."""


@examples(
    "trace show dialogue.jsonl",
    "trace show dialogue.jsonl --bytes",
    "trace show dialogue.jsonl --json -",
)
@trace.command()
@click.argument("file", type=FILE)
@click.option("--bytes", "with_bytes", is_flag=True, help="Show the bytes under each line.")
@json_option
def show(file: str, *, with_bytes: bool, json_file: str | None) -> None:
    """Say what happened in a recorded dialogue, a line each."""
    from card_protocol.trace import Trace, row_words

    with Trace(Path(file)) as recorded:
        if json_file is not None:
            from meter_emu.cli.printed.traces import TraceShownJson

            rows, origin = tuple(recorded.rows()), recorded.header.origin
            print_json(TraceShownJson(origin=origin, rows=rows, cut=recorded.cut), json_file)
            return
        if Path(file).is_file():  # a pipe is read once
            echo(f"{file}: {_in_short(file)}")
        origin = recorded.header.origin
        shown = (f"{name} {value}" for name, value in origin.items() if value != "")
        echo(f"of: {', '.join(shown)}")
        for row in recorded.rows():
            echo(f"{_time_of(row):<19}  {row_words(row)}")
            for line in _bytes_of(row) if with_bytes else ():
                echo(f"{'':19}  {line}")
        if recorded.cut:
            echo(f"{file}: the recording was cut off here")


def _in_short(file: str) -> str:
    """Return how much is recorded, read once for this alone: no row of a trace is kept."""
    from card_protocol.trace import Exchanged, Inserted, Trace

    commands = failed = cards = 0
    with Trace(Path(file)) as recorded:
        for row in recorded.rows():
            cards += isinstance(row, Inserted)
            if isinstance(row, Exchanged):
                commands += 1
                failed += bool(row.failure)
        cut = recorded.cut
    words = [so_many(commands, "command", "commands")]
    words.append(f"{failed:,} of them without an answer" if failed else "all answered")
    words.append(so_many(cards, "insertion of a card", "insertions of a card"))
    return ", ".join(words) + ("; cut off before its end" if cut else "")


@examples(
    "trace replay dialogue.jsonl",
    "trace replay dialogue.jsonl --build reference+end-exclusive",
    "trace replay dialogue.jsonl --image home.image --json -",
)
@trace.command()
@click.argument("file", type=FILE)
@click.option(
    "--build",
    type=BUILD,
    metavar="BUILD",
    help="The build to play it to; default the recorded one.",
)
@click.option(
    "--image", type=FILE, metavar="FILE", help="The image a live meter began with, where it is now."
)
@trust_option
@json_option
def replay(
    file: str, build: str | None, image: str | None, *, trust_builds: bool, json_file: str | None
) -> int:
    """Play a recorded meter's dialogue to a build, and show the first difference.

    Exit status: 0 all as recorded, 1 a difference.
    """
    from card_protocol.trace import Trace
    from meter_emu.cli.printed.traces import TraceReplayedJson
    from meter_emu.cli.replayed import recorded_bench
    from meter_emu.world.meter.replay import Replay

    with Trace(Path(file)) as recorded:
        origin = recorded.header.origin
        bench, build = recorded_bench(file, origin, build=build, image=image, trusted=trust_builds)
        played = Replay(bench, recorded.rows(), file)
        played.run()
    said = TraceReplayedJson(
        build=build,
        exchanges=played.exchanges,
        difference=played.difference,
        cut=recorded.cut,
    )
    if json_file is not None:
        print_json(said, json_file)
    played_any = played.exchanges or played.difference is not None
    see_checked(file, None if played_any else "no command is recorded")
    if json_file != STDOUT:
        echo(_in_words(file, said))
    return EXIT_OK if played.difference is None else EXIT_FOUND


def _in_words(file: str, said: "TraceReplayedJson") -> str:
    same = f"{file}: {said.build}: {said.exchanges} commands as recorded"
    if said.difference is not None:
        return f"{same}, then another\n{said.difference}"
    return f"{same}; there the recording was cut off" if said.cut else same


@examples(
    "trace export dialogue.jsonl --pcapng dialogue.pcapng",
    "trace export dialogue.jsonl --pcapng dialogue.pcapng --json -",
    "trace export served.jsonl --follow --pcapng -",
)
@trace.command()
@click.argument("file", type=FILE)
@click.option(
    "--pcapng",
    "out",
    type=LEFT,
    required=True,
    metavar="OUT",
    help="The capture to write, or - for standard output.",
)
@click.option("--follow", is_flag=True, help="Go on with what is recorded, to its end; with -.")
@json_option
def export(file: str, out: str, *, follow: bool, json_file: str | None) -> None:
    """Write a recorded dialogue as a capture that Wireshark and tshark dissect as ISO 7816."""
    from card_protocol.pcapng import capture
    from card_protocol.trace import Trace

    if follow and out != STDOUT:
        raise click.UsageError("--follow writes what it sees at once: give --pcapng -")
    if out == STDOUT and (json_file == STDOUT or sys.stdout.isatty()):
        raise click.UsageError("a capture on standard output is for a program: add | tshark -r -")
    with (
        Trace(Path(file), _await_more if follow else None) as recorded,
        _stdout_writer() if out == STDOUT else atomic_writer(out) as write,
    ):
        packets = -1  # what the capture begins with is none
        for piece in capture(recorded.rows()):
            write(piece)
            packets += 1
        cut = recorded.cut
    if json_file is not None:
        from meter_emu.cli.printed.traces import TraceExportedJson

        print_json(TraceExportedJson(file=file, out=out, packets=packets, cut=cut), json_file)
    if STDOUT not in {out, json_file}:
        echo(f"{out}: {so_many(packets, 'packet', 'packets')} of {file}")
    if cut:
        echo(f"{file}: the recording was cut off; {out} has all that was recorded", err=True)


@contextmanager
def _stdout_writer() -> Iterator[Write]:
    """Give what hands on each piece at once, to who may be waiting for it."""

    def write(piece: bytes) -> None:
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()

    yield write


def _await_more() -> None:
    """Wait a moment for what is recorded next; raise `BrokenPipeError` when nobody reads us."""
    reader = select.poll()
    reader.register(sys.stdout.fileno(), 0)  # only that it has gone
    if reader.poll(_LOOK_MS):
        raise BrokenPipeError


def _time_of(row: "TraceRow") -> str:
    """Return what the terminal's clock showed, else true time in UTC, empty if unknown."""
    from msgspec import UNSET

    if row.at or row.us is UNSET:
        return row.at or "-"
    moment = datetime.fromtimestamp(row.us / 1_000_000, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{row.us // 1_000 % 1_000:03}Z"


def _bytes_of(row: "TraceRow") -> tuple[str, ...]:
    from msgspec import UNSET

    shown = ((">", getattr(row, "command", UNSET)), ("<", getattr(row, "answer", UNSET)))
    return tuple(f"{sign} {text}" for sign, text in shown if text is not UNSET)
