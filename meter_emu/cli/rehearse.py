"""`rehearse CAMPAIGN`: its options. What is heavy is imported when they are in order."""

import click

from meter_emu.cli.app import CliCommand, examples
from meter_emu.cli.clustered import cluster_option
from meter_emu.cli.junit import junit_option
from meter_emu.cli.names import BUILD, CAMPAIGN, LEFT, MODEL, language_option
from meter_emu.cli.tracing import trace_option
from meter_emu.cli.trusting import trust_option


@examples(
    "rehearse ores-2020-07",
    "rehearse campaign.toml --report page --json result.json",
    "rehearse ores-2020-07 --household never-back --build reference+end-exclusive --events",
)
@click.command(cls=CliCommand, place="meter_emu.cli.rehearsing:rehearse")
@click.argument("campaign", type=CAMPAIGN)
@click.option(
    "--json", "json_to", type=LEFT, metavar="FILE", help="Write the result as JSON; - for stdout."
)
@click.option(
    "--report", "report_to", type=LEFT, metavar="DIR", help="Write an HTML report: DIR/index.html."
)
@click.option("--events", is_flag=True, help="Show each meter's event log, also in the JSON.")
@click.option(
    "-v", "--verbose", is_flag=True, help="Show every household, its kind and its orders."
)
@click.option(
    "--build",
    type=BUILD,
    metavar="BUILD",
    help="Run this firmware build in all meters, whatever the campaign says.",
)
@click.option(
    "--model", type=MODEL, metavar="MODEL", help="Put all households of its energy on this meter."
)
@click.option(
    "--seed", type=click.IntRange(min=0), help="Randomise copies and poll phases by this seed."
)
@click.option("--household", metavar="ID", help="Run this household only, or all its copies.")
@click.option("--strict", is_flag=True, help="Exit 1 also for notes and what was not rehearsed.")
@trust_option
@click.option(
    "--sample", type=click.IntRange(min=1), metavar="N", help="Run N households, of each kind some."
)
@click.option("--stop-at-first", is_flag=True, help="Stop at the first that is not as expected.")
@click.option("--census", is_flag=True, help="Run equal households too: the result is the same.")
@trace_option
@junit_option
@language_option
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; default one per CPU.")
@cluster_option
def rehearse() -> None:
    """Run CAMPAIGN, a file or a built-in name; judge what each meter did, and each household lived.

    Exit status: 0 all as expected, 1 not or too soon to say; --strict: also notes, some not run.
    """
