"""How many tries each planted mistake takes, and how many without edges: `make test-drivers`.

Prints, by class of mistake, the median and the worst of ten seeds; then what every law says of our
three drivers on every day of their years.
"""

import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from meter_emu.driver_bench import draws
from meter_emu.driver_bench.law import DAY, Case, DriverRig
from meter_emu.driver_bench.verify_driver import DRIVER_LAWS, verify_driver
from tests.driver_bench.planted import HERE, PLANTED, PYTHON, build, examined_here, planting

SEEDS: Final = range(10)
MOST: Final = 2_000  # tries after which a mistake counts as not found
_SOURCES: Final = {"python": "ours.py", "c": "ours.c", "c++": "ours.cpp"}
_CLASSES: Final = {
    "A": "leap years, lengths of months",
    "B": "encoding, width",
    "C": "chips and drivers",
    "D": "zones",
    "E": "what is due",
    "F": "counters",
}


def classes(name: str) -> dict[int, str]:
    """Return the class of each mistake: the letter behind it in the driver's source."""
    text = (HERE / _SOURCES[name]).read_text("utf-8")
    found: dict[int, str] = {}
    for line in text.splitlines():
        for number in re.findall(r"(?:\bP|planted)\((\d+)\)", line):
            letter = re.search(r"(?:/\*|//|#) ([A-F])\d*[:, \s*]", line + " ")
            if letter and int(number) not in found:
                found[int(number)] = letter[1]
    return found


def tries(driver: str, law_id: str, seed: int) -> int:
    """Return the try that finds it, or `MOST`."""
    found = examined_here(driver, DRIVER_LAWS[law_id], MOST // 10, seed).found
    return min((one.tries for one in found), default=MOST)


def measure(drivers: dict[str, str]) -> dict[str, list[int]]:
    """Return the tries of every mistake and seed, by class."""
    seen: dict[str, list[int]] = defaultdict(list)
    for name, mistakes in PLANTED.items():
        letters = classes(name)
        for number, law_id in mistakes.items():
            with planting(number):
                seen[letters.get(number, "C")] += [tries(drivers[name], law_id, s) for s in SEEDS]
    return seen


def _any(rig: DriverRig, random: Random, _number: int) -> Case:
    return Case(draws.evenly(random, rig.declared))


def _any_day(rig: DriverRig, random: Random, number: int) -> Case:
    t = _any(rig, random, number).t.replace(hour=0, minute=0, second=0)
    return Case(min(t, rig.declared.last - 2 * DAY))


def _any_number(rig: DriverRig, random: Random, number: int) -> Case:
    t = _any_day(rig, random, number).t
    return Case(t, ((t - rig.declared.epoch) // DAY,))


_EVEN: Final = {
    "is-leap": _any_day, "next-day": _any_day, "year-of": _any_number, "local": _any,
    "is-summer": _any,
}  # fmt: skip


def evenly_only() -> None:
    """Have every date drawn evenly over the years, in this process."""
    names = vars(draws)
    names["edge"] = draws.evenly
    names["counted"] = names["near_midnight"] = draws.draw_moment
    names["zone_changes"] = lambda *_: ()
    for law_id, draw in _EVEN.items():
        DRIVER_LAWS[law_id] = replace(DRIVER_LAWS[law_id], draw=draw)


def main() -> None:
    """Print the tables."""
    with TemporaryDirectory() as folder:
        to = Path(folder)
        drivers = {"python": PYTHON, "c": str(build(HERE / "ours.c", to)),
                   "c++": str(build(HERE / "ours.cpp", to))}  # fmt: skip
        for name, driver in drivers.items():
            with planting(0):
                report = verify_driver(driver)
            checks = sum(one.tries for one in report.examined)
            found = sum(len(one.found) for one in report.examined)
            cpu_s = sum(one.cpu_ms for one in report.examined) / 1000
            print(f"{name}: {checks:,} checks, {found} findings, {cpu_s:.1f} s of processor time")
        ours = measure(drivers)
        evenly_only()
        even = measure(drivers)
    print("| class | mistakes | tries: median, worst | evenly drawn: median, worst |")
    print("| --- | --- | --- | --- |")
    for letter, words in _CLASSES.items():
        one, other = ours[letter], even[letter]
        count = len(one) // len(SEEDS)
        said = " | ".join(f"{median(some):g}, {max(some):,}" for some in (one, other))
        print(f"| {letter} {words} | {count} | {said} |")


if __name__ == "__main__":
    main()
