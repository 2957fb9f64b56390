"""`verify BUILD`: its options. What is heavy is imported when they are in order."""

from typing import Final

import click

from meter_emu.cli.app import CliCommand, examples
from meter_emu.cli.clustered import cluster_option
from meter_emu.cli.junit import junit_option
from meter_emu.cli.names import BUILD, CAMPAIGN, FILE, LEFT, MODEL, WORD, json_option
from meter_emu.driver_bench import TRIES

EXAMPLES: Final = 1_000  # where neither a number nor a time is given
_FOLDER: Final = "counterexamples"


@examples(
    "verify reference+end-exclusive",
    "verify mine:program --model gas-pcf8563-battery --examples 200",
    "verify --driver drivers:Mine --law torn-get --junit result.xml",
)
@click.command("verify", cls=CliCommand, place="meter_emu.cli.verifying:verify_build")
@click.argument("build", type=BUILD, required=False)
@click.option("--driver", type=WORD, metavar="DRIVER", help="A clock driver, alone on a bench.")
@click.option("--starter", type=LEFT, metavar="DIR", help="Write what drivers in C are built with.")
@click.option(
    "--platform",
    type=WORD,
    metavar="NAME",
    help="With --starter: stand-ins for a platform's headers; `meter-emu list platforms`.",
)
@click.option(
    "--int16",
    "sixteen",
    type=FILE,
    metavar="FILE",
    help="Write a driver in C as C++ in which int has 16 bits.",
)
@click.option("--again", type=FILE, metavar="FILE", help="With --driver: check this case again.")
@click.option(
    "--model", "models", multiple=True, type=MODEL, metavar="MODEL", help="On these meters only."
)
@click.option("--law", "law_ids", multiple=True, type=WORD, metavar="LAW", help="These laws only.")
@click.option(
    "--examples",
    type=click.IntRange(min=1),
    help=f"Number of stories, default {EXAMPLES:,}; with --driver, of tries, default {TRIES}.",
)
@click.option("--time", "time_s", type=click.IntRange(min=1), help="Stop after so many seconds.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, help="Randomise stories by this seed."
)
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; default one per CPU.")
@cluster_option
@click.option(
    "--story",
    type=CAMPAIGN,
    metavar="FILE",
    help="Check this campaign only; without --law, by the laws of any story.",
)
@click.option(
    "--to",
    "folder",
    type=LEFT,
    metavar="DIR",
    default=_FOLDER,
    help=f"Where to write what breaks a law; default {_FOLDER}.",
)
@junit_option
@json_option
@click.option(
    "-v", "--verbose", is_flag=True, help="Show every law, and what the stories were about."
)
def verify_build() -> None:
    """Run the laws against BUILD: reference, reference+DEFECT, MODULE:FACTORY or ./PROGRAM.

    Or against a clock driver: `--driver MODULE:CLASS` or `--driver ./program`.

    Exit status: 0 every law held, 1 one is broken, 2 nothing was checked.
    """
