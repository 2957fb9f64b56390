"""`meter-emu fuzz`: inputs by the thousand, and what must hold of each."""

import os
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import click

from meter_emu.cli.exits import EXIT_FOUND, EXIT_OK
from meter_emu.cli.names import BUILD, FILE, LEFT, WORD
from meter_emu.cli.options import json_option
from meter_emu.cli.output import STDOUT, naming, print_json, write_atomically
from meter_emu.cli.verbs import Verbs

if TYPE_CHECKING:
    from meter_emu.fuzz.finds import FoundInput
    from meter_emu.fuzz.side_by_side import Figures

_TIME_S: Final = 60
_ALL: Final = "all"


@click.group(cls=Verbs, no_args_is_help=False)
def fuzz() -> None:
    """Feed inputs to a target by the thousand a second, and keep what fails."""


@fuzz.command("list")
@json_option
def list_(*, json_file: str | None) -> None:
    """List the targets: what each is given, and what must hold."""
    from meter_emu.fuzz.targets import targets

    if json_file is not None:
        rows = [
            {"id": one.id, "asks": one.asks, "oracles": one.oracles, "size_max": one.size_max}
            for one in targets().values()
        ]
        print_json(rows, json_file)
        return
    for one in targets().values():
        click.echo(f"{one.id:<24}{one.asks}")
        click.echo(f"{'':24}must hold: {one.oracles}")


@fuzz.command()
@click.argument("target_ids", nargs=-1, required=True, type=WORD, metavar="TARGET...")
@click.option("--build", type=BUILD, default="reference", help="The program of targets with one.")
@click.option(
    "--time", "time_s", type=click.IntRange(min=1), default=_TIME_S, show_default=True,
    help="Seconds in all, shared by the targets.",
)  # fmt: skip
@click.option("--runs", type=click.IntRange(min=1), help="At most so many inputs a target.")
@click.option("--seed", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; default one a CPU.")
@click.option("--corpus", type=LEFT, metavar="DIR", default="fuzz-corpus", show_default=True,
              help="Where inputs are kept, a folder a target.")  # fmt: skip
@click.option("--to", "finds", type=LEFT, metavar="DIR", default="fuzz-finds", show_default=True,
              help="Where to write what fails.")  # fmt: skip
@click.option("--no-coverage", is_flag=True, help="The seeded mutator, also where atheris is.")
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
    no_coverage: bool,
    json_file: str | None,
) -> int:
    """Fuzz each TARGET for its share of the time; `all` is every one but the canaries.

    Exit status: 0 nothing was found, 1 something was, or a worker failed.
    """
    from meter_emu.fuzz.finds import target_of
    from meter_emu.fuzz.side_by_side import fuzz as fuzz_targets
    from meter_emu.fuzz.targets import targets
    from meter_emu.world.meter.build import parse_build

    parse_build(build)
    every = [one.id for one in targets().values() if not one.canary]
    wanted = dict.fromkeys(
        one for said in target_ids for one in (every if said == _ALL else [said])
    )
    chosen = [target_of(target_id) for target_id in wanted]
    shown = json_file != STDOUT
    teller = _Teller(shown=shown)
    figures = fuzz_targets(
        chosen,
        build=build,
        time_s=time_s,
        seed=seed,
        jobs=jobs or os.cpu_count() or 1,
        corpus=Path(corpus),
        guided=not no_coverage,
        runs=runs,
        hear=teller.hear,
    )
    for one in figures:
        if one.found is not None:
            path = _kept(one.found, Path(finds))
            if shown:
                click.echo(f"{path}: {one.found.why}")
        if one.failed and shown:
            click.echo(f"{one.target.id}: {one.failed}")
    if json_file is not None:
        print_json([_as_json(one) for one in figures], json_file)
    return EXIT_FOUND if any(one.found or one.failed for one in figures) else EXIT_OK


@fuzz.command()
@click.argument("file", type=FILE)
@click.option("--build", type=BUILD, metavar="BUILD", help="Default: the one it was found in.")
@json_option
def replay(file: str, *, build: str | None, json_file: str | None) -> int:
    """Try a find again, and say in words what it is. Exit status: 0 it holds now, 1 it fails."""
    from meter_emu.fuzz.finds import failure, load_find, target_of
    from meter_emu.world.meter.build import parse_build

    found = load_find(Path(file))
    target, build = target_of(found.target), build or found.build
    parse_build(build)
    why = failure(target, found.data, build)
    if json_file is not None:
        print_json(
            {"target": target.id, "build": build, "fails": why is not None, "why": why}, json_file
        )
    if json_file != STDOUT:
        click.echo(f"{file}: {target.asks}, {len(found.data)} bytes, on {build}")
        click.echo(f"must hold: {target.oracles}")
        click.echo(f"fails: {why}" if why else "it holds now")
        for line in target.in_words(found.data, build):
            click.echo(f"  {line}")
    return EXIT_FOUND if why else EXIT_OK


@fuzz.command()
@click.argument("file", type=FILE)
def minimize(file: str) -> int:
    """Make the input of a find smaller, in its file. Exit status 1: it does not fail any more."""
    from meter_emu.fuzz.finds import failure, find_of, load_find, target_of

    found = load_find(Path(file))
    target = target_of(found.target)
    if failure(target, found.data, found.build) is None:
        click.echo(f"{file}: it holds now, so there is nothing to make smaller")
        return EXIT_FOUND
    smaller = find_of(target, found.data, found.build)
    write_atomically(file, smaller.to_toml().encode())
    click.echo(f"{file}: {len(found.data)} bytes before, {len(smaller.data)} now: {smaller.why}")
    return EXIT_OK


def _kept(found: "FoundInput", folder: Path) -> Path:
    with naming(folder):
        folder.mkdir(parents=True, exist_ok=True)
    path = folder / found.name
    write_atomically(path, found.to_toml().encode())
    return path


class _Teller:
    """Says a line a target when it is over."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._lock = Lock()
        self._begun = False

    def hear(self, one: "Figures", over: bool) -> None:
        """Take the figures of a target."""
        if not over or not self._shown:
            return
        edges = "-" if one.edges is None else f"{one.edges:,}"
        found = "yes" if one.found else "failed" if one.failed else "nothing"
        guided = "" if one.guided else "  (no coverage)"
        with self._lock:
            if not self._begun:
                self._begun = True
                click.echo(
                    f"{'target':<24}{'executions':>12}{'a second':>10}{'edges':>8}{'corpus':>8}"
                    f"{'bytes':>7}  found"
                )
            click.echo(
                f"{one.target.id:<24}{one.executions:>12,}{one.rate:>10,}{edges:>8}{one.corpus:>8,}"
                f"{one.target.size_max:>7,}  {found}{guided}"
            )


def _as_json(one: "Figures") -> dict[str, Any]:
    return {
        "target": one.target.id,
        "time_s": one.time_s,
        "executions": one.executions,
        "executions_per_s": one.rate,
        "edges": one.edges,
        "corpus": one.corpus,
        "size_max": one.target.size_max,
        "coverage_guided": one.guided,
        "found": None if one.found is None else {"file": one.found.name, "why": one.found.why},
        "failed": one.failed or None,
    }
