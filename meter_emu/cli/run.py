"""`meter-emu run`: a live meter, in a terminal a screen and keys, without one lines in and out."""

from typing import Any, Final

import click

from meter_emu.cli.app import CliCommand, examples
from meter_emu.cli.names import BUILD, FILE, LEFT, METER_OR_CAMPAIGN, OneOf, master_key_option
from meter_emu.cli.tracing import trace_option
from meter_emu.cli.trusting import trust_option
from meter_emu.hardware.metrology import RATE_UNITS_MAX
from meter_emu.languages.tables import SPOKEN

METER_ID: Final = 541_000_000_001


@examples(
    "run",
    "run electricity-pcf8563-utc --start '2020-06-29 07:00' --balance-eur 20 --load-w 400",
    "run ores-2020-07 --household never-back --build reference+end-exclusive --web",
)
@click.command(cls=CliCommand)
@click.argument("meter", metavar="[MODEL]", type=METER_OR_CAMPAIGN, required=False)
@click.option(
    "--image", "image_file", type=FILE, metavar="FILE", help="Resume from this image, save to it."
)
@click.option(
    "--build", type=BUILD, default="reference", show_default=True, help="reference[+DEFECT...]"
)
@click.option(
    "--start",
    metavar="TIME",
    help="When it begins: '2020-06-29 08:00' is legal time. Default: now, or what the clock of an "
    "image says.",
)
@click.option("--rate", default="1", show_default=True, help="Times real time, as 60; max: jumps.")
@click.option("--balance-eur", default="0", show_default=True, help="Of a new meter, as 12.50.")
@click.option("--meter-id", type=click.IntRange(1, 2**64 - 1), default=METER_ID, show_default=True)
@click.option("--load-w", type=click.IntRange(0, RATE_UNITS_MAX), help="What the household draws.")
@click.option("--load-dm3-per-h", type=click.IntRange(0, RATE_UNITS_MAX), help="The same for gas.")
@click.option("--reader", metavar="NAME", help="Take cards from this reader, or part of its name.")
@click.option("--yes-write-hardware", "sure", is_flag=True, help="The meter may write on them.")
@click.option(
    "--json", "json_to", type=LEFT, metavar="FILE", help="Write events as JSON lines; - for stdout."
)
@click.option("--household", metavar="ID", help="Of a campaign, named as MODEL.")
@click.option("--web", is_flag=True, help="The front panel, in a browser on this machine.")
@click.option("--language", type=OneOf(SPOKEN), help="With --web: of the panel.")
@click.option("--twin", metavar="BUILD", help="With --web: a second meter that lives the same.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="For --web. Default: any.")
@trust_option
@click.option("--lines", is_flag=True, help="Lines in and out, also in a terminal.")
@click.option("--script", type=FILE, metavar="FILE", help="First do what these lines say.")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    help="Randomise what cut writes leave by this seed.",
)
@trace_option
@master_key_option
def run(**options: Any) -> int:  # noqa: ANN401 - whatever click has parsed
    """Operate one interactive meter: MODEL is a built-in name or a file.

    Alone it is the evening of 3 July 2020, a quarter of an hour before the announced cut, at a
    meter that got the date in March, with its card in the slot.

    Exit status: 0, or 2 when something asked for could not be done; 130 after Ctrl-C.
    """
    from meter_emu.cli.live.start import sit

    return sit(options)
