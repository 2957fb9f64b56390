"""Which meter a sitting begins with: a new one, or one that was saved, as the options say."""

import time
from collections.abc import Iterable
from typing import Any, Final

import click
import msgspec

from meter_emu.cli.image import cents_option
from meter_emu.cli.live.commands import typed_instant_us
from meter_emu.cli.live.origin import LiveOrigin, digest_of, shown_us
from meter_emu.world.meter.build import Build
from meter_emu.world.meter.model import MeterModel

_OF_NEW_METERS: Final = ("balance_eur", "meter_id", "key_file")
_LOADS: Final = ("load_w", "load_dm3_per_h")


def origin_of(options: dict[str, Any], model: MeterModel, build: Build) -> LiveOrigin:
    """Return how the meter begins: a new one, or the one of an image."""
    image = options["image_file"] or ""
    wall_us = time.time_ns() // 1_000
    start = options["start"]
    start_us = None if start is None else typed_instant_us(start, wall_us, model.zone)
    begins = LiveOrigin(
        meter=options["meter"] or "",
        build=build.name,
        start_us=0,
        load=_load(options, model),
        seed=options["seed"],
        clock=model.rtc_base,
    )
    if image:
        refuse_given("{} is for a new meter; the image has its own", _OF_NEW_METERS)
        return msgspec.structs.replace(
            begins,
            image=image,
            sha256=digest_of(image),
            start_us=shown_us(image, model, build) if start_us is None else start_us,
        )
    return msgspec.structs.replace(
        begins,
        start_us=wall_us if start_us is None else start_us,
        meter_id=options["meter_id"],
        balance_cents=cents_option(options["balance_eur"]),
        key_file=options["key_file"] or "",
    )


def _load(options: dict[str, Any], model: MeterModel) -> int:
    """Return what the home draws, the same at every hour of the day."""
    wanted = model.measures.load_key
    for name in _LOADS:
        if name != wanted and options[name] is not None:
            want, got = (f"--{key.replace('_', '-')}" for key in (wanted, name))
            raise click.UsageError(f"{model.name} is a meter of {model.energy}: {want}, not {got}")
    return options[wanted] or 0


def refuse_given(why: str, names: Iterable[str]) -> None:
    """Refuse those options of `names` that were given; `why` has a place for the option."""
    context = click.get_current_context()
    for name in names:
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            (option,) = (one for one in context.command.params if one.name == name)
            raise click.UsageError(why.format(option.opts[0]))
