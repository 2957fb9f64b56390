"""A driver for each shape of bus, as `--starter` writes it, is built and has no wrong date."""

import subprocess
import sys
from pathlib import Path

import pytest

from meter_emu.driver_bench.law import FindingRank
from meter_emu.driver_bench.starter import write_starter
from meter_emu.driver_bench.verify_driver import verify_driver
from tests.cells import few
from tests.driver_bench.planted import compiler

SHAPES = ("callbacks", "wire", "port_io", "words")
LAWS = ("set-registers", "get-registers", "goes-on", "set-starts", "torn-get", "torn-set")
PYTHON = ("CircuitPython", "MicroPython", "Smbus")


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("starter") / "new"
    written = write_starter(str(folder))
    assert {path.name for path in written} > {"driver_host.c", "driver_under_test.h", "Makefile"}
    for name in ("cc", "g++", "make"):
        compiler(name)
    subprocess.run(["make", "-s", "-C", str(folder)], check=True)
    return folder


@pytest.mark.slow("builds and runs drivers")
def test_each_shape_is_built_and_right(starter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (starter / "drivers.py").rename(starter / "shapes_of_python.py")
    monkeypatch.syspath_prepend(starter)
    drivers = [*(str(starter / name) for name in SHAPES),
               *(f"shapes_of_python:{name}" for name in PYTHON)]  # fmt: skip
    for driver in drivers:
        report = verify_driver(driver, tries=few(20, short=8), law_ids=LAWS)
        assert report.of_rank(FindingRank.WRONG_DATE) == [], driver
        assert all(one.tries for one in report.examined), driver
    sys.modules.pop("shapes_of_python")
