"""A Python driver's own clock: on the bench, sleeping and looking at the time pass its time alone.

It is put into `time` of a process that checks one law and ends, and into modules that took a
function of it by name. Looking through all that is imported takes longer than checking a law, and
in a forked process it copies most of the memory: so who forks looks, once for all laws.
"""

import sys
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Final, NamedTuple

from meter_emu.driver_bench.clock_bench import LOOK_US, ClockBench

_OURS: Final = "meter_emu"
_KEPT: Final = (
    "sleep", "sleep_ms", "sleep_us", "ticks_ms", "ticks_us", "ticks_add", "ticks_diff",
    "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns",
)  # fmt: skip


class Taken(NamedTuple):
    """Which modules took a function of `time` by name."""

    places: tuple[tuple[dict[str, Any], str, str], ...] = ()  # of a module: names, one, in `time`
    looked_at: frozenset[str] = frozenset()


NOBODY: Final = Taken()


def taken(before: Taken = NOBODY) -> Taken:
    """Look through the modules that are imported, but for those that were looked at before."""
    by_id = {id(vars(time)[name]): name for name in _KEPT if name in vars(time)}
    places = [
        (vars(module), name, by_id[id(value)])
        for module in _of_drivers(before.looked_at)
        for name, value in vars(module).items()
        if id(value) in by_id
    ]
    return Taken((*before.places, *places), before.looked_at | sys.modules.keys())


def keep_time(bench: ClockBench, before: Taken) -> None:
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
    assert kept.keys() == set(_KEPT), "what is looked for is what is kept"
    for names, name, in_time in taken(before).places:
        names[name] = kept[in_time]
    vars(time).update(kept)


def _of_drivers(but: frozenset[str]) -> Iterator[ModuleType]:
    """Yield the modules that are neither Python's nor ours, and those that they loaded apart."""
    apart = {_OURS, *sys.stdlib_module_names}
    for name, module in tuple(sys.modules.items()):
        if name in but or name.partition(".")[0] in apart or not isinstance(module, ModuleType):
            continue
        yield module
        for value in tuple(vars(module).values()):
            if isinstance(value, ModuleType) and value.__name__ not in sys.modules:
                yield value
