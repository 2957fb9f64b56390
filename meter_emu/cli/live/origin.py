"""How a live meter stands when it begins: all of it, so that it can be made the same way again.

Keys stay where they are: a meter of an image is that file, a new one has its keys from a key file.
"""

import hashlib
from pathlib import Path
from random import Random
from typing import Annotated

import msgspec
from msgspec import Meta

from meter_emu.cli.held import read_bytes
from meter_emu.cli.names import read_master_key
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.errors import ConfigError
from meter_emu.explain.meter import image_model
from meter_emu.firmware.layouts import Health
from meter_emu.hardware.metrology import RATE_UNITS_MAX
from meter_emu.resources import find
from meter_emu.units import EPOCH_2000_US, HOURS_A_DAY
from meter_emu.world.households.household import Household
from meter_emu.world.meter.build import Build
from meter_emu.world.meter.image import board_of_file
from meter_emu.world.meter.model import MeterModel, load_model
from meter_emu.world.meter.plan import insight
from meter_emu.world.meter.times import END_US
from meter_emu.world.rehearsal.rig import Rig


class LiveOrigin(
    msgspec.Struct, tag_field="kind", tag="run", forbid_unknown_fields=True, kw_only=True
):
    """A meter of an image, with the hash of its bytes, or a new one; what is not needed is empty.

    `load` is what the household draws all day, W or dm³/h. `clock` is what the registers of the
    meter's clock count, for people.
    """

    meter: str
    build: str
    start_us: Annotated[int, Meta(ge=EPOCH_2000_US, lt=END_US)]
    load: Annotated[int, Meta(ge=0, le=RATE_UNITS_MAX)]
    seed: int
    image: str = ""
    sha256: str = ""
    meter_id: int = 0
    balance_cents: int = 0
    key_file: str = ""
    clock: str


def model_of(meter: str, image: str) -> MeterModel:
    """Return the model that is named, or that the image names."""
    if meter:
        return load_model(find("meters", meter))
    return image_model(read_bytes(image, "a meter image"), image)


def digest_of(path: str) -> str:
    """Return the hash of a meter image's bytes; raise `ImageError` when it cannot be read."""
    return hashlib.sha256(read_bytes(path, "a meter image")).hexdigest()


def rig_at_start(origin: LiveOrigin, model: MeterModel, build: str) -> Rig:
    """Return the live meter's household as it begins, its meter running `build`."""
    household = Household(
        id="run",
        kind="an interactive meter",
        model=model,
        model_name=origin.meter,
        build=build,
        balance_cents=origin.balance_cents,
        load=(origin.load,) * HOURS_A_DAY,
        clock_set_us=origin.start_us,
        meter_id=origin.meter_id,
        image=Path(origin.image) if origin.image else None,
    )
    return Rig(
        household,
        start_us=origin.start_us,
        fate=Random(origin.seed),  # noqa: S311  torn cells, no secrets
        challenge=Random(f"{origin.seed}/cards").randbytes,  # noqa: S311  virtual cards' challenges
        master=TEST_MASTER_KEY if origin.image else read_master_key(origin.key_file or None),
    )


def shown_us(image: str, model: MeterModel, build: Build) -> int:
    """Return the instant that the clock of an image says; raise `ConfigError` when it says none."""
    board, _ = board_of_file(
        Path(image),
        model,
        build,
        (0,) * HOURS_A_DAY,
        drift_ppb=0,
        now_us=EPOCH_2000_US,
        fate=Random(0),  # noqa: S311  it is thrown away again
    )
    known = insight(board, model, build)
    if known is None or known.utc_us is None or known.health is not Health.TRUSTED:
        raise ConfigError(image, "", "its clock says no time to go on from: give --start")
    return known.utc_us
