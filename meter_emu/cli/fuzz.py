"""`meter-emu fuzz`: inputs by the thousand, and what must hold of each."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final

import click

from meter_emu.cli.answers import Coverage, so_many, worst_case
from meter_emu.cli.app import CliGroup, began_s, examples
from meter_emu.cli.exits import EXIT_FOUND, EXIT_INTERRUPTED, EXIT_OK, see_checked
from meter_emu.cli.junit import JUnitCase, junit_option, write_junit
from meter_emu.cli.names import BUILD, FILE, LEFT, WORD, json_option
from meter_emu.cli.output import STDOUT, echo, made_folder, naming, print_json, write_atomically
from meter_emu.cli.progress import ProgressLine
from meter_emu.cli.trusting import check_builds, trust_option

if TYPE_CHECKING:
    from meter_emu.cli.printed.fuzzed import FuzzedJson, TargetFuzzedJson
    from meter_emu.fuzz.finds import FoundInput
    from meter_emu.fuzz.side_by_side import Figures
    from meter_emu.fuzz.target import Target

_TIME_S: Final = 60
_FEW: Final = 100  # ours: inputs of a target, below which "nothing" says little
_ALL: Final = "all"


@click.group(cls=CliGroup)
def fuzz() -> None:
    """Feed inputs to a target by the thousand a second, and keep what fails."""


@examples(
    "fuzz list",
    "fuzz list --json -",
    "fuzz list --json targets.json",
)
@fuzz.command("list")
@json_option
def list_(*, json_file: str | None) -> None:
    """List the targets: what each is given, and what must hold."""
    from meter_emu.fuzz.targets import targets

    if json_file is not None:
        from meter_emu.cli.printed.base import shaped
        from meter_emu.cli.printed.fuzzed import TargetShownJson, TargetsListedJson

        rows = tuple(shaped(one, TargetShownJson) for one in targets().values())
        print_json(TargetsListedJson(targets=rows), json_file)
        return
    echo(so_many(len(targets()), "target", "targets"))
    for one in targets().values():
        echo(f"{one.id:<24}{one.asks}")
        echo(f"{'':24}must hold: {one.oracles}")


@examples(
    "fuzz run card-records --time 60",
    "fuzz run all --time 600 --jobs 2 --corpus corpus",
    "fuzz run stories --build mine:program --time 120",
)
@fuzz.command()
@click.argument("target_ids", nargs=-1, required=True, type=WORD, metavar="TARGET...")
@click.option("--build", type=BUILD, default="reference", help="For targets that run a program.")
@click.option(
    "--time", "time_s", type=click.IntRange(min=1), default=_TIME_S, show_default=True,
    help="Seconds in all, shared by the targets.",
)  # fmt: skip
@click.option("--runs", type=click.IntRange(min=1), help="Inputs per target at most.")
@click.option("--seed", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; default one per CPU.")
@click.option("--corpus", type=LEFT, metavar="DIR", default="fuzz-corpus", show_default=True,
              help="Where inputs are kept, a folder a target.")  # fmt: skip
@click.option("--to", "finds", type=LEFT, metavar="DIR", default="fuzz-finds", show_default=True,
              help="Where to write what fails.")  # fmt: skip
@click.option("--keep-going/--stop", "keep_going", default=None,
              help="Go on with a target after a find; default for `all`.")  # fmt: skip
@click.option("--no-coverage", is_flag=True, help="The seeded mutator, also where atheris is.")
@junit_option
@json_option
def run(
    target_ids: Sequence[str],
    *,
    build: str,
    time_s: int,
    runs: int | None,
    seed: int,
    jobs: int | None,
    corpus: str,
    finds: str,
    keep_going: bool | None,
    no_coverage: bool,
    junit_file: str | None,
    json_file: str | None,
) -> int:
    """Fuzz each TARGET for its share of the time; `all` is every one but the canaries.

    A known find is counted, and does not stop its target. Ctrl-C leaves corpus and figures whole.
    Exit status: 0 nothing new was found, 1 something was, or a target failed, 130 interrupted.
    """
    from meter_emu.fuzz.side_by_side import SideBySide
    from meter_emu.world.meter.build import parse_build

    another = parse_build(build).factory is not None
    chosen = _chosen(target_ids, build, another=another)
    _begin(chosen, Path(corpus))
    together = SideBySide(
        chosen,
        build=build,
        time_s=time_s,
        seed=seed,
        jobs=jobs or os.cpu_count() or 1,
        corpus=Path(corpus),
        guided=not no_coverage,
        runs=runs or -1,
        seeded=build == "reference",
        began_s=began_s(),
        known=_known(Path(finds)),
        keep_going=_ALL in target_ids if keep_going is None else keep_going,
    )
    line, interrupted = ProgressLine(time_s=time_s), False
    try:
        together.run(lambda: line.say(_where(together.figures), line.share()))
    except KeyboardInterrupt:
        interrupted = True
    figures = [one for one in together.figures if one.over]
    paths, reach = _all_kept(figures, Path(finds)), _reach(figures, runs)
    if json_file != STDOUT:
        said = _lines(figures, paths, build, reach, another=another, corpus=corpus)
        echo("\n".join(said))
    if junit_file is not None:
        write_junit(junit_file, "fuzz", build, [_as_case(one) for one in figures])
    if json_file is not None:
        print_json(_all_shown(figures, reach), json_file)
    if interrupted:
        echo(f"meter-emu: interrupted: {_where(together.figures)}", err=True)
        return EXIT_INTERRUPTED
    found = any(one.found or one.failed for one in figures)
    see_checked("fuzz", None if found else reach.nothing_asked)
    return EXIT_FOUND if found else EXIT_OK


def _known(folder: Path) -> "list[FoundInput]":
    """Return the finds that lie in a folder; what else lies there is not looked at.

    Where there is no folder, see that there can be one: who finds that out at the end of an hour
    has lost what was found in it.
    """
    from meter_emu.errors import ConfigError
    from meter_emu.fuzz.finds import load_find

    if not folder.is_dir():
        with naming(folder):
            folder.mkdir(parents=True)
            folder.rmdir()
        return []
    found = []
    for path in sorted(folder.glob("*.toml")):
        with suppress(ConfigError):
            found.append(load_find(path))
    return found


def _chosen(target_ids: Sequence[str], build: str = "", *, another: bool = False) -> "list[Target]":
    """Return the targets; `another` build is asked nothing that needs our memory."""
    from meter_emu.errors import ConfigError
    from meter_emu.fuzz.finds import target_of
    from meter_emu.fuzz.targets import targets

    every = [one.id for one in targets().values() if not one.canary]
    wanted = dict.fromkeys(
        one for said in target_ids for one in (every if said == _ALL else [said])
    )
    chosen = [target_of(target_id) for target_id in wanted]
    for one in chosen:
        if another and one.our_memory and one.id in target_ids:
            why = f"compares what our own program has in its memory, and {build} is another"
            raise ConfigError(one.id, "target", why)
    return [one for one in chosen if not (another and one.our_memory)]


def _begin(chosen: "Sequence[Target]", corpus: Path) -> None:
    """Put into each target's folder what it begins with, where it is not there yet."""
    from meter_emu.fuzz.corpus import begins_with

    for target in chosen:
        folder = made_folder(corpus / target.id)
        with naming(folder):
            there = {path.name for path in folder.iterdir()}
        for name, data in begins_with(target).items():
            if name not in there:
                write_atomically(folder / name, data)


@examples(
    "fuzz replay fuzz-finds/canary-8f32611a.toml",
    "fuzz replay find.toml --build reference",
    "fuzz replay find.toml --json -",
)
@fuzz.command()
@click.argument("file", type=FILE)
@click.option("--build", type=BUILD, metavar="BUILD", help="Default: the one it was found in.")
@click.option("-v", "--verbose", is_flag=True, help="Show the bytes behind each line.")
@trust_option
@json_option
def replay(
    file: str, *, build: str | None, verbose: bool, trust_builds: bool, json_file: str | None
) -> int:
    """Try a find again, and say in words what it is. Exit status: 0 it holds now, 1 it fails."""
    from meter_emu.fuzz.finds import failure, load_find, target_of
    from meter_emu.fuzz.reach import overheard
    from meter_emu.world.meter.build import parse_build

    found = load_find(Path(file))
    check_builds(file, [found.build] if build is None else [], typed=build, trusted=trust_builds)
    target, build = target_of(found.target), build or found.build
    parse_build(build)
    with overheard() as said:
        failed = failure(target, found.data, build)
    why = None if failed is None else failed.why
    if json_file is not None:
        from meter_emu.cli.printed.fuzzed import FindReplayedJson

        at = None if failed is None else failed.at
        fails = why is not None
        row = FindReplayedJson(target=target.id, build=build, fails=fails, why=why, at=at)
        print_json(row, json_file)
    if json_file != STDOUT:
        verdict = "it holds now" if failed is None else f"fails: {why}"
        echo(f"{file}: {verdict}")
        if failed is not None:
            echo(f"at: {failed.at}")
        echo(f"{target.id}: {target.asks}, {len(found.data)} bytes, on {build}")
        echo(f"must hold: {target.oracles}")
        for line, raw in said or [("", found.data)]:
            echo(f"  {line}".rstrip())
            if verbose and raw:
                echo(f"    {raw.hex(' ')}")
        if target.campaign is not None:
            echo(f"\n{target.campaign(found.data, build)}", nl=False)
    return EXIT_FOUND if why else EXIT_OK


@examples(
    "fuzz minimize find.toml",
    "fuzz minimize fuzz-finds/canary-8f32611a.toml",
    "fuzz minimize ./stories-00c0ffee.toml",
)
@fuzz.command()
@click.argument("file", type=FILE)
@trust_option
def minimize(file: str, *, trust_builds: bool) -> int:
    """Make the input of a find smaller, in its file. Exit status 1: it does not fail any more."""
    from meter_emu.fuzz.finds import failure, find_of, load_find, target_of

    found = load_find(Path(file))
    check_builds(file, [found.build], typed=None, trusted=trust_builds)
    target = target_of(found.target)
    if failure(target, found.data, found.build) is None:
        echo(f"{file}: it holds now, so there is nothing to make smaller")
        return EXIT_FOUND
    smaller = find_of(target, found.data, found.build)
    write_atomically(file, smaller.to_toml().encode())
    echo(f"{file}: {len(found.data)} bytes before, {len(smaller.data)} now: {smaller.why}")
    return EXIT_OK


@examples(
    "fuzz export out",
    "fuzz export out card-records stories",
    "fuzz export /tmp/fuzzers atr",
)
@fuzz.command()
@click.argument("folder", type=LEFT, metavar="DIR")
@click.argument("target_ids", nargs=-1, type=WORD, metavar="[TARGET]...")
def export(folder: str, *, target_ids: Sequence[str]) -> None:
    """Write each TARGET, or all, into DIR as OSS-Fuzz and ClusterFuzzLite expect it."""
    from meter_emu.fuzz.export import exported

    chosen = _chosen(target_ids or [_ALL])
    made_folder(folder)
    for target in chosen:
        for name, data in exported(target).items():
            write_atomically(Path(folder) / name, data)
    echo(f"{folder}: {4 * len(chosen)} files, four for a target")


def _all_kept(figures: "Sequence[Figures]", folder: Path) -> dict[str, list[Path]]:
    """Write every find; return the files by target."""
    return {
        one.target.id: [_kept(found, folder) for found in one.found.values()] for one in figures
    }


def _kept(found: "FoundInput", folder: Path) -> Path:
    """Write a find, and next to it the campaign that it is, where it is one."""
    from meter_emu.fuzz.finds import target_of

    path, campaign = made_folder(folder) / found.name, target_of(found.target).campaign
    write_atomically(path, found.to_toml().encode())
    if campaign is not None:
        text = f"# {found.why}\n{campaign(found.data, found.build)}"
        write_atomically(path.with_suffix(".campaign.toml"), text.encode())
    return path


def _lines(
    figures: "Sequence[Figures]",
    paths: Mapping[str, Sequence[Path]],
    build: str,
    reach: Coverage,
    *,
    another: bool,
    corpus: str,
) -> Iterator[str]:
    """Yield verdict, reach, the first find and what shows it, then a line a target."""
    inputs = so_many(sum(one.executions for one in figures), "input", "inputs")
    where = f"{inputs} of {so_many(len(figures), 'target', 'targets')} on {build}"
    finds = [
        (path, found, one)
        for one in figures
        for path, found in zip(paths[one.target.id], one.found.values(), strict=True)
    ]
    failed = [one for one in figures if one.failed]
    if finds:
        yield f"{so_many(len(finds), 'find', 'finds')} in {where}"
        yield from reach.words()
        path, found, one = finds[0]
        played = f"meter-emu fuzz replay {quote(str(path))}"
        yield from worst_case(f"{found.why} ({one.target.id})", (), shown_by=played)
    elif failed:
        yield f"{so_many(len(failed), 'worker', 'workers')} failed, after {where}"
        yield from reach.words()
    else:
        yield from reach.verdict("fuzz", "nothing new found", where)
    yield (
        f"{'target':<24}{'executions':>12}{'a CPU second':>14}{'edges':>8}{'corpus':>8}"
        f"{'bytes':>7}{'reached':>9}{'held':>9}  found"
    )
    yield from map(_row, figures)
    if another and any(one.edges for one in figures):
        yield f"edges are of this package: none is counted inside {build}"
    for one in figures:
        yield from _left_open(one)
    for path, found, _ in finds:
        yield f"{path}: {found.why}"
    yield f"inputs are kept in {corpus}"


def _row(one: "Figures") -> str:
    edges = "-" if one.edges is None else f"{one.edges:,}"
    found = str(len(one.found)) if one.found else "failed" if one.failed else "nothing"
    reached = f"{one.reached}/{len(one.target.reaches)}"
    guided = "" if one.guided else "  (no coverage)"
    return (
        f"{one.target.id:<24}{one.executions:>12,}{one.per_cpu_s:>14,}{edges:>8}"
        f"{one.corpus:>8,}{one.target.size_max:>7,}{reached:>9}{one.held_least:>9,}"
        f"  {found}{guided}"
    )


def _left_open(one: "Figures") -> Iterator[str]:
    """Yield known finds, why a worker failed, what of a target was not reached."""
    if one.again:
        yield f"{one.target.id}: a known find was met {one.again:,} times"
    if one.failed:
        yield f"{one.target.id}: {one.failed}"
    if not one.executions:
        yield f"{one.target.id}: no input was tried in its {one.time_s:.1f} s"
    elif one.missing:
        yield f"{one.target.id}: not reached: {'; '.join(one.missing)}"


def _where(figures: "Sequence[Figures]") -> str:
    """Return in words how far it is."""
    over = [one for one in figures if one.over]
    finds = sum(len(one.found) for one in over)
    said = f"{len(over)} of {len(figures)} targets over, {finds} finds"
    running = [
        f"{one.target.id} {one.executions:,} at {one.rate:,} a second, {one.corpus:,} inputs"
        for one in figures
        if one.begun and not one.over
    ]
    return "; ".join((said, *running))


def _reach(figures: "Sequence[Figures]", runs: int | None) -> Coverage:
    """Return which targets had inputs enough, or all that were wanted."""
    need = min(_FEW, runs or _FEW)
    asked = [one.target.id for one in figures if one.found or one.executions >= need]
    left = [one.target.id for one in figures if one.target.id not in asked]
    return Coverage(("target", "targets"), asked, left, so_many(need, "input", "inputs"))


def _all_shown(figures: "Sequence[Figures]", reach: Coverage) -> "FuzzedJson":
    from meter_emu.cli.printed.fuzzed import FuzzedJson

    return FuzzedJson(
        asked=tuple(reach.asked),
        not_asked=tuple(reach.not_asked),
        targets=tuple(_shown(one) for one in figures),
    )


def _shown(one: "Figures") -> "TargetFuzzedJson":
    from meter_emu.cli.printed.fuzzed import FindJson, TargetFuzzedJson

    return TargetFuzzedJson(
        target=one.target.id,
        time_s=round(one.time_s, 2),
        executions=one.executions,
        cpu_s=round(one.cpu_s, 2),
        executions_per_cpu_s=one.per_cpu_s,
        edges=one.edges,
        corpus=one.corpus,
        size_max=one.target.size_max,
        coverage_guided=one.guided,
        reached={mark: one.reach.met.get(mark, 0) for mark in one.target.reaches},
        not_reached=tuple(one.missing),
        held=one.oracles,
        found=tuple(
            FindJson(file=found.name, why=found.why, at=at) for at, found in one.found.items()
        ),
        known=one.again,
        failed=one.failed or None,
    )


def _as_case(one: "Figures") -> JUnitCase:
    """Return a target as a test case: it fails with what was found in it."""
    why = "; ".join(found.why for found in one.found.values()) or one.failed
    details = "\n".join(f"{found.at}: {found.input}" for found in one.found.values())
    missing = "".join(f"not reached: {mark}\n" for mark in one.missing)
    return JUnitCase(one.target.id, why=why, details=details, output=missing, time_s=one.cpu_s)
