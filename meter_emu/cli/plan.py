"""`plan check`, `plan run`, `plan show`: from an operator's sheet to a page for a board.

Nothing is run while a cell of the sheet is wrong: all mistakes come at once, each by its cell.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from meter_emu.cli.app import CliCommand, CliGroup, examples
from meter_emu.cli.exits import EXIT_BAD_INPUT, EXIT_FOUND, EXIT_OK
from meter_emu.cli.names import LEFT, PLAN, WORD, json_option, language_option, same_file, speak
from meter_emu.cli.output import (
    STDOUT,
    echo,
    made_folder,
    print_json,
    say_written,
    write_atomically,
)
from meter_emu.cli.progress import watched
from meter_emu.errors import ConfigError
from meter_emu.languages.speech import marked, said, said_of
from meter_emu.nearest import hint
from meter_emu.resources import find, read_toml

if TYPE_CHECKING:
    from meter_emu.planner.lives import Town
    from meter_emu.planner.plan_file import RawPlan
    from meter_emu.planner.sheet import MeterSheet
    from meter_emu.world.rehearsal.checkpoint import Checkpoint

_MISTAKES_SHOWN: Final = 200  # ours: lines; the count is of all


@click.group(cls=CliGroup)
def plan() -> None:
    """Plan a campaign from a sheet of meters: who is without supply, under which date."""


@examples(
    "plan check plan.toml",
    "plan check summer-2027",
    "plan check ../2027/plan.toml",
)
@plan.command(cls=CliCommand)
@click.argument("plan_file", metavar="PLAN", type=PLAN)
@language_option
def check(plan_file: str, language: str | None) -> int:
    """Read the sheet of PLAN: its mistakes, and whether the offices have room for all.

    Exit status: 0 they have, 1 some have not, 2 something in the sheet is wrong.
    """
    town = _town(plan_file, language)
    if town is None:
        return EXIT_BAD_INPUT
    from meter_emu.planner.sentences import room_said

    sheet = town.sheet
    right = said_of("{count} meter, no mistake", "{count} meters, no mistake", len(sheet.rows))
    echo(f"{right}: {sheet.path}")
    unserved, served = list[str](), list[str]()
    for one in town.raw.plan:
        for group, day in town.last_days(one).items():
            line = room_said(group, day, plan=one.name)
            (unserved if day is None else served).append(line)
    for line in (*unserved, *served):
        echo(line)
    for key, (column, heading) in sheet.read_as.items():
        words = said("{key}: column {column} ({heading})", key=key, column=column, heading=heading)
        echo(f"  {words}")
    for words in sheet.notes:
        echo(f"  {words}")
    if empty := sheet.empty_rows:
        words = said_of("{count} empty row was left out", "{count} empty rows were left out", empty)
        echo(f"  {words}")
    return EXIT_FOUND if unserved else EXIT_OK


@examples(
    "plan run plan.toml",
    "plan run plan.toml --what-if --report page --json result.json",
    "plan run plan.toml --plan B --sheet result.xlsx",
)
@plan.command(cls=CliCommand)
@click.argument("plan_file", metavar="PLAN", type=PLAN)
@click.option("--plan", "names", multiple=True, type=WORD, help="Only this plan; may be repeated.")
@click.option("--what-if", is_flag=True, help="Try each assumption of [what_if], low and high.")
@click.option(
    "--report", "report_to", type=LEFT, metavar="DIR", help="Write the page: DIR/index.html."
)
@click.option(
    "--sheet", "sheet_to", type=LEFT, metavar="FILE", help="Write a row a meter: .csv or .xlsx."
)
@click.option(
    "--seeds",
    type=click.IntRange(3, 100),
    default=5,
    show_default=True,
    help="So many draws of who comes when; figures are their means.",
)
@json_option
@language_option
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; default one per CPU.")
def run(
    plan_file: str,
    *,
    names: tuple[str, ...],
    what_if: bool,
    report_to: str | None,
    sheet_to: str | None,
    seeds: int,
    json_file: str | None,
    language: str | None,
    jobs: int | None,
) -> int:
    """Run the plans of PLAN on emulated meters, and compare the first two.

    Exit status: 0, 1 where somebody is disconnected otherwise than announced, 2 for mistakes.
    """
    town = _town(plan_file, language)
    if town is None:
        return EXIT_BAD_INPUT
    chosen = _chosen(plan_file, town, names)
    from meter_emu.planner.answer import answered, plan_result
    from meter_emu.planner.board import board
    from meter_emu.planner.classes import Runner
    from meter_emu.planner.sentences import lines
    from meter_emu.planner.sheet_out import check_sheet_name, sheet_of

    if sheet_to is not None:
        check_sheet_name(sheet_to)
    page = None if report_to is None else str(made_folder(report_to) / "index.html")
    files = [one for one in (page, sheet_to, json_file) if one is not None and one != STDOUT]
    for name in files:
        if same_file(name, town.sheet.path):
            why = said("is the sheet of the plan, and would be overwritten")
            raise ConfigError(name, "", why)
    with _checkpoints(json_file) as kept:
        with _lives_progress(files) as say:
            runners = (
                Runner(town, one, jobs=jobs, kept=kept, step=say(one.name)) for one in chosen
            )
            answers = [answered(runner, seeds) for runner in runners]
            result = plan_result(answers, what_if=what_if)
        if page is not None:
            write_atomically(page, board(result).encode())
        if sheet_to is not None:
            write_atomically(sheet_to, sheet_of(sheet_to, result.answers))
        if json_file != STDOUT:
            for line in lines(result):
                echo(line)
        say_written(*(name for name in files if name != json_file))
        if json_file is not None:
            from meter_emu.cli.printed.planned import planned

            print_json(planned(result), json_file)
    return EXIT_FOUND if any(one.morning.against_promise for one in result.answers) else EXIT_OK


@examples(
    "plan show summer-2027 12",
    "plan show summer-2027 12 --plan B",
    "plan show plan.toml 53001",
)
@plan.command(cls=CliCommand)
@click.argument("plan_file", metavar="PLAN", type=PLAN)
@click.argument("row", type=click.IntRange(min=2))
@click.option("--plan", "name", type=WORD, help="Under this plan; the first if left out.")
@language_option
def show(plan_file: str, row: int, name: str | None, language: str | None) -> int:
    """Write the life of the meter in ROW of the sheet as a campaign file, for `rehearse` and `run`.

    It is as the plan draws it, unrounded.
    """
    town = _town(plan_file, language)
    if town is None:
        return EXIT_BAD_INPUT
    from meter_emu.planner.classes import Runner
    from meter_emu.world.rehearsal.campaign_toml import campaign_toml

    one = _chosen(plan_file, town, () if name is None else (name,))[0]
    rows = town.sheet.rows
    place = next((at for at, each in enumerate(rows) if each.number == row), None)
    if place is None:
        why = said("is no meter; the last one is in row {last}", last=str(rows[-1].number))
        raise ConfigError(town.sheet.path, said("row {row}", row=str(row)), why)
    runner = Runner(town, one)
    life = runner.exact(town.lives(one), place)
    echo(campaign_toml(runner.campaign([life], [rows[place]])), nl=False)
    return EXIT_OK


def _town(plan_file: str, language: str | None) -> "Town | None":
    """Return the plan with its sheet; `None` where cells are wrong, which is said.

    From here on the command speaks the `language`, or that of the plan.
    """
    from meter_emu.planner.lives import Town
    from meter_emu.planner.plan_file import RawPlanFile, check_plan
    from meter_emu.planner.sheet import read_sheet

    path = find("plans", plan_file)
    raw = read_toml(path, RawPlanFile)
    speak(language or raw.language)
    check_plan(path, raw)
    sheet = read_sheet(path, raw)
    if sheet.mistakes:
        _say_mistakes(sheet)
        return None
    return Town(str(path), raw, sheet)


def _say_mistakes(sheet: "MeterSheet") -> None:
    words = said_of(
        "{count} mistake, nothing was run", "{count} mistakes, nothing was run", len(sheet.mistakes)
    )
    echo(f"meter-emu: {sheet.path}: {words}", err=True)
    for one in sheet.mistakes[:_MISTAKES_SHOWN]:
        echo(one.in_words, err=True)
    if (left := len(sheet.mistakes) - _MISTAKES_SHOWN) > 0:
        echo(said_of("and {count} more", "and {count} more", left), err=True)


def _chosen(plan_file: str, town: "Town", names: Sequence[str]) -> "list[RawPlan]":
    known = {one.name: one for one in town.raw.plan}
    for name in names:
        if name not in known:
            why = said("there is {names}", names=", ".join(known)) + hint(name, known)
            raise ConfigError(plan_file, f"--plan {name}", why)
    return [known[name] for name in dict.fromkeys(names or known)]


@contextmanager
def _checkpoints(json_file: str | None) -> "Iterator[Callable[[], Checkpoint | None]]":
    """Give what makes the checkpoint of each run, next to the JSON; they go when it is written."""
    from meter_emu.world.rehearsal.checkpoint import Checkpoint

    made: list[Checkpoint] = []

    def following() -> Checkpoint | None:
        if json_file is None or json_file == STDOUT:
            return None
        path = Path(f"{json_file}.{len(made) + 1}.checkpoint")
        made.append(Checkpoint(path, lambda words: echo(f"meter-emu: {words}", err=True)))
        return made[-1]

    yield following
    for one in made:
        one.remove()


@contextmanager
def _lives_progress(files: Sequence[str]) -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Give what makes the steps of a plan, by its name."""
    words = marked("plan {plan}: {done} of {total} lives so far")
    with watched(total=1, shown=True, files=files) as done:

        def of_plan(name: str) -> Callable[[int, int], None]:
            return lambda at, of: done(at, said(words, plan=name, done=at, total=of), of=of)

        yield of_plan
