"""The household at play reaches what it is to reach, and sees mistakes put in on purpose."""

from collections import Counter
from random import Random

import pytest

from meter_emu.fuzz.finds import failure
from meter_emu.fuzz.target import OracleError
from meter_emu.fuzz.targets import targets
from meter_emu.fuzz.targets.household import KEY_STATES, at_play
from meter_emu.stories.chooser import Replayed, seeded
from tests.docs.pages import page, table

HOUSEHOLDS = 300  # as the page says
TARGET_HEAD = ("target", "is given", "must hold")


def test_every_key_state_is_reached_and_nothing_is_wrong_with_the_reference():
    reached = Counter[str]()
    for seed in range(HOUSEHOLDS):
        reached.update(at_play(seeded(seed), "reference").reached)
    assert set(reached) == set(KEY_STATES)
    assert reached["cut at T2"] >= 0.2 * HOUSEHOLDS
    assert reached["extended"] >= 0.2 * HOUSEHOLDS
    rows = {name: str(round(100 * reached[name] / HOUSEHOLDS)) for name in KEY_STATES}
    assert dict(table(page("docs/fuzzing.md"), "state", "of a hundred")) == rows


@pytest.mark.parametrize(
    ("build", "said"),
    [
        ("reference+end-exclusive", "no cut comes early"),
        ("reference+stale-order-accepted", "an order is never older"),
        ("reference+reactivation-clears-one", "not armed keeps its supply"),
        ("reference+minutes-in-16-bits", ""),
    ],
)
def test_a_defect_is_seen(build, said):
    found = (complaint(seed, build) for seed in range(2 * HOUSEHOLDS))
    assert said in next(why for why in found if why is not None)


def complaint(seed: int, build: str) -> str | None:
    try:
        at_play(seeded(seed), build)
    except OracleError as error:
        return str(error)
    return None


def test_the_simplest_household_is_an_order_brought_to_the_meter():
    assert at_play(Replayed(()), "reference").reached == {"armed"}


def test_a_find_says_in_words_what_was_seen():
    target, build = targets()["household"], "reference+end-exclusive"
    random = Random(1)
    found = (random.randbytes(60) for _ in range(400))
    data = next(data for data in found if failure(target, data, build) is not None)
    told = target.in_words(data, build)
    assert any("supply off" in line for line in told)
    assert told[-1].startswith("then: ")


def test_the_page_lists_the_targets():
    rows = {name: said for name, *said in table(page("docs/fuzzing.md"), *TARGET_HEAD)}
    assert set(rows) == set(targets())
    known = [target for target in targets().values() if not target.canary]
    assert [rows[one.id] for one in known] == [[one.asks, one.oracles] for one in known]
