"""The laws against the program of this process, which has one change in it; no test runs.

Of what lies on cards, the fuzz targets are laws too: what must hold of any bytes. Of chips, the
laws of the driver bench, with drivers that are right.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any, Final

from meter_emu.domain import BUDGET, DeviceName
from meter_emu.driver_bench.examine import examine_law
from meter_emu.driver_bench.load import open_driver
from meter_emu.driver_bench.verify_driver import DRIVER_LAWS, driver_rig
from meter_emu.fuzz.mutate import blindly, mutated
from meter_emu.fuzz.targets import targets
from meter_emu.laws import laws
from meter_emu.laws.law import Broken, DrawStory, Law, Trial
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import models
from meter_emu.world.meter.devices import DEVICES
from tests.mutants.changes import REACHED

POLLS_MAX: Final = 1_000  # ours: of a home; the reference has 400 at most, in 300 stories
_TARGETS: Final[dict[str, tuple[str, ...]]] = {
    "office": ("card-records",),
    "formats": ("card-image", "card-records", "card-session", "clock-card", "container", "record-"),
    "chips": ("clock-registers", "memory"),
}
_INPUTS: Final = 60  # ours: of a target, besides its seeds
_DRIVER_TRIES: Final = 10
# Published drivers, and ours of the chip that none of them knows; the rest of what laws say of them
# is known: they read no 12-hour mode, report no garbage, and take years past their chip's.
_DRIVERS: Final[dict[str, frozenset[str]]] = {
    "ours:Ours": frozenset(),
    "registry:Ds3231": frozenset({"twelve-read", "garbage-reported", "range-ends"}),
    "registry:Ds1307": frozenset({"twelve-read", "garbage-reported", "range-ends"}),
    "registry:Pcf8563": frozenset(
        {"torn-set", "alarm-read-back", "garbage-reported", "range-ends"}
    ),
}


def by_laws(area: str, *, stories: int, seed: int) -> dict[str, Any]:
    """Return which law breaks first, and after how many stories of each way to draw one.

    The laws are those of the devices whose routines are in the area. `reached` counts the stories
    in which the changed routine ran.
    """
    for name in _broken_by_inputs(area, seed) if area in _TARGETS else ():
        return {"law": name, "after": 0}
    if area == "chips":
        for name in _broken_by_drivers(seed):
            return {"law": name, "after": 0}
    groups: dict[tuple[DeviceName, DrawStory], list[Law]] = {}
    for device in DEVICES:
        if (device == BUDGET) == (area != "tokens"):
            for law in laws(device).values():
                groups.setdefault((device, law.draw), []).append(law)
    reached = 0
    for number in range(stories):
        for (device, draw), group in groups.items():
            before = REACHED[0]
            story = draw(seeded(f"{seed}/{draw.__name__}/{number}", number), models(device))
            trial = Trial(replace(story, polls_max=POLLS_MAX), "reference")
            for law in group:
                finding = law.asked(trial)
                if isinstance(finding, Broken):
                    return {"law": law.id, "after": number + 1, "words": finding.words}
            reached += REACHED[0] > before
    return {"law": None, "reached": reached}


def _broken_by_inputs(area: str, seed: int) -> Iterator[str]:
    """Yield the fuzz targets of which something does not hold."""
    for target in targets().values():
        if not target.id.startswith(_TARGETS[area]):
            continue
        random = Random(seed)
        blind: Callable[[bytes], bytes] = partial(
            blindly, words=target.words, size_max=target.size_max, random=random
        )
        inputs = list(target.seeds())
        inputs += [mutated(target, random.choice(inputs), random, blind) for _ in range(_INPUTS)]
        for data in inputs:
            try:
                target.check(data, "reference")
            except Exception:  # noqa: BLE001  whatever a target raises is a find
                yield f"fuzz {target.id}"
                break


def _broken_by_drivers(seed: int) -> Iterator[str]:
    """Yield the laws of the driver bench that a driver breaks, and should not."""
    for name, known in _DRIVERS.items():
        for law in DRIVER_LAWS.values():
            driver = open_driver(f"tests.driver_bench.drivers.{name}")
            try:
                if law.id in known or not set(law.needs) <= set(driver.offers):
                    continue
                rig = driver_rig(driver)
                if examine_law(
                    rig, law, tries=_DRIVER_TRIES, seed=seed, every=False, kinds=1
                ).found:
                    yield f"driver {law.id}"
            finally:
                driver.end()
