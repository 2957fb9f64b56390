"""`meter-emu run`: a live meter, in a terminal a screen and keys, without one lines in and out."""

import sys
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

import click

from meter_emu.cli.card import master_key_option, read_master_key
from meter_emu.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from meter_emu.cli.live.lines import Printer
    from meter_emu.cli.live.session import Session
    from meter_emu.cli.live.shell import Input
    from meter_emu.cli.live.slot import Slot
    from meter_emu.cli.live.terminal import Log
    from meter_emu.world.board import Board
    from meter_emu.world.build import Build
    from meter_emu.world.model import MeterModel

EXIT_OK: Final = 0
EXIT_NOT_ALL_DONE: Final = 2
EXIT_SIGNAL: Final = 128  # and the signal's number, as a shell reports it
METER_ID: Final = 541_000_000_001
RATE_UNITS_MAX: Final = 1_000_000  # ours: a gigawatt is no home
_OF_NEW_METERS: Final = ("balance_eur", "meter_id", "key_file")
_LOADS: Final = {"electricity": "load_w", "gas": "load_dm3_per_h"}


@click.command()
@click.argument("meter", required=False)
@click.option("--image", "image_file", metavar="FILE", help="Go on with this meter, and save it.")
@click.option("--build", default="reference", show_default=True, help="reference[+DEFECT...]")
@click.option(
    "--start",
    metavar="TIME",
    help="When it begins: '2020-06-29 08:00' is legal time. Default: now, or what the clock of an "
    "image says.",
)
@click.option("--rate", default="1", show_default=True, help="So many times real time; max: jumps.")
@click.option("--balance-eur", default="0", show_default=True, help="Of a new meter, as 12.50.")
@click.option("--meter-id", type=click.IntRange(1, 2**64 - 1), default=METER_ID, show_default=True)
@click.option("--load-w", type=click.IntRange(0, RATE_UNITS_MAX), help="What the home draws.")
@click.option("--load-dm3-per-h", type=click.IntRange(0, RATE_UNITS_MAX), help="The same for gas.")
@click.option("--reader", metavar="NAME", help="Take cards from this reader, or part of its name.")
@click.option("--yes-write-hardware", "sure", is_flag=True, help="The meter may write on them.")
@click.option("--lines", is_flag=True, help="Lines in and out, also in a terminal.")
@click.option("--seed", type=click.IntRange(min=0), default=0, help="What half-done things leave.")
@master_key_option
def run(**options: Any) -> int:  # noqa: ANN401 - whatever click has parsed
    """Run one meter and sit at it: METER is a built-in model or a model file.

    Exit status: 0, or 2 when something asked for could not be done; 130 after Ctrl-C.
    """
    from meter_emu.cli.live.commands import rate_of
    from meter_emu.cli.live.lines import Printer
    from meter_emu.cli.live.session import Session
    from meter_emu.cli.live.shell import listening
    from meter_emu.cli.live.terminal import Log
    from meter_emu.world.build import parse_build

    model, build = _model(options), parse_build(options["build"])
    fate = Random(options["seed"])  # noqa: S311  torn cells, no secrets
    board = _board(options, model, build, fate)
    shown = not options["lines"] and _in_a_terminal()
    out = Log() if shown else Printer()
    session = Session(
        board,
        model,
        build,
        _slot(options, out.say),
        rate=rate_of(options["rate"], 1),
        image_file=options["image_file"],
        say=out.say,
        wall_ns=time.monotonic_ns,
    )
    with listening(sys.stdin.fileno()) as source:
        session.begin()
        if isinstance(out, Log):
            _sit_at_screen(session, source, out, f"{model.name}  {build.name}")
        else:
            _read_lines(session, source, out)
    if source.caught is not None:
        return EXIT_SIGNAL + source.caught
    return EXIT_NOT_ALL_DONE if session.mistakes and not shown else EXIT_OK


def _slot(options: dict[str, Any], say: "Callable[[str], None]") -> "Slot":
    """Return where cards come from."""
    from meter_emu.cli.live.slot import FileSlot

    if options["reader"] is None:
        chance = Random(f"{options['seed']}/cards")  # noqa: S311  challenges of virtual cards
        return FileSlot(chance)
    if not options["sure"]:
        why = "a meter writes on the cards of --reader: say so with --yes-write-hardware"
        raise click.UsageError(why)
    from meter_emu.cli.live.reader import ReaderSlot

    return ReaderSlot(options["reader"], say=say, wall_ns=time.monotonic_ns)


def _in_a_terminal() -> bool:
    """Whether somebody sits there who can see a screen and press keys."""
    from rich.console import Console

    return sys.stdin.isatty() and sys.stdout.isatty() and not Console().is_dumb_terminal


def _sit_at_screen(session: "Session", source: "Input", log: "Log", title: str) -> None:
    """Show the meter until the person leaves, then save, then give the terminal back."""
    from meter_emu.cli.live.terminal import Screen, single_keys

    screen = Screen(session, source, log, title)
    with single_keys(sys.stdin.fileno()):
        screen.run()
    session.close()
    if screen.gone:
        raise BrokenPipeError


def _read_lines(session: "Session", source: "Input", printer: "Printer") -> None:
    """Do what the lines ask until they end, then save."""
    from meter_emu.cli.live.lines import Lines

    Lines(session, source, printer).run()
    session.close()
    if printer.gone:
        raise BrokenPipeError


def _model(options: dict[str, Any]) -> "MeterModel":
    """Return the model that is named, or that the image names."""
    from meter_emu.cli.explained import read_bytes
    from meter_emu.explain.meter import image_model
    from meter_emu.resources import find
    from meter_emu.world.model import load_model

    file = options["image_file"]
    if options["meter"] is not None:
        return load_model(find("meters", options["meter"]))
    if file is None:
        raise click.UsageError("want METER, or --image FILE, which names its own")
    return image_model(read_bytes(file, "a meter image"), file)


def _board(options: dict[str, Any], model: "MeterModel", build: "Build", fate: Random) -> "Board":
    """Return the meter as it begins: a new one, or the one of an image."""
    from meter_emu.cli.image import cents_of
    from meter_emu.cli.live.commands import instant_us
    from meter_emu.world.commission import Installation, install

    load = _load(options, model)
    start_us = None if options["start"] is None else instant_us(options["start"])
    if options["image_file"] is not None:
        _refuse_of_new_meters()
        return _board_of_image(options["image_file"], model, build, load, start_us, fate)
    now_us = time.time_ns() // 1_000 if start_us is None else start_us
    return install(
        model,
        build,
        Installation(
            meter_id=options["meter_id"],
            balance_cents=cents_of(options["balance_eur"]),
            load=load,
            clock_error_us=0,
            drift_ppb=0,
            clock_set_us=now_us,
        ),
        master=read_master_key(options["key_file"]),
        now_us=now_us,
        fate=fate,
    )


def _load(options: dict[str, Any], model: "MeterModel") -> tuple[int, ...]:
    """Return what the home draws by hour of the day, the same at every hour."""
    from meter_emu.hardware.metrology import HOURS_A_DAY

    wanted = _LOADS[model.energy]
    for name in _LOADS.values():
        if name != wanted and options[name] is not None:
            want, got = (f"--{key.replace('_', '-')}" for key in (wanted, name))
            raise click.UsageError(f"{model.name} is a meter of {model.energy}: {want}, not {got}")
    return (options[wanted] or 0,) * HOURS_A_DAY


def _refuse_of_new_meters() -> None:
    """Refuse options that an image already decides."""
    context = click.get_current_context()
    for name in _OF_NEW_METERS:
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            (option,) = (one for one in context.command.params if one.name == name)
            raise click.UsageError(f"{option.opts[0]} is for a new meter; the image has its own")


def _board_of_image(
    file: str,
    model: "MeterModel",
    build: "Build",
    load: tuple[int, ...],
    start_us: int | None,
    fate: Random,
) -> "Board":
    """Return the meter of an image, powered up at `start_us`, or at what its own clock says."""
    from meter_emu.firmware.layouts import Health
    from meter_emu.world.commission import EPOCH_2000_US
    from meter_emu.world.compose import board_of_file
    from meter_emu.world.plan import insight

    path = Path(file)

    def board_at(now_us: int) -> "Board":
        board, _ = board_of_file(path, model, build, load, drift_ppb=0, now_us=now_us, fate=fate)
        return board

    if start_us is None:
        known = insight(board_at(EPOCH_2000_US), model, build)
        if known is None or known.utc_us is None or known.health is not Health.TRUSTED:
            raise ConfigError(file, "", "its clock says no time to go on from: give --start")
        start_us = known.utc_us
    return board_at(start_us)
