"""Mistakes planted in our own three drivers, each with the law that is to catch it.

The letter and number behind a mistake in the drivers are those of `docs/date-bugs.md`'s classes: A
leap years and month lengths, B encoding and width, C chips and drivers, D zones, E what is due.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from meter_emu.driver_bench.examine import LawResult, examine_law
from meter_emu.driver_bench.law import ClockLaw
from meter_emu.driver_bench.load import open_driver
from meter_emu.driver_bench.verify_driver import driver_rig

HERE = Path(__file__).parent / "drivers"
HOST = Path(__file__).parents[2] / "meter_emu" / "driver_bench" / "host"
PYTHON = "tests.driver_bench.drivers.ours:Ours"

PLANTED = {
    "python": {
        1: "get-yearday", 2: "get-registers", 3: "twelve-read", 4: "twelve-set-in",
        5: "set-starts", 6: "others-kept", 7: "set-registers", 8: "torn-set", 9: "torn-get",
        10: "doubt-reported", 11: "get-registers", 12: "get-registers", 13: "get-weekday",
        14: "torn-switch", 15: "alarm-registers", 16: "alarm-weekday", 17: "twelve-alarm",
        18: "now-number",
    },
    "c": {
        1: "is-leap", 2: "is-leap", 3: "days-in-month", 4: "day-of-year", 5: "number", 6: "year-of",
        7: "weekday", 8: "number", 9: "next-day", 10: "year-of", 11: "nth-weekday",
        12: "last-weekday", 13: "is-summer", 14: "local", 15: "local", 16: "due", 17: "reached",
        18: "encode", 19: "decode", 20: "weekday-legal", 21: "set-registers", 22: "set-registers",
        23: "set-registers", 24: "torn-set", 25: "torn-set", 26: "torn-get", 27: "get-registers",
        28: "get-registers", 29: "get-registers", 30: "torn-get", 31: "alarm-weekday",
        32: "alarm-weekday", 33: "alarm-unused", 34: "alarm-read-back",
    },
    "c++": {
        1: "get-registers", 2: "twelve-read", 3: "twelve-read", 4: "twelve-set-in",
        5: "begin-keeps-time", 6: "twelve-set-over", 7: "weekday-code", 8: "set-registers",
        9: "set-registers", 10: "torn-set", 11: "torn-get", 12: "get-registers", 13: "get-weekday",
        14: "get-registers", 15: "twelve-switch", 16: "torn-switch", 17: "doubt-kept",
        18: "twelve-alarm", 19: "alarm-weekday", 20: "alarm-registers",
    },
}  # fmt: skip
NOTES = {("python", 6), ("python", 10), ("c++", 17)}  # caught by a note, not by a wrong date


def compiler(name: str) -> str:
    """Return the compiler; without one, what needs it is skipped, or fails where `CI=true`."""
    found = shutil.which(name)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} is missing, and CI is to have it")
        pytest.skip(f"{name} is missing: drivers in C cannot be built")
    return found


def build(source: Path, to: Path, *options: str) -> Path:
    """Return a driver, built with the host; warnings are errors."""
    strict = ["-O1", "-Wall", "-Wextra", "-Werror", f"-I{HOST}"]
    host = to / "host.o"
    if not host.exists():
        what = [*strict, "-c", "-o", str(host), str(HOST / "driver_host.c")]
        subprocess.run([compiler("cc"), "-std=c99", *what], check=True)
    plus = source.suffix == ".cpp"
    standard = "-std=c++11" if plus else "-std=c99"
    made = to / f"{source.stem}{source.suffix.replace('.', '-')}"
    by = compiler("g++" if plus else "cc")
    files = ["-o", str(made), str(source), str(host)]
    subprocess.run([by, standard, *strict, *options, *files], check=True)
    return made


def examined_here(name: str, law: ClockLaw, tries: int, seed: int = 0) -> LawResult:
    """Check a law in this process: a child for each of hundreds costs more than they do."""
    driver = open_driver(name)
    try:
        return examine_law(driver_rig(driver), law, tries=tries, seed=seed, every=False, kinds=1)
    finally:
        driver.end()


@contextmanager
def planting(number: int) -> Iterator[None]:
    """Have a driver with its mistake of this number; 0 is none."""
    before = os.environ.pop("PLANTED", None)
    os.environ["PLANTED"] = str(number)
    try:
        yield
    finally:
        del os.environ["PLANTED"]
        if before is not None:
            os.environ["PLANTED"] = before
