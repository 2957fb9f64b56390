"""`meter-emu image`: make meter images, explain every byte of one, compare two."""

import os
import re
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Final

import click

from meter_emu.cli.app import CliGroup, examples
from meter_emu.cli.exits import EXIT_FOUND, EXIT_OK
from meter_emu.cli.explained import print_parts, tell_differences, verdict_on_parts
from meter_emu.cli.held import leave_image, read_bytes
from meter_emu.cli.names import (
    FILE,
    MODEL,
    OneOf,
    issued_at_min,
    json_option,
    master_key_option,
    meter_option,
    read_master_key,
)
from meter_emu.cli.output import STDOUT, echo, print_json
from meter_emu.cli.with_layout import compare_dumps, layout_option, only_with_layout, show_dump
from meter_emu.errors import ConfigError, OutputError

if TYPE_CHECKING:
    from meter_emu.world.meter.model import MeterModel

MINUTES_MAX: Final = 36_525 * 24 * 60  # of 2000 to 2099, what a clock chip counts right
_AMOUNT: Final = re.compile(r"-?\d{1,6}(\.\d{1,2})?", re.ASCII)
_model_option: Final = click.option(
    "--model",
    type=MODEL,
    metavar="NAME",
    help="A built-in model or a model file. Default: the built-in one the image names.",
)


@click.group(cls=CliGroup)
def image() -> None:
    """Make meter images, explain and compare them."""


@examples(
    "image new home.image --model electricity-pcf8563-utc --meter-id 541000000001",
    "image new home.image --model gas-pcf8563-battery --meter-id 7 --balance-eur 12.50",
    "image new home.image --model my-meter.toml --meter-id 7 --at '2020-06-02 10:00'",
)
@image.command()
@click.argument("file", type=FILE)
@click.option(
    "--model", type=MODEL, metavar="NAME", required=True, help="A built-in model or a model file."
)
@meter_option("The meter's number.")
@click.option(
    "--at",
    metavar="TIME",
    help="When the image is taken, and the clock set: as --issued-at of card new. Default: now.",
)
@click.option("--balance-eur", default="0", show_default=True, help="Such as 12.50.")
@click.option("--prepayment", type=OneOf(["on", "off"]), default="on", show_default=True)
@click.option("--limiter", is_flag=True, help="Grant the limiter.")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@master_key_option
@json_option
def new(
    file: str,
    model: str,
    meter: int,
    at: str | None,
    balance_eur: str,
    prepayment: str,
    limiter: bool,
    force: bool,
    key_file: str | None,
    json_file: str | None,
) -> None:
    """Install a new meter, its clock just set, and save its image as FILE."""
    from meter_emu.resources import find
    from meter_emu.units import EPOCH_2000_US, HOURS_A_DAY, MINUTE_US
    from meter_emu.world.households.household import Household
    from meter_emu.world.meter.build import REFERENCE
    from meter_emu.world.meter.image import image_of
    from meter_emu.world.meter.model import load_model
    from meter_emu.world.rehearsal.rig import Rig

    if not force and os.path.lexists(file):
        raise OutputError(file, "it is there already, and --force was not given")
    of_model = load_model(find("meters", model))
    minute = issued_at_min(at, of_model.zone)
    if minute >= MINUTES_MAX:
        raise click.BadParameter("a clock chip counts the years 2000 to 2099", param_hint="--at")
    now_us = EPOCH_2000_US + minute * MINUTE_US
    of_model = load_model(find("meters", model))
    household = Household(
        id="new",
        kind="a new meter",
        model=of_model,
        model_name=model,
        build=REFERENCE,
        balance_cents=cents_option(balance_eur),
        load=(0,) * HOURS_A_DAY,  # what flows is the campaign's business and in no image
        clock_set_us=now_us,
        meter_id=meter,
        prepayment=prepayment == "on",
        limiter=limiter,
    )
    chance = Random(meter)  # noqa: S311  where the tick counter stands, no secret
    rig = Rig(
        household,
        start_us=now_us,
        fate=chance,
        challenge=chance.randbytes,
        master=read_master_key(key_file),
    )
    raw = image_of(rig.board, of_model)
    leave_image(file, raw, replace=force)
    if json_file is not None:
        from meter_emu.cli.printed.images import ImageNewJson

        shown = ImageNewJson(file=file, model=of_model.name, meter=meter, size_bytes=len(raw))
        print_json(shown, json_file)
    if json_file != STDOUT:
        echo(f"{file}: meter {meter} of model {of_model.name}, {len(raw)} bytes")


@examples(
    "image show home.image",
    "image show home.image --json -",
    "image show eeprom.bin --layout state-grid-order --at 256",
)
@image.command()
@click.argument("file", type=FILE)
@_model_option
@layout_option
@json_option
def show(
    file: str, model: str | None, layout: str | None, begins: int | None, json_file: str | None
) -> int:
    """Explain every byte of the meter image in FILE. Keys are never shown.

    With a layout, FILE is somebody else's dump. Exit status 1 when something in it is wrong: a
    record torn, a value out of range.
    """
    from meter_emu.explain.meter import explain_image, meter_id_of

    if layout is not None:
        _no_model(model)
        return show_dump(file, layout, begins, json_file)
    only_with_layout(begins)
    raw, of_model = _read(file, model)
    parts = explain_image(raw, of_model)
    meter = meter_id_of(parts)
    sound = all(part.sound for part in parts)
    if json_file is not None:
        from meter_emu.cli.printed.base import shaped
        from meter_emu.cli.printed.byte_results import PartShownJson
        from meter_emu.cli.printed.images import ImageShownJson

        shown = ImageShownJson(
            file=file,
            model=of_model.name,
            meter=meter,
            size_bytes=len(raw),
            sound=sound,
            parts=tuple(shaped(part, PartShownJson) for part in parts),
        )
        print_json(shown, json_file)
    if json_file != STDOUT:
        who = "no meter yet" if meter is None else f"meter {meter}"
        echo(f"{file}: {verdict_on_parts(parts)}\n{who}, model {of_model.name}, {len(raw)} bytes\n")
        print_parts(parts)
    return EXIT_OK if sound else EXIT_FOUND


@examples(
    "image diff before.image after.image",
    "image diff before.image after.image --json -",
    "image diff before.bin after.bin --layout my-layout.toml",
)
@image.command()
@click.argument("a", type=FILE)
@click.argument("b", type=FILE)
@_model_option
@layout_option
@json_option
def diff(
    a: str,
    b: str,
    model: str | None,
    layout: str | None,
    begins: int | None,
    json_file: str | None,
) -> int:
    """Say in which fields the meter images in A and B differ.

    With a layout, they are somebody else's dumps. Exit status 0 when they are the same, 1 when they
    differ.
    """
    from meter_emu.explain.meter import check_image, explain_image
    from meter_emu.rows import differences

    if layout is not None:
        _no_model(model)
        return compare_dumps(a, b, layout, begins, json_file)
    only_with_layout(begins)
    raw_a, of_model = _read(a, model)
    raw_b = read_bytes(b, "a meter image")
    check_image(raw_b, of_model, b)
    parts_a, parts_b = (explain_image(raw, of_model, fold=False) for raw in (raw_a, raw_b))
    found = list(differences(parts_a, parts_b, raw_a, raw_b))
    return tell_differences(a, b, found, json_file)


@examples(
    "image layout home.image",
    "image layout gas.image",
    "image layout my.image --model my-meter.toml",
)
@image.command()
@click.argument("file", type=FILE)
@_model_option
def layout(file: str, model: str | None) -> None:
    """Write the layout of a meter image.

    Change a copy of it to explain a dump that is laid out in a similar way.
    """
    from meter_emu.explain.meter import explain_image
    from meter_emu.foreign.written_out import layout_toml

    raw, of_model = _read(file, model)
    name = f"meter image of {of_model.name}"
    echo(layout_toml(name, explain_image(raw, of_model, fold=False), len(raw)), nl=False)


def _no_model(model: str | None) -> None:
    if model is not None:
        raise click.UsageError("--model is for our own images, --layout for other dumps")


def _read(file: str, model: str | None) -> "tuple[bytes, MeterModel]":
    """Return a whole meter image and its model; raise `ImageError` or `ConfigError`."""
    from meter_emu.explain.meter import check_image, image_model
    from meter_emu.resources import find
    from meter_emu.world.meter.model import load_model

    raw = read_bytes(file, "a meter image")
    of_model = image_model(raw, file) if model is None else load_model(find("meters", model))
    check_image(raw, of_model, file)
    return raw, of_model


def cents_option(text: str) -> int:
    """Return the cents in an amount such as `-12.50`; raise `ConfigError`."""
    if _AMOUNT.fullmatch(text) is None:
        raise ConfigError("--balance-eur", "", f"expected an amount such as 12.50, got {text!r}")
    return int(Decimal(text) * 100)
