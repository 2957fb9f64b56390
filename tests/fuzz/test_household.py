"""The household at play reaches what it is to reach, and sees mistakes put in on purpose."""

from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from meter_emu.fuzz.at_play import KEY_STATES
from meter_emu.fuzz.finds import failure
from meter_emu.fuzz.reach import OracleError, overheard
from meter_emu.fuzz.targets import targets
from meter_emu.fuzz.targets.household import at_play
from meter_emu.stories.chooser import Replayed, seeded
from meter_emu.strategies.at_play import HouseholdMachine
from tests.docs.pages import page, table

HOUSEHOLDS = 150  # as the page says
TARGET_HEAD = ("target", "is given", "must hold")


@pytest.mark.slow("fuzzes in processes of its own")
def test_every_key_state_is_reached_and_nothing_is_wrong_with_the_reference():
    reached = Counter[str]()
    for number in range(HOUSEHOLDS):
        reached.update(at_play(seeded(number), "reference").reached)
    assert set(reached) == set(KEY_STATES)
    assert reached["cut at T2"] >= 0.2 * HOUSEHOLDS
    assert reached["extended"] >= 0.2 * HOUSEHOLDS
    rows = {name: str(round(100 * reached[name] / HOUSEHOLDS)) for name in KEY_STATES}
    assert dict(table(page("docs/fuzzing.md"), "state", "of a hundred")) == rows


@pytest.mark.slow("runs a household a case")
@pytest.mark.parametrize(
    ("build", "said"),
    [
        ("reference+end-exclusive", "no cut comes early"),
        ("reference+stale-order-accepted", "an order is never older"),
        ("reference+reactivation-clears-one", "is supplied at a press"),
        ("reference+only-in-its-minute", "a cut that is due has come"),
    ],
)
def test_a_defect_is_seen(build, said):
    found = (complaint(number, build) for number in range(HOUSEHOLDS))
    assert said in next(why for why in found if why is not None)


def complaint(number: int, build: str) -> str | None:
    try:
        at_play(seeded(number), build)
    except OracleError as error:
        return str(error)
    return None


def test_the_simplest_household_is_an_order_brought_to_the_meter():
    assert at_play(Replayed(()), "reference").reached == {"armed"}


# The same events, drawn by the rules of Hypothesis ------------------------------------------------

ROUNDS, HOUSEHOLDS_A_ROUND = 20, 50  # 1 to 7 rounds are enough, from twelve different seeds
RULED = settings(
    max_examples=HOUSEHOLDS_A_ROUND,
    stateful_step_count=20,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def ruled(build: str, round_: int) -> set[str]:
    """Play a round of households, and return the key states they have been in."""
    reached: set[str] = set()

    class Machine(HouseholdMachine):
        def teardown(self) -> None:
            reached.update(self.household.reached)

    Machine.build = build
    run_state_machine_as_test(seed(round_)(Machine), settings=RULED)
    return reached


@pytest.mark.slow("fuzzes in processes of its own")
def test_the_rules_reach_every_key_state_within_a_thousand_households():
    reached: set[str] = set()
    for round_ in range(ROUNDS):
        reached |= ruled("reference", round_)
        if reached == set(KEY_STATES):
            break
    assert reached == set(KEY_STATES)


@pytest.mark.slow("plays households by rules")
def test_the_rules_see_a_defect():
    with pytest.raises(OracleError, match="no cut comes early"):
        ruled("reference+end-exclusive", 0)


def test_a_find_says_in_words_what_was_seen():
    target, build = targets()["household"], "reference+end-exclusive"
    random = Random(1)
    found = (random.randbytes(60) for _ in range(400))
    data = next(data for data in found if failure(target, data, build) is not None)
    with overheard() as said:
        failure(target, data, build)
    assert any("supply off" in line for line, _ in said)


def test_the_page_lists_the_targets():
    rows = {name: said for name, *said in table(page("docs/fuzzing.md"), *TARGET_HEAD)}
    assert set(rows) == set(targets())
    known = [target for target in targets().values() if not target.canary]
    assert [rows[one.id] for one in known] == [[one.asks, one.oracles] for one in known]
