"""`meter-emu run`: a live meter, in a terminal a screen and keys, without one lines in and out."""

import sys
import time
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING, Any, Final

import click

from meter_emu.cli.card import master_key_option
from meter_emu.cli.tracing import recording, trace_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from meter_emu.cli.live.lines import Printer
    from meter_emu.cli.live.origin import LiveOrigin
    from meter_emu.cli.live.session import Session
    from meter_emu.cli.live.shell import Input
    from meter_emu.cli.live.slot import Slot
    from meter_emu.cli.live.terminal import Log
    from meter_emu.world.board import Board
    from meter_emu.world.build import Build
    from meter_emu.world.model import MeterModel
    from meter_emu.world.witness import Witness

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
@trace_option
@master_key_option
def run(**options: Any) -> int:  # noqa: ANN401 - whatever click has parsed
    """Run one meter and sit at it: METER is a built-in model or a model file.

    Exit status: 0, or 2 when something asked for could not be done; 130 after Ctrl-C.
    """
    from meter_emu.cli.live.commands import rate_of
    from meter_emu.cli.live.lines import Printer
    from meter_emu.cli.live.origin import board_of, model_of
    from meter_emu.cli.live.session import Session
    from meter_emu.cli.live.shell import listening
    from meter_emu.cli.live.terminal import Log
    from meter_emu.world.build import parse_build

    if options["meter"] is None and options["image_file"] is None:
        raise click.UsageError("want METER, or --image FILE, which names its own")
    model = model_of(options["meter"] or "", options["image_file"] or "")
    build = parse_build(options["build"])
    origin = _origin(options, model, build)
    board = board_of(origin, model, build)
    shown = not options["lines"] and _in_a_terminal()
    out = Log() if shown else Printer()
    with (
        _witness(options["trace_to"], origin, board, model) as witness,
        listening(sys.stdin.fileno()) as source,
    ):
        session = Session(
            board,
            model,
            build,
            _slot(options, out.say),
            rate=rate_of(options["rate"], 1),
            image_file=options["image_file"],
            say=out.say,
            wall_ns=time.monotonic_ns,
            witness=witness,
        )
        session.begin()
        if isinstance(out, Log):
            _sit_at_screen(session, source, out, f"{model.name}  {build.name}")
        else:
            _read_lines(session, source, out)
    if source.caught is not None:
        return EXIT_SIGNAL + source.caught
    return EXIT_NOT_ALL_DONE if session.mistakes and not shown else EXIT_OK


@contextmanager
def _witness(
    trace_to: str | None, origin: "LiveOrigin", board: "Board", model: "MeterModel"
) -> "Iterator[Witness | None]":
    """Give who records the sitting in a file, if there is one for it."""
    import msgspec

    from card_protocol.trace import no_clock
    from meter_emu.explain.meter import clock_of
    from meter_emu.world.witness import MeterTrace

    with recording(trace_to, msgspec.to_builtins(origin)) as recorder:
        if recorder is None:
            yield None
            return
        yield MeterTrace(recorder, board, clock_of(board, model))
        recorder.ended(clock=no_clock, us=board.now_us)


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


def _origin(options: dict[str, Any], model: "MeterModel", build: "Build") -> "LiveOrigin":
    """Return how the meter begins: a new one, or the one of an image."""
    import msgspec

    from meter_emu.cli.image import cents_of
    from meter_emu.cli.live.commands import instant_us
    from meter_emu.cli.live.origin import LiveOrigin, digest_of, shown_us

    image = options["image_file"] or ""
    start_us = None if options["start"] is None else instant_us(options["start"])
    begins = LiveOrigin(
        meter=options["meter"] or "",
        build=build.name,
        start_us=0,
        load=_load(options, model),
        seed=options["seed"],
        clock=model.rtc_base,
    )
    if image:
        _refuse_of_new_meters()
        return msgspec.structs.replace(
            begins,
            image=image,
            sha256=digest_of(image),
            start_us=shown_us(image, model, build) if start_us is None else start_us,
        )
    return msgspec.structs.replace(
        begins,
        start_us=time.time_ns() // 1_000 if start_us is None else start_us,
        meter_id=options["meter_id"],
        balance_cents=cents_of(options["balance_eur"]),
        key_file=options["key_file"] or "",
    )


def _load(options: dict[str, Any], model: "MeterModel") -> int:
    """Return what the home draws, the same at every hour of the day."""
    wanted = _LOADS[model.energy]
    for name in _LOADS.values():
        if name != wanted and options[name] is not None:
            want, got = (f"--{key.replace('_', '-')}" for key in (wanted, name))
            raise click.UsageError(f"{model.name} is a meter of {model.energy}: {want}, not {got}")
    return options[wanted] or 0


def _refuse_of_new_meters() -> None:
    """Refuse options that an image already decides."""
    context = click.get_current_context()
    for name in _OF_NEW_METERS:
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            (option,) = (one for one in context.command.params if one.name == name)
            raise click.UsageError(f"{option.opts[0]} is for a new meter; the image has its own")
