"""`--layout`: somebody else's dump explained and compared by a layout file.

`image` and `card` have the same option for it: to a layout, a dump is a dump.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import click

from meter_emu.cli.exits import EXIT_FOUND, EXIT_OK
from meter_emu.cli.explained import print_parts, tell_differences, verdict_on_parts
from meter_emu.cli.held import read_bytes
from meter_emu.cli.names import LAYOUT, CommandT
from meter_emu.cli.output import STDOUT, echo, print_json

if TYPE_CHECKING:
    from meter_emu.foreign.layout_file import DumpLayout
    from meter_emu.rows import Part

_DUMP: Final = "a dump"


def layout_option(function: CommandT) -> CommandT:
    """Give a command `--layout` and `--at`."""
    at: Callable[[Any], Any] = click.option(
        "--at",
        "begins",
        type=click.IntRange(0),
        metavar="OFFSET",
        help="Where in the file the layout begins, when it is not the whole file.",
    )
    named: Callable[[CommandT], CommandT] = click.option(
        "--layout",
        type=LAYOUT,
        metavar="NAME",
        help="A layout file or a built-in layout: the file is somebody else's dump.",
    )
    return named(at(function))


def only_with_layout(begins: int | None) -> None:
    """Refuse `--at` without a layout."""
    if begins is not None:
        raise click.UsageError("--at is for --layout: our own images begin where they begin")


def show_dump(file: str, layout: str, begins: int | None, json_file: str | None) -> int:
    """Explain a dump, and return 1 when something in it is wrong."""
    from meter_emu.foreign.layout_file import load_layout

    of_layout = load_layout(layout)
    raw, parts = _explained(file, of_layout, begins)
    sound = all(part.sound for part in parts)
    if json_file is not None:
        from meter_emu.cli.printed.base import shaped
        from meter_emu.cli.printed.byte_results import DumpShownJson, PartShownJson

        shown = DumpShownJson(
            file=file,
            layout=of_layout.name,
            source=of_layout.source,
            size_bytes=len(raw),
            sound=sound,
            parts=tuple(shaped(part, PartShownJson) for part in parts),
        )
        print_json(shown, json_file)
    if json_file != STDOUT:
        echo(f"{file}: {verdict_on_parts(parts)}")
        echo(f"{len(raw)} bytes by layout {of_layout.name} ({of_layout.source})\n")
        print_parts(parts)
    return EXIT_OK if sound else EXIT_FOUND


def compare_dumps(a: str, b: str, layout: str, begins: int | None, json_file: str | None) -> int:
    """Say in which fields two dumps differ, and return 1 when they do."""
    from meter_emu.foreign.layout_file import load_layout
    from meter_emu.rows import differences

    of_layout = load_layout(layout)
    (raw_a, parts_a), (raw_b, parts_b) = (_explained(f, of_layout, begins) for f in (a, b))
    before = bytes(begins or 0)  # rows count from the beginning of the file
    found = list(differences(parts_a, parts_b, before + raw_a, before + raw_b))
    return tell_differences(a, b, found, json_file)


def _explained(
    file: str, layout: "DumpLayout", begins: int | None
) -> "tuple[bytes, tuple[Part, ...]]":
    from meter_emu.foreign.dump import cut_out, explain_dump

    raw, base = cut_out(read_bytes(file, _DUMP), layout, begins, file)
    return raw, explain_dump(raw, layout, base)
