"""A Python driver's own clock: on the bench, sleeping and looking at the time pass its time alone.

It is put into `time` of a process that checks one law and ends, and into modules that took a
function of it by name.
"""

import sys
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Final

from meter_emu.driver_bench.clock_bench import LOOK_US, ClockBench

_OURS: Final = "meter_emu"


def keep_time(bench: ClockBench) -> None:
    """Have a driver's sleep pass on the bench, and its clock be the bench's."""

    def now_us() -> int:
        bench.wait(LOOK_US)
        return bench.now_us

    kept: dict[str, Callable[..., Any]] = {
        "sleep": lambda seconds: bench.wait(int(seconds * 1_000_000)),
        "sleep_ms": lambda count: bench.wait(int(count) * 1_000),
        "sleep_us": lambda count: bench.wait(int(count)),
        "ticks_ms": lambda: now_us() // 1_000,
        "ticks_us": now_us,
        "ticks_add": lambda ticks, more: ticks + more,
        "ticks_diff": lambda one, other: one - other,
    }
    for name in ("monotonic", "perf_counter"):
        kept[name] = lambda: now_us() / 1_000_000
        kept[f"{name}_ns"] = lambda: now_us() * 1_000
    by_id = {id(vars(time)[name]): own for name, own in kept.items() if name in vars(time)}
    for module in _of_drivers():
        names = vars(module)
        names.update(
            {name: by_id[id(value)] for name, value in names.items() if id(value) in by_id}
        )
    vars(time).update(kept)


def _of_drivers() -> Iterator[ModuleType]:
    """Yield the modules that are neither Python's nor ours, and those that they loaded apart."""
    apart = {_OURS, *sys.stdlib_module_names}
    for name, module in tuple(sys.modules.items()):
        if name.partition(".")[0] not in apart and isinstance(module, ModuleType):
            yield module
            for value in tuple(vars(module).values()):
                if isinstance(value, ModuleType) and value.__name__ not in sys.modules:
                    yield value
