"""`distinguish BUILD BUILD`: a household in which two builds differ, and what to look at."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Final

import click

from meter_emu.cli.answers import Coverage, played_by, so_many
from meter_emu.cli.app import CliCommand, examples
from meter_emu.cli.exits import EXIT_FOUND, EXIT_OK
from meter_emu.cli.names import BUILD, MODEL, json_option
from meter_emu.cli.output import STDOUT, echo, print_json
from meter_emu.cli.progress import watched

if TYPE_CHECKING:
    from meter_emu.verify.distinguish import Comparison

_EXAMPLES: Final = 1_000  # where neither a number nor a time is given


@examples(
    "distinguish reference+end-exclusive reference+doy-common-year",
    "distinguish mine:old mine:new --model gas-pcf8563-battery --examples 5000",
    "distinguish reference+torn-read reference --time 60 --json result.json",
)
@click.command("distinguish", cls=CliCommand)
@click.argument("first", type=BUILD, metavar="BUILD")
@click.argument("second", type=BUILD, metavar="BUILD")
@click.option(
    "--model", "models", multiple=True, type=MODEL, metavar="MODEL", help="On these meters only."
)
@click.option(
    "--examples", type=click.IntRange(min=1), help=f"Number of stories; default {_EXAMPLES:,}."
)
@click.option("--time", "time_s", type=click.IntRange(min=1), help="Stop after so many seconds.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, help="Randomise stories by this seed."
)
@click.option("--toml", "plain", is_flag=True, help="Only the campaign in which they differ.")
@json_option
def distinguish_builds(
    first: str,
    second: str,
    *,
    models: Sequence[str],
    examples: int | None,
    time_s: int | None,
    seed: int,
    plain: bool,
    json_file: str | None,
) -> int:
    """Find the shortest household in which two builds differ, and say what to look at.

    A BUILD is reference, reference+DEFECT, or your own MODULE:FACTORY or ./PROGRAM. Exit
    status: 0 no difference was found, 1 they differ.
    """
    if plain and json_file == STDOUT:
        raise click.UsageError("--toml and --json - both want standard output")
    sys.path.insert(0, str(Path.cwd()))  # where they are who have a program of their own
    from meter_emu.verify.distinguish import distinguish

    if examples is None and time_s is None:
        examples = _EXAMPLES
    with watched(total=examples, shown=True, time_s=time_s) as done:
        found = distinguish(
            first,
            second,
            models=models,
            examples=examples,
            seed=seed,
            deadline_s=time_s,
            hear=lambda stories: done(stories, f"{stories:,} stories, no difference"),
        )
    if json_file is not None:
        from meter_emu.cli.printed.verified import distinguished

        print_json(distinguished(found), json_file)
    if plain and found.difference is not None:
        echo(found.difference.text, nl=False)
    elif json_file != STDOUT:
        echo("\n".join(_lines(found, models)), err=plain)
    return EXIT_OK if found.difference is None else EXIT_FOUND


def _lines(found: "Comparison", models: Sequence[str]) -> Iterator[str]:
    first, second = found.builds
    difference = found.difference
    if difference is None:
        stories = so_many(found.stories, "story", "stories")
        reach = Coverage(
            ("kind of story", "kinds of story"), found.asked, found.not_asked, "one story"
        )
        about = f"{first} and {second}"
        yield from reach.verdict(about, "no difference", f"{stories} (seed {found.seed})")
        return
    yield (
        f"{first} and {second} differ in story {difference.number} of seed {found.seed}, "
        f"made small in {difference.runs} runs"
    )
    yield f"look at {difference.look_at} on {difference.day}"
    named = [word for name in models for word in ("--model", name)]
    again = join(["meter-emu", "distinguish", first, second, *named, "--seed", str(found.seed)])
    yield f"shown by: {again} --toml > differ.toml; {played_by('differ.toml', second)}"
    wide = max(map(len, found.builds))
    for one in difference.seen:
        yield f"  {one.build:<{wide}}  {one.words}"
    yield f"the household, of {first}:"
    for line in difference.course:
        yield f"  {line}"
