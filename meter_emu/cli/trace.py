"""`meter-emu trace`: recorded dialogues, shown, played again, handed to a packet analyser.

A trace is read row by row and forgotten, so its length does not matter.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from meter_emu.cli.output import atomic_writer, print_json

if TYPE_CHECKING:
    from card_protocol.trace import Row, Trace


@click.group(no_args_is_help=False)
def trace() -> None:
    """Look at recorded dialogues, play them again, export them."""


@trace.command()
@click.argument("file")
@click.option("--bytes", "with_bytes", is_flag=True, help="Show the bytes under each line.")
@click.option("--json", "json_file", metavar="FILE", help="Write it as JSON; - for stdout.")
def show(file: str, *, with_bytes: bool, json_file: str | None) -> None:
    """Say what happened in a recorded dialogue, a line each."""
    from card_protocol.trace import Trace

    with Trace(Path(file)) as recorded:
        if json_file is not None:
            print_json(_as_json(recorded), json_file)
            return
        origin = recorded.header.origin
        click.echo(f"{file}: {', '.join(f'{name} {value}' for name, value in origin.items())}")
        for row in recorded.rows():
            click.echo(f"{row.at or '-':<19}  {_words(row)}")
            for line in _bytes_of(row) if with_bytes else ():
                click.echo(f"{'':19}  {line}")
        if recorded.cut:
            click.echo(f"{file}: the recording was cut off here")


@trace.command()
@click.argument("file")
@click.option("--pcapng", "out", required=True, metavar="OUT", help="The capture to write.")
def export(file: str, out: str) -> None:
    """Write a recorded dialogue as a capture that Wireshark and tshark dissect as ISO 7816."""
    from card_protocol.pcapng import capture
    from card_protocol.trace import Trace

    with Trace(Path(file)) as recorded, atomic_writer(out) as write:
        for piece in capture(recorded.rows()):
            write(piece)
        cut = recorded.cut
    if cut:
        click.echo(f"{file}: the recording was cut off; what there is of it is in {out}", err=True)


def _words(row: "Row") -> str:
    from card_protocol import trace as rows

    match row:
        case rows.Inserted():
            return f"card put in: {row.card}"
        case rows.Removed():
            return "card pulled out"
        case rows.Reset():
            return f"reset: {row.failure}" if row.failure else f"reset: ATR {row.atr or 'none'}"
        case rows.Unpowered():
            return "power off"
        case rows.Done():
            return row.what
        case rows.Ended():
            return "end of the recording"
        case _:
            return row.means


def _bytes_of(row: "Row") -> tuple[str, ...]:
    from msgspec import UNSET

    told = ((">", getattr(row, "command", UNSET)), ("<", getattr(row, "answer", UNSET)))
    return tuple(f"{sign} {text}" for sign, text in told if text is not UNSET)


def _as_json(recorded: "Trace") -> dict[str, Any]:
    import msgspec

    rows = [msgspec.to_builtins(row) for row in recorded.rows()]
    return {"origin": recorded.header.origin, "rows": rows, "cut": recorded.cut}
