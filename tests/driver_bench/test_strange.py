"""Drivers that hang, raise or fall, and declarations that are wrong: a verdict, or one line."""

import gc
import stat
import time
from pathlib import Path

import pytest

from meter_emu.driver_bench.clock_bench import ACCESSES_MAX
from meter_emu.driver_bench.law import FindingRank
from meter_emu.driver_bench.verify_driver import verify_driver
from meter_emu.errors import ConfigError

PLACE = "tests.driver_bench.drivers.strange"


def words(name: str, law_id: str) -> str:
    report = verify_driver(f"{PLACE}:{name}", law_ids=(law_id,), tries=3)
    assert report.wrong
    return report.examined[0].found[0].words


@pytest.mark.slow("builds and runs drivers", short=5)
@pytest.mark.parametrize(
    ("name", "law_id", "said"),
    [
        ("Hangs", "get-registers", "no end: more than 1 s of processor time in one call"),
        ("Drops", "get-registers", "no end: more than 1 s of processor time in one call"),
        ("Waits", "get-registers", f"no end: more than {ACCESSES_MAX:,} accesses in one call"),
        ("Swallows", "get-registers", f"no end: more than {ACCESSES_MAX:,} accesses in one call"),
        ("Raises", "get-registers", "refuses: RuntimeError: no time"),
        ("Elsewhere", "set-registers", "no chip answers at address 50h"),
        ("Ends", "get-registers", "ends the process with status 7"),
        ("Falls", "get-registers", "ends the process by SIGSEGV"),
        ("Nonsense", "get-registers", "refuses: ValueError: invalid literal"),
        ("DoesNotBegin", "get-registers", "refuses: OSError: no such bus"),
        ("TwoOfOne", "second-instance", "get of the first"),
    ],
)
def test_a_driver_that_misbehaves_is_a_verdict(name: str, law_id: str, said: str) -> None:
    assert said in words(name, law_id)


@pytest.mark.slow("collects all the time")
def test_who_times_the_collector_does_not_move_the_time_of_the_bench() -> None:
    """Hypothesis does; the clock that it then reads in the child is the bench's."""

    def callback(_phase: str, _info: dict[str, int]) -> None:
        time.perf_counter()

    gc.callbacks.append(callback)
    before = gc.get_threshold()
    gc.set_threshold(3, 1, 1)
    try:
        report = verify_driver(f"{PLACE}:Two", law_ids=("get-registers",), tries=5)
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(callback)
    assert report.examined[0].tries == 5
    assert not report.examined[0].found


@pytest.mark.slow("builds and runs drivers")
def test_a_driver_in_order_is_none() -> None:
    report = verify_driver(f"{PLACE}:Two", tries=20)
    assert report.of_rank(FindingRank.WRONG_DATE) == []
    checked = {one.law_id for one in report.examined if one.tries}
    assert "second-instance" in checked


@pytest.mark.slow("builds and runs drivers")
def test_a_chip_by_its_register_map_is_as_any_other() -> None:
    report = verify_driver(f"{PLACE}:Mapped", tries=30)
    assert report.of_rank(FindingRank.WRONG_DATE) == []
    checked = {one.law_id for one in report.examined if one.tries}
    assert {"set-registers", "twelve-read", "torn-get", "set-starts"} <= checked
    assert "got 2000-01-01 12:00:00" in words("MaskedTwelve", "twelve-read")


def test_a_southern_zone_has_its_summer_at_the_turn_of_the_year() -> None:
    report = verify_driver(f"{PLACE}:Local", law_ids=("is-summer",))
    assert report.examined[0].found[0].tries <= 5


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Unknown", "chop: is not declared, did you mean 'chip'?"),
        ("NoChip", "no chip 'ds1309', did you mean 'ds1339'?"),
        ("NoRoutine", "gett: is no routine, did you mean 'get'?"),
        ("NoMap", "registers: expected a hexadecimal number for each of second,"),
        ("Zone", "zone: no zone 'Europe/Bruxelles'"),
        ("Missing", "has no class 'Missing'"),
    ],
)
def test_a_wrong_declaration_is_one_line(name: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        verify_driver(f"{PLACE}:{name}")
    assert said in str(error.value)


def test_a_program_that_is_no_driver_is_one_line(tmp_path: Path) -> None:
    program = tmp_path / "driver"
    with pytest.raises(ConfigError, match="there is no file"):
        verify_driver(str(program))
    program.write_text("#!/bin/sh\necho hello\n")
    with pytest.raises(ConfigError, match="is not executable"):
        verify_driver(str(program))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(ConfigError, match="is no driver on pipes: it says 'hello'"):
        verify_driver(str(program))
    program.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(ConfigError, match="no driver on pipes: the program ended with status 3"):
        verify_driver(str(program))
    program.write_text("#!/bin/sh\nread line; echo driver routines=get chip=ds1307; read line\n")
    assert (
        "ended with status 0"
        in verify_driver(str(program), law_ids=("get-registers",)).examined[0].found[0].words
    )
