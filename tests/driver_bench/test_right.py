"""Drivers that are right are accused by no law, however they come to be right."""

import pytest

from meter_emu.driver_bench.law import FindingRank
from meter_emu.driver_bench.verify_driver import verify_driver
from tests.driver_bench.drivers.right import RIGHT


@pytest.mark.slow("builds and runs drivers", short=1)
@pytest.mark.parametrize("driver", RIGHT, ids=lambda one: one.__name__)
def test_a_right_driver_is_accused_by_no_law(driver: type) -> None:
    report = verify_driver(driver, tries=40)
    assert report.of_rank(FindingRank.WRONG_DATE) == []
    checked = {one.law_id for one in report.examined if one.tries}
    assert {"get-registers", "torn-get", "torn-set", "goes-on"} <= checked
