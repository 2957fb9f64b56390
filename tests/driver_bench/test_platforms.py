"""A driver that is written for a platform compiles unchanged on its stand-ins, and is judged."""

import subprocess
from pathlib import Path

import pytest

from meter_emu.driver_bench.law import FindingRank
from meter_emu.driver_bench.starter import PLATFORMS, write_starter
from meter_emu.driver_bench.verify_driver import verify_driver
from meter_emu.errors import ConfigError
from tests.driver_bench.planted import compiler

HERE = Path(__file__).parent / "drivers" / "platforms"
LAWS = ("set-registers", "get-registers", "torn-get", "torn-set", "goes-on", "begin-keeps-time")


@pytest.mark.slow("builds and runs drivers", short=1)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_driver_of_a_platform_compiles_unchanged(platform: str, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    write_starter(str(folder), platform)
    for name in ("cc", "g++", "make"):
        compiler(name)
    for declares in folder.glob("declares.*"):
        declares.unlink()
    (source,) = HERE.glob(f"{platform}.*")
    (folder / source.name).write_bytes(source.read_bytes())
    strict = "-Wall -Wextra -Werror -Wno-unused"
    subprocess.run(
        ["make", "-s", "-C", str(folder), f"CFLAGS={strict}", f"CXXFLAGS={strict}"], check=True
    )
    report = verify_driver(str(folder / "driver"), tries=20, law_ids=LAWS)
    assert report.of_rank(FindingRank.WRONG_DATE) == []
    assert all(one.tries for one in report.examined)


def test_each_platform_has_an_example_to_begin_with(tmp_path: Path) -> None:
    for platform in PLATFORMS:
        written = write_starter(str(tmp_path / platform), platform)
        names = {path.name for path in written}
        assert {"Makefile", "driver_host.c"} <= names
        assert names & {"declares.c", "declares.cpp"}
    with pytest.raises(ConfigError, match="did you mean 'arduino'"):
        write_starter(str(tmp_path / "other"), "ardwino")
