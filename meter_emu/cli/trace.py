"""`meter-emu trace`: recorded dialogues, shown, played again, handed to a packet analyser.

A trace is read row by row and forgotten, so its length does not matter.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from meter_emu.cli.exits import EXIT_FOUND, EXIT_OK
from meter_emu.cli.names import BUILD, FILE, LEFT
from meter_emu.cli.options import json_option
from meter_emu.cli.output import STDOUT, atomic_writer, print_json
from meter_emu.cli.verbs import Verbs

if TYPE_CHECKING:
    from card_protocol.trace import Trace, TraceRow


@click.group(cls=Verbs, no_args_is_help=False)
def trace() -> None:
    """Look at recorded dialogues, play them again, export them."""


@trace.command()
@click.argument("file", type=FILE)
@click.option("--bytes", "with_bytes", is_flag=True, help="Show the bytes under each line.")
@json_option
def show(file: str, *, with_bytes: bool, json_file: str | None) -> None:
    """Say what happened in a recorded dialogue, a line each."""
    from card_protocol.trace import Trace, row_words

    with Trace(Path(file)) as recorded:
        if json_file is not None:
            print_json(_as_json(recorded), json_file)
            return
        origin = recorded.header.origin
        told = (f"{name} {value}" for name, value in origin.items() if value != "")
        click.echo(f"{file}: {', '.join(told)}")
        for row in recorded.rows():
            click.echo(f"{row.at or '-':<19}  {row_words(row)}")
            for line in _bytes_of(row) if with_bytes else ():
                click.echo(f"{'':19}  {line}")
        if recorded.cut:
            click.echo(f"{file}: the recording was cut off here")


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
@json_option
def replay(file: str, build: str | None, image: str | None, json_file: str | None) -> int:
    """Play a recorded meter's dialogue to a build, and say where it first says something else.

    Exit status: 0 all as recorded, 1 a difference.
    """
    from card_protocol.trace import Trace
    from meter_emu.cli.replayed import recorded_bench
    from meter_emu.world.meter.replay import Replay

    with Trace(Path(file)) as recorded:
        bench, build = recorded_bench(file, recorded.header.origin, build=build, image=image)
        played = Replay(bench, recorded.rows(), file)
        played.run()
    said = {
        "build": build,
        "exchanges": played.exchanges,
        "difference": played.difference,
        "cut": recorded.cut,
    }
    if json_file is not None:
        print_json(said, json_file)
    if json_file != STDOUT:
        click.echo(_told(file, said))
    return EXIT_OK if played.difference is None else EXIT_FOUND


def _told(file: str, said: dict[str, Any]) -> str:
    same = f"{file}: {said['build']}: {said['exchanges']} commands as recorded"
    if said["difference"] is not None:
        return f"{same}, then another\n{said['difference']}"
    return f"{same}; there the recording was cut off" if said["cut"] else same


@trace.command()
@click.argument("file", type=FILE)
@click.option(
    "--pcapng", "out", type=LEFT, required=True, metavar="OUT", help="The capture to write."
)
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


def _bytes_of(row: "TraceRow") -> tuple[str, ...]:
    from msgspec import UNSET

    told = ((">", getattr(row, "command", UNSET)), ("<", getattr(row, "answer", UNSET)))
    return tuple(f"{sign} {text}" for sign, text in told if text is not UNSET)


def _as_json(recorded: "Trace") -> dict[str, Any]:
    import msgspec

    rows = [msgspec.to_builtins(row) for row in recorded.rows()]
    return {"origin": recorded.header.origin, "rows": rows, "cut": recorded.cut}
