"""`explore BUILD`: its options. What is heavy is imported when they are in order."""

from typing import Final

import click

from meter_emu.cli.app import CliCommand, examples
from meter_emu.cli.names import ACT, BUILD, LEFT, WORD, json_option
from meter_emu.explore import EVERY

DEFAULT_DEPTH: Final = 2  # where neither a depth nor a time is given: seconds
_FOLDER: Final = "counterexamples"


@examples(
    "explore reference+end-exclusive",
    "explore mine:program --scope all --time 60",
    "explore mine:program --scope home.toml --act copy --time 600 --json result.json",
)
@click.command("explore", cls=CliCommand, place="meter_emu.cli.exploring:explore_build")
@click.argument("build", type=BUILD)
@click.option(
    "--scope",
    type=WORD,
    metavar="NAME",
    default="new",
    help=f"A scope, a campaign FILE, or {EVERY}: every built-in scope; default new.",
)
@click.option(
    "--act",
    "acts",
    type=ACT,
    metavar="ACT",
    multiple=True,
    help="An act more; again for others. See `list acts`.",
)
@click.option(
    "--depth",
    type=click.IntRange(min=0),
    help=f"Acts in a sequence at most; default {DEFAULT_DEPTH}.",
)
@click.option("--time", "time_s", type=click.IntRange(min=1), help="Stop after so many seconds.")
@click.option(
    "--cuts",
    type=click.IntRange(1, 2),
    help="The scope's story as written, with power cut anywhere, and again anywhere after.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; default one per CPU.")
@click.option("--dot", "dot_file", type=LEFT, metavar="FILE", help="Write the graph, for Graphviz.")
@click.option(
    "--to",
    "folder",
    type=LEFT,
    metavar="DIR",
    default=_FOLDER,
    help=f"Where to write what breaks; default {_FOLDER}.",
)
@json_option
@click.option("-v", "--verbose", is_flag=True, help="Say which ends were not distinguished.")
def explore_build() -> None:
    """Try every sequence of a scope's acts on BUILD, and say what was exhausted.

    Exit status: 0 nothing is broken, 1 something is, 2 no sequence of acts was tried.
    """
