"""Drivers that a registry has, at fixed versions: what is known of them is found, and no more."""

from importlib.util import find_spec

import pytest

from meter_emu.driver_bench.law import FindingRank
from meter_emu.driver_bench.report import DriverReport
from meter_emu.driver_bench.verify_driver import verify_driver

pytestmark = pytest.mark.skipif(
    find_spec("adafruit_ds3231") is None or find_spec("urtc") is None,
    reason="`make test` installs them",
)

GARBAGE = ("garbage-reported", "second")
NOTES = {GARBAGE, ("range-ends", "year after its years")}
TWELVE = {("twelve-read", "hour")}
UNMASKED = ("unused-bits", "month day hour minute")  # right by a data sheet that says they read 0
WRONG: dict[str, set[tuple[str, str]]] = {
    "Ds1307": set(),
    "Ds3231": set(),
    # Its set clears VL by reading the seconds and writing them back; its alarm is read unmasked,
    # and an alarm by weekday reads as one by the day of the month.
    "Pcf8563": {
        ("torn-set", "second"),
        ("alarm-read-back", "hour"),
        ("alarm-read-back", "hour fields"),
    },
    "UrtcDs1307": set(),
    "UrtcDs3231": set(),
}
CONTRACT = {
    "Ds1307": NOTES | TWELVE,
    "Ds3231": NOTES | TWELVE,
    "Pcf8563": NOTES,
    "UrtcDs1307": NOTES | TWELVE | {UNMASKED},
    "UrtcDs3231": NOTES
    | TWELVE
    | {("unused-bits", "month day hour minute second"), ("century-apart", "month")},
}


def found(report: DriverReport, rank: FindingRank) -> set[tuple[str, str]]:
    return {(one.law_id, " ".join(found.differs)) for one, found in report.of_rank(rank)}


@pytest.mark.slow("builds and runs drivers", short=1)
@pytest.mark.parametrize("name", WRONG)
def test_what_is_known_of_a_published_driver_is_found(name):
    report = verify_driver(f"tests.driver_bench.drivers.registry:{name}", tries=20)
    assert found(report, FindingRank.WRONG_DATE) == WRONG[name]
    assert found(report, FindingRank.CONTRACT) == CONTRACT[name]


@pytest.mark.slow("builds and runs drivers")
def test_a_driver_that_has_day_and_weekday_in_each_others_register_is_found_by_many_laws() -> None:
    """`urtc` 1.0 writes a PCF8523 as it writes a DS1307, and has a slip in reading its alarm."""
    report = verify_driver("tests.driver_bench.drivers.registry:UrtcPcf8523", tries=6)
    wrong = found(report, FindingRank.WRONG_DATE)
    assert {("set-registers", "day"), ("get-registers", "day")} <= wrong
    assert ("alarm-read-back", "refused: AttributeError") in wrong
    assert ("doubt-apart", "day second") in wrong, "OS is next to the seconds"
