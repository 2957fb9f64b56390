"""`explore BUILD`: every sequence of a handful of acts, and every pair of power cuts, counted."""

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Final

import click

from meter_emu.cli.answers import Coverage, asked_of_law, played_by, so_many, worst_case
from meter_emu.cli.exits import EXIT_FOUND, EXIT_OK, see_checked
from meter_emu.cli.explore import DEFAULT_DEPTH
from meter_emu.cli.output import STDOUT, echo, made_folder, print_json, write_atomically
from meter_emu.cli.printed.explored import cuts_json, every_json, explored_json
from meter_emu.cli.progress import watched
from meter_emu.explore import EVERY
from meter_emu.explore.acts import acts_missing, with_acts
from meter_emu.explore.cuts import CutsExplored, explore_cuts
from meter_emu.explore.every import EveryExplored, explore_every
from meter_emu.explore.graph import dot_of
from meter_emu.explore.left_out import LEFT_OUT
from meter_emu.explore.roots import campaign_named
from meter_emu.explore.scope import scope_of
from meter_emu.explore.search import Explored, explore
from meter_emu.verify.report import Counterexample

_SCOPES: Final = ("scope", "scopes")
_SHOWN: Final = 6  # ours: of what differed, the rest is in --json
_WIDTH: Final = 80  # ours: columns of a story
_MORE: Final = "-v says which ends were not distinguished, and which acts the scope has not"


def explore_build(
    build: str,
    *,
    scope: str,
    acts: tuple[str, ...],
    depth: int | None,
    time_s: int | None,
    cuts: int | None,
    jobs: int | None,
    dot_file: str | None,
    folder: str,
    json_file: str | None,
    verbose: bool,
) -> int:
    """Do what `explore` asks; see its declaration."""
    sys.path.insert(0, str(Path.cwd()))  # where they are who have a program of their own
    if cuts is not None:
        if depth is not None or dot_file is not None or acts:
            raise click.UsageError(
                "--act, --depth and --dot are of acts, expected none of them with --cuts"
            )
        return _explore_cuts(build, scope, cuts, time_s, jobs, Path(folder), json_file)
    depth = DEFAULT_DEPTH if depth is None and time_s is None else depth
    if scope == EVERY:
        if dot_file is not None or acts:
            raise click.UsageError("--act and --dot are of one scope, expected one by its name")
        return _explore_every(build, depth, time_s, jobs, Path(folder), json_file, verbose=verbose)
    explored = Explored(scope_of(with_acts(campaign_named(scope, build), acts), build))
    try:
        with watched(total=None, shown=json_file != STDOUT, time_s=time_s) as done:
            explore(
                explored,
                depth=depth,
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
        echo("\n".join(_beyond(explored)) if verbose else _MORE)
    if explored.broken is None and depth != 0:
        see_checked(f"{build}, scope {scope}", _reach(explored, scope).nothing_asked)
    return EXIT_OK if explored.broken is None else EXIT_FOUND


def _explore_every(
    build: str,
    depth: int | None,
    time_s: int | None,
    jobs: int | None,
    folder: Path,
    json_file: str | None,
    *,
    verbose: bool,
) -> int:
    """Explore every built-in scope in turn, and say what was exhausted."""
    explored = EveryExplored(build)
    try:
        with watched(total=None, shown=json_file != STDOUT, time_s=time_s) as done:
            explore_every(
                explored,
                depth=depth,
                time_s=time_s,
                jobs=jobs,
                step_done=lambda so_far: done(so_far.transitions, _every_so_far(so_far)),
            )
    except KeyboardInterrupt:
        echo("\n".join(_lines_of_every(explored, None)), err=json_file == STDOUT)
        raise
    if json_file is not None:
        print_json(every_json(explored), json_file)
    if json_file != STDOUT:
        found = explored.broken
        file = None if found is None else _leave(found, folder, explored.broken_in)
        echo("\n".join(_lines_of_every(explored, file)))
        if verbose:
            echo("\n".join(_depths(explored)))
    if explored.broken is None and depth != 0:
        why = _every_reach(explored).nothing_asked if explored.covered else "no scope can show it"
        see_checked(f"{build}, every scope", why)
    return EXIT_OK if explored.broken is None else EXIT_FOUND


def _lines_of_every(explored: EveryExplored, file: Path | None) -> Iterator[str]:
    found = explored.broken
    if found is None:
        about = f"{explored.build}, every scope"
        yield from _every_reach(explored).verdict(about, "nothing broken", _every_tried(explored))
    else:
        about = f"{explored.build}, scope {explored.broken_in}"
        yield f"{about}: broken; tried: {_every_tried(explored)}"
        yield from _every_reach(explored).words()
        play = "nothing was written yet" if file is None else played_by(str(file))
        if file is not None and not found.accused:
            play = asked_of_law(explored.broken_law, explored.build, str(file))
        yield from worst_case(found.words, _course(found), shown_by=play)
    yield f"looked at: {explored.transitions:,} transitions, {explored.states:,} states"
    if explored.walks:
        walks = so_many(explored.walks, "walk", "walks")
        yield f"beyond that: {walks} by chance, with acts that their scopes have not"


def _every_reach(explored: EveryExplored) -> Coverage:
    return Coverage(_SCOPES, explored.asked, explored.not_asked, "every sequence of one act")


def _every_tried(explored: EveryExplored) -> str:
    """Return in words to which depth every scope was exhausted."""
    scopes = f"{len(explored.depths)} of {so_many(len(explored.covered), 'scope', 'scopes')}"
    passed = len(explored.passed_over)
    left = f"; {so_many(passed, 'scope', 'scopes')} not for this build" if passed else ""
    if not explored.depths:
        return f"what time there was for{left}"
    deep = max(explored.depths.values())
    deepest = sum(depth == deep for depth in explored.depths.values())
    acts = so_many(deep, "act", "acts")
    return f"{scopes}, every sequence of up to {acts} of {deepest:,} of them{left}"


def _every_so_far(explored: EveryExplored) -> str:
    walks = f"; {so_many(explored.walks, 'walk', 'walks')}" if explored.walks else ""
    return f"{_every_tried(explored)}{walks}"


def _depths(explored: EveryExplored) -> Iterator[str]:
    """Yield how deep each scope was exhausted."""
    for depth in sorted(set(explored.depths.values())):
        names = [name for name, at in explored.depths.items() if at == depth]
        acts = so_many(depth, "act", "acts")
        yield from wrap(f"{acts}: {', '.join(sorted(names))}", _WIDTH, subsequent_indent="  ")
    if explored.passed_over:
        passed = ", ".join(explored.passed_over)
        yield from wrap(f"not for this build: {passed}", _WIDTH, subsequent_indent="  ")


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
    try:
        with watched(total=None, shown=json_file != STDOUT, time_s=time_s) as done:
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
        yield from _reach(explored, name).verdict(about, "nothing broken", _exhausted(explored))
    else:
        yield f"{about}: broken; tried: {_exhausted(explored)}"
        play = "nothing was written yet" if file is None else played_by(str(file))
        yield from worst_case(found.words, _course(found), shown_by=play)
    yield f"looked at: {explored.transitions:,} transitions, {explored.states:,} states"
    if explored.guided:
        yield f"beyond that: {explored.guided:,} states gone on from, what is rare first"
    for pair, differs in explored.differences[:_SHOWN]:
        yield f"merged wrongly, apart from {', '.join(pair.rules) or 'nothing'}: {differs}"


def _reach(explored: Explored, name: str) -> Coverage:
    asked = explored.depth > 0 or explored.whole
    return Coverage(_SCOPES, [name][:asked], [name][asked:], "every sequence of one act")


def _beyond(explored: Explored) -> Iterator[str]:
    """Yield what the search could not see: states taken for one, and acts the scope has not."""
    yield from _not_distinguished(explored)
    missing = ", ".join(acts_missing(explored.scope)) or "none"
    yield from wrap(f"The scope has not: {missing}.", _WIDTH, subsequent_indent="  ")


def _not_distinguished(explored: Explored) -> Iterator[str]:
    """Yield, in a sentence, which states were taken for one, and what says that they are alike."""
    merged = sum(explored.merged.values())
    if not merged:
        yield "No two ends were taken for one state."
        return
    used = {rule for group in explored.merged for rule in group}
    left_out = "; ".join(words for rule, words in LEFT_OUT.items() if rule in used)
    pairs = so_many(explored.pairs, "pair was", "pairs were")
    tried = f"{pairs} lived on side by side, and {explored.differing:,} went otherwise"
    yield from wrap(
        f"Not distinguished, in {merged:,} ends that were taken for a known state:"
        f" {left_out or 'nothing'}; {tried}.",
        _WIDTH,
    )
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
