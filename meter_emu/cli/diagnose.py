"""`diagnose INCIDENT`: which known mistakes are consistent with what was reported."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from meter_emu.cli.app import CliCommand, examples
from meter_emu.cli.exits import EXIT_FOUND, EXIT_OK
from meter_emu.cli.names import INCIDENT, LEFT, WORD, json_option
from meter_emu.cli.output import (
    STDOUT,
    echo,
    made_folder,
    print_json,
    say_written,
    write_atomically,
)
from meter_emu.cli.progress import watched
from meter_emu.diagnosis import SAMPLES
from meter_emu.resources import find

if TYPE_CHECKING:
    from meter_emu.diagnosis.memo import Diagnosis


@examples(
    "diagnose ores-2020-07 --singles --only end-exclusive",
    "diagnose ores-2020-07 --report page --bench orders",
    "diagnose incident.toml --samples 4 --json -",
)
@click.command("diagnose", cls=CliCommand)
@click.argument("incident", type=INCIDENT)
@click.option("--singles", "only_singles", is_flag=True, help="Stop before pairs of mistakes.")
@click.option(
    "--samples",
    type=click.IntRange(1, 100),
    default=SAMPLES,
    show_default=True,
    help="Households of each kind on each model, with their unknowns random.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, help="Randomise unknowns by this seed."
)
@click.option(
    "--only",
    multiple=True,
    type=WORD,
    metavar="ID",
    help="Only this defect, or office:MISTAKE; may be repeated. For a quick look.",
)
@json_option
@click.option(
    "--report", "report_to", type=LEFT, metavar="DIR", help="Write an HTML page: DIR/index.html."
)
@click.option(
    "--bench", "bench_to", type=LEFT, metavar="DIR", help="Write the orders to try as campaigns."
)
@click.option(
    "--kept", "kept_in", type=LEFT, metavar="DIR", help="Keep signatures here, not in the cache."
)
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; default one per CPU.")
def diagnose(
    incident: str,
    *,
    only_singles: bool,
    samples: int,
    seed: int,
    only: tuple[str, ...],
    json_file: str | None,
    report_to: str | None,
    bench_to: str | None,
    kept_in: str | None,
    jobs: int | None,
) -> int:
    """Say which mistakes of the catalogue are consistent with the reports in INCIDENT.

    INCIDENT is a file or a built-in name. No cause is ever claimed. Exit status: 0 something fits,
    1 nothing in the catalogue does.
    """
    from meter_emu.cli.printed.diagnosed import diagnosed
    from meter_emu.diagnosis.diagnose import Diagnosing
    from meter_emu.diagnosis.incident import load_incident
    from meter_emu.diagnosis.kept import default_folder
    from meter_emu.diagnosis.shipped import shipped_file

    resolved = load_incident(find("incidents", incident))
    folder = default_folder() if kept_in is None else Path(kept_in)
    for made in filter(None, (report_to, bench_to)):
        made_folder(made)  # at once: who finds out after minutes has lost them
    with _progress() as hear:
        at_work = Diagnosing(
            resolved, samples=samples, seed=seed, kept_in=folder, jobs=jobs, only=only,
            shipped=shipped_file(), hear=hear,
        )  # fmt: skip
        if held := at_work.predictor.kept.held:
            echo(f"meter-emu: {folder}: {held:,} runs are done", err=True)
        found = at_work.singles()
        if only_singles:
            found = at_work.decided(found)
    if not only_singles:
        echo(f"meter-emu: of single mistakes: {found.headline}; pairs follow", err=True)
        try:
            with _progress() as hear:
                at_work.hear = hear
                found = at_work.pairs(found)
        except KeyboardInterrupt:
            if json_file != STDOUT:
                _print(found)
            raise
    if json_file is not None:
        print_json(diagnosed(found), json_file)
    if json_file != STDOUT:
        _print(found)
    if bench_to is not None:
        _write_bench(bench_to, found)
    if report_to is not None:
        from meter_emu.diagnosis.page import page

        _write(report_to, "index.html", page(at_work, found))
    return EXIT_OK if found.ranking.fits else EXIT_FOUND


def _print(found: "Diagnosis") -> None:
    from meter_emu.diagnosis.memo import memo

    for line in memo(found):
        echo(line)


def _write_bench(folder: str, found: "Diagnosis") -> None:
    """Write each experiment as a campaign file."""
    from meter_emu.world.rehearsal.campaign_toml import campaign_toml

    for number, one in enumerate(found.experiments, 1):
        assert one.campaign is not None, "an experiment has its campaign"
        _write(folder, f"bench-{number}.toml", campaign_toml(one.campaign))


def _write(folder: str, name: str, text: str) -> None:
    """Write a file into a folder, creating the folder if needed."""
    path = made_folder(folder) / name
    write_atomically(path, text.encode())
    say_written(path)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Provide a callback that shows the progress of one step."""
    with watched(total=1, shown=True) as done:
        yield lambda what, count, of: done(count, f"{what}: {count:,} of {of:,} runs", of=of)
