"""Drivers that a registry has, at fixed versions: what is known of them is found, and no more."""

from importlib.util import find_spec

import pytest

from meter_emu.driver_bench.law import Rank
from meter_emu.driver_bench.report import Report
from meter_emu.driver_bench.run import verify_driver

pytestmark = pytest.mark.skipif(
    find_spec("adafruit_ds3231") is None, reason="`make test` installs Adafruit's"
)

NOTES = {("garbage-reported", "second"), ("range-ends", "year after its years")}
TWELVE = {("twelve-read", "hour")}
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
}
CONTRACT = {"Ds1307": NOTES | TWELVE, "Ds3231": NOTES | TWELVE, "Pcf8563": NOTES}


def found(report: Report, rank: Rank) -> set[tuple[str, str]]:
    return {(one.law_id, " ".join(found.differs)) for one, found in report.of_rank(rank)}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_known_of_a_published_driver_is_found(name):
    report = verify_driver(f"tests.driver_bench.drivers.registry:{name}", tries=40)
    assert found(report, Rank.WRONG_DATE) == WRONG[name]
    assert found(report, Rank.CONTRACT) == CONTRACT[name]
