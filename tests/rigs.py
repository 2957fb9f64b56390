"""A home for a test: meter, office and cards, put together as the package does it."""

from collections.abc import Callable
from itertools import count
from random import Random
from typing import Any

from meter_emu.resources import find
from meter_emu.world.households.household import Household
from meter_emu.world.meter.build import REFERENCE
from meter_emu.world.meter.model import MeterModel, load_model
from meter_emu.world.rehearsal.rig import Rig

MODEL = load_model(find("meters", "electricity-pcf8563-utc"))
METER_ID = 541_000_000_001


def counted() -> Callable[[int], bytes]:
    """Return a source of bytes that differ from call to call and from run to run never."""
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


def rig_of(
    *,
    start_us: int,
    model: MeterModel = MODEL,
    load: int | tuple[int, ...] = 0,
    fate: Random | None = None,
    challenge: Callable[[int], bytes] | None = None,
    **household: Any,
) -> Rig:
    """Return a home whose clock was just set, unless `household` says otherwise."""
    facts: dict[str, Any] = {
        "id": "home",
        "kind": "a test's",
        "build": REFERENCE,
        "balance_cents": 2_000,
        "clock_set_us": start_us,
        "meter_id": METER_ID,
    }
    return Rig(
        Household(
            model=model,
            model_name=model.name,
            load=load if isinstance(load, tuple) else (load,) * 24,
            **(facts | household),
        ),
        start_us=start_us,
        fate=Random(1) if fate is None else fate,
        challenge=counted() if challenge is None else challenge,
    )
