"""`explore BUILD`: every sequence of a handful of acts, and every pair of power cuts, counted."""

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Final

import click
from rich.progress import TextColumn, TimeElapsedColumn

from meter_emu.cli.answers import played_by, so_many, worst_case
from meter_emu.cli.app import CliCommand, examples
from meter_emu.cli.exits import EXIT_FOUND, EXIT_OK, see_checked
from meter_emu.cli.names import BUILD, LEFT, WORD, json_option
from meter_emu.cli.output import STDOUT, echo, made_folder, print_json, write_atomically
from meter_emu.cli.printed.explored import cuts_json, explored_json
from meter_emu.cli.progress import watched
from meter_emu.explore.cuts import CutsExplored, explore_cuts
from meter_emu.explore.graph import dot_of
from meter_emu.explore.roots import campaign_named, scope_named
from meter_emu.explore.search import Explored, explore
from meter_emu.verify.report import Counterexample

_DEPTH: Final = 2  # where neither a depth nor a time is given: seconds
_SHOWN: Final = 6  # ours: of what differed, the rest is in --json
_FOLDER: Final = "counterexamples"
_WIDTH: Final = 80  # ours: columns of a story
_MORE: Final = "-v says which ends were not distinguished"


@examples(
    "explore reference+end-exclusive",
    "explore reference --scope aged --depth 4",
    "explore mine:program --scope home.toml --time 600 --json result.json",
)
@click.command("explore", cls=CliCommand)
@click.argument("build", type=BUILD)
@click.option(
    "--scope",
    type=WORD,
    metavar="NAME",
    default="new",
    help="A scope, or a campaign FILE; default new.",
)
@click.option(
    "--depth", type=click.IntRange(min=0), help=f"Acts in a sequence at most; default {_DEPTH}."
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
def explore_build(
    build: str,
    *,
    scope: str,
    depth: int | None,
    time_s: int | None,
    cuts: int | None,
    jobs: int | None,
    dot_file: str | None,
    folder: str,
    json_file: str | None,
    verbose: bool,
) -> int:
    """Try every sequence of a scope's acts on BUILD, and say what was exhausted.

    Exit status: 0 nothing is broken, 1 something is.
    """
    sys.path.insert(0, str(Path.cwd()))  # where they are who have a program of their own
    if cuts is not None:
        if depth is not None or dot_file is not None:
            raise click.UsageError(
                "--depth and --dot are of acts, expected none of them with --cuts"
            )
        return _explore_cuts(build, scope, cuts, time_s, jobs, Path(folder), json_file)
    explored = Explored(scope_named(scope, build))
    columns = (TextColumn("{task.description}"), TimeElapsedColumn())
    try:
        with watched(*columns, total=None, shown=json_file != STDOUT) as done:
            explore(
                explored,
                depth=_DEPTH if depth is None and time_s is None else depth,
                time_s=time_s,
                jobs=jobs,
                edges=dot_file is not None,
                hear=lambda so_far: done(so_far.transitions, _so_far(so_far)),
            )
    except KeyboardInterrupt:
        echo("\n".join(_lines(explored, scope, None)), err=json_file == STDOUT)
        raise
    if dot_file is not None:
        write_atomically(Path(dot_file), dot_of(explored).encode())
    if json_file is not None:
        print_json(explored_json(explored, scope), json_file)
    if json_file != STDOUT:
        file = None if explored.broken is None else _leave(explored.broken, Path(folder), scope)
        echo("\n".join(_lines(explored, scope, file)))
        echo("\n".join(_not_distinguished(explored)) if verbose else _MORE)
    return EXIT_OK if explored.broken is None else EXIT_FOUND


def _explore_cuts(
    build: str,
    scope: str,
    cuts: int,
    time_s: int | None,
    jobs: int | None,
    folder: Path,
    json_file: str | None,
) -> int:
    """Cut the power anywhere in the story of a scope, and say what was exhausted."""
    explored = CutsExplored(build)
    columns = (TextColumn("{task.description}"), TimeElapsedColumn())
    try:
        with watched(*columns, total=None, shown=json_file != STDOUT) as done:
            explore_cuts(
                campaign_named(scope, build),
                explored,
                cuts=cuts,
                time_s=time_s,
                jobs=jobs,
                hear=lambda so_far: done(so_far.pairs, _cuts_in_words(so_far)),
            )
    except KeyboardInterrupt:
        echo(f"{build}, scope {scope}: {_cuts_in_words(explored)}", err=json_file == STDOUT)
        raise
    if json_file is not None:
        print_json(cuts_json(explored, scope), json_file)
    nobody = not explored.groups and explored.wrong is None
    see_checked(build, f"in scope {scope} nobody comes to the meter" if nobody else None)
    if json_file != STDOUT:
        file = None if explored.broken is None else _leave(explored.broken, folder, scope)
        echo("\n".join(_lines_of_cuts(explored, scope, file)))
    return EXIT_FOUND if explored.wrong else EXIT_OK


def _lines_of_cuts(explored: CutsExplored, name: str, file: Path | None) -> Iterator[str]:
    about = f"{explored.build}, scope {name}"
    if explored.wrong is None:
        yield f"{about}: nothing broken by {_cuts_tried(explored)}"
    else:
        yield f"{about}: broken by a power cut"
        play = "no campaign, as no seed leaves in the memory what these cuts did"
        course = [] if explored.broken is None else _course(explored.broken)
        yield from worst_case(
            explored.wrong,
            [*course, *explored.cuts_in_words],
            shown_by=play if file is None else played_by(str(file)),
        )
    yield f"looked at: {_cuts_in_words(explored)}"


def _cuts_tried(explored: CutsExplored) -> str:
    if explored.tried_whole == explored.groups:
        return "one power cut or two, wherever they come"
    one = "one power cut, wherever it comes"
    pairs = so_many(explored.pairs, "pair of them", "pairs of them")
    return f"{one}, or by {pairs}" if explored.pairs else one


def _cuts_in_words(so_far: CutsExplored) -> str:
    states = so_many(so_far.groups, "state", "states")
    groups = f"{so_far.instants:,} instants with 3 fates leave {states}"
    if not so_far.pairs:
        return groups
    pairs = so_many(so_far.pairs, "pair of cuts", "pairs of cuts")
    return f"{groups}; {pairs}, from {so_far.tried_whole:,} of these states all"


def _so_far(so_far: Explored) -> str:
    exhausted = "" if so_far.depth < 0 else f", {so_far.depth} acts exhausted"
    return f"{so_far.transitions:,} transitions, {so_far.states:,} states{exhausted}"


def _leave(found: Counterexample, folder: Path, scope: str) -> Path:
    file = made_folder(folder) / f"explore-{Path(scope.replace(':', '-')).stem}.toml"
    write_atomically(file, found.text.encode())
    return file


def _lines(explored: Explored, name: str, file: Path | None) -> Iterator[str]:
    found = explored.broken
    about = f"{explored.scope.household.build}, scope {name}"
    if found is None:
        yield f"{about}: nothing broken in {_exhausted(explored)}"
    else:
        yield f"{about}: broken; tried: {_exhausted(explored)}"
        play = "nothing was written yet" if file is None else played_by(str(file))
        yield from worst_case(found.words, _course(found), shown_by=play)
    yield f"looked at: {explored.transitions:,} transitions, {explored.states:,} states"
    if explored.guided:
        yield f"beyond that: {explored.guided:,} states gone on from, what is rare first"
    for pair, differs in explored.differences[:_SHOWN]:
        yield f"merged wrongly, apart from {', '.join(pair.rules) or 'nothing'}: {differs}"


def _not_distinguished(explored: Explored) -> Iterator[str]:
    """Yield, in a sentence, which states were taken for one, and what says that they are alike."""
    merged = sum(explored.merged.values())
    if not merged:
        yield "No two ends were taken for one state."
        return
    rules = sorted({rule for group in explored.merged for rule in group})
    apart = f" that differ in {', '.join(rules)} alone" if rules else " that are the same"
    pairs = so_many(explored.pairs, "pair of them", "pairs of them")
    tried = f"{pairs} lived on side by side, {explored.differing:,} differ"
    yield from wrap(f"{merged:,} ends were taken for a state{apart}; {tried}.", _WIDTH)
    yield f"People saw {len(explored.keys)} different states."


def _course(found: Counterexample) -> Iterator[str]:
    for line in found.course:
        yield from wrap(line, _WIDTH - 4, subsequent_indent="  ")


def _exhausted(explored: Explored) -> str:
    acts = f"{len(explored.scope.acts)} acts at {len(explored.scope.instants)} instants"
    if explored.whole:
        return f"every sequence of its {acts}"
    if explored.depth < 0:
        return f"what time there was for, of its {acts}"
    return f"every sequence of {explored.depth} of its {acts}"
