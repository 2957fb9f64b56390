"""Our three drivers are clean in both ranks, and each mistake planted in them is caught."""

from pathlib import Path
from statistics import median

import pytest

from meter_emu.driver_bench.law import FindingRank
from meter_emu.driver_bench.verify_driver import DRIVER_LAWS, verify_driver
from tests.cells import few
from tests.driver_bench.planted import HERE, NOTES, PLANTED, PYTHON, build, examined_here, planting

TRIES = 60


@pytest.fixture(scope="module")
def drivers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return our drivers by the language they are in."""
    to = tmp_path_factory.mktemp("drivers")
    made = {"c": build(HERE / "ours.c", to), "c++": build(HERE / "ours.cpp", to)}
    return {"python": PYTHON, **{name: str(path) for name, path in made.items()}}


@pytest.mark.slow("builds and runs drivers")
def test_ours_are_clean_in_both_ranks_and_offer_what_laws_need(drivers: dict[str, str]) -> None:
    offered = set()
    for name, driver in drivers.items():
        with planting(0):
            report = verify_driver(driver, tries=few(TRIES // 2, short=TRIES // 12), every=False)
        assert [found for one in report.examined for found in one.found] == [], name
        offered |= {one.law_id for one in report.examined if not one.lacks}
    assert set(DRIVER_LAWS) - offered == {"second-instance"}, "every other was checked somewhere"


@pytest.mark.slow("builds and runs drivers")
def test_each_planted_mistake_is_caught_by_its_law_in_few_tries(drivers: dict[str, str]) -> None:
    tries = []
    for name, mistakes in PLANTED.items():
        for number, law_id in mistakes.items():
            with planting(number):
                found = examined_here(drivers[name], DRIVER_LAWS[law_id], TRIES).found
            assert found, (name, number, law_id)
            noted = (name, number) in NOTES
            rank = FindingRank.CONTRACT if noted else FindingRank.WRONG_DATE
            assert found[0].rank is rank, (name, number)
            tries.append(found[0].tries)
    assert len(tries) == 72
    assert max(tries) <= TRIES
    assert median(tries) <= 5


def test_every_planted_mistake_is_listed() -> None:
    for name, source, mark in (("python", "ours.py", "planted("), ("c", "ours.c", "P("),
                               ("c++", "ours.cpp", "P(")):  # fmt: skip
        text = Path(HERE / source).read_text("utf-8")
        assert all(f"{mark}{number})" in text for number in PLANTED[name]), name
        assert f"{mark}{max(PLANTED[name]) + 1})" not in text, name
