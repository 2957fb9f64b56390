"""What buyers of days lived, and whose doing it was: planted causes, drawn homes, planted mistakes.

The oracle is `paygo_light`; `make test-paygo` asks it of 10,000 homes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import repeat
from types import SimpleNamespace
from typing import Final

import pytest

from card_protocol.tokens.openpaygo.counter import PaygoKind
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.households.ledger import NO_TYPO, sold_to
from meter_emu.world.judge import paygo_lived as judged
from meter_emu.world.judge.lived import PaidLight
from meter_emu.world.judge.outcome import Outcome, Supplied
from meter_emu.world.judge.paygo import paygo_walk
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import Lived, RepairName
from meter_emu.world.meter.events import Event
from meter_emu.world.rehearsal.engine import run_meter
from meter_emu.world.rehearsal.fleet import rehearsed
from tests.cells import each_cell, few
from tests.world.judge.paygo_homes import START, Home, campaign_of_home, drawn, us
from tests.world.judge.paygo_light import light, unlike

ADD, SET, UNLOCK = PaygoKind.ADD_TIME, PaygoKind.SET_TIME, PaygoKind.DISABLE
DAY: Final = timedelta(days=1)
MINUTE: Final = timedelta(minutes=1)


def home(
    sales: Sequence[tuple[PaygoKind, int | None]],
    keyed: Sequence[tuple[float, int]],
    outages: Sequence[tuple[float, float]] = (),
    drift_ppb: int = 0,
) -> Home:
    """Return a home that is sold one token a day, and keys them in and has no power on some days.

    `keyed` has the day and which one; days are counted from the start.
    """
    rows = [(f"t{day}", us(START + day * DAY), *sale) for day, sale in enumerate(sales, 1)]
    sold = list(sold_to("home", rows, 1))
    entries = [(START + day * DAY, sold[number], NO_TYPO, True) for day, number in keyed]
    dark = [(START + lost * DAY, START + back * DAY) for lost, back in outages]
    return Home(sold, entries, dark, drift_ppb, 1, restricted=False)


WRONG_ORDER: Final = ([(ADD, 9), (SET, 8)], [(2.5, 1), (3, 0)])  # the older is closed: a day lost
CASES: Final = {  # what was done, how much is missing in days, whose doing it is
    "as sold": (home([(ADD, 9)], [(1, 0)]), 0, None),
    "a week late": (home([(ADD, 9)], [(8, 0)]), 0, None),
    "in a drawer": (home([(ADD, 9), (ADD, 3)], [(1, 0)]), 0, None),
    "taken back": (home([(SET, 20), (ADD, 2), (SET, 0)], [(1, 0), (2, 1), (3, 2)]), 0, None),
    "the rest at the end": (home([(ADD, 60)], [(1, 0)]), 0, None),
    "paid off, keyed in later": (home([(UNLOCK, None)], [(5, 0)]), 0, None),
    "paid off, never keyed in": (home([(UNLOCK, None)], []), 0, None),
    "55 minutes of storm": (home([(ADD, 9)], [(1, 0)], [(3, 3 + 55 / 1440)]), 55 / 1440, None),
    "65 minutes of storm": (home([(ADD, 9)], [(1, 0)], [(3, 3 + 65 / 1440)]), 65 / 1440, "supply"),
    "two days of storm": (home([(ADD, 9)], [(1, 0)], [(3, 5)]), 2, "supply"),
    "five days, and the clock lost": (home([(ADD, 9)], [(1, 0)], [(3, 8)]), 0, None),
    "in the wrong order": (home(*WRONG_ORDER), 1, "household"),
    "both": (home(*WRONG_ORDER, [(4, 6)]), 3, "supply household"),
    "a clock out of its bound, doubted": (home([(ADD, 25)], [(1, 0)], (), 5_000_000), 0, None),
}


@pytest.mark.slow("rehearses fourteen homes, and repaired ones")
@each_cell("name", list(CASES), short=5)
def test_what_a_buyer_lived_and_whose_doing_it_was(name):
    case, missing_days, doing = CASES[name]
    household = case.household()
    outcome, _ = rehearsed(household, campaign_of_home(household), events=False)
    assert outcome.lived.light is not None
    missing = timedelta(microseconds=outcome.lived.light.lost_us)
    assert abs(missing - missing_days * DAY) < (70 if "clock" in name else 5) * MINUTE
    assert (outcome.lived.verdict is Lived.DARK_THOUGH_PAID) == (doing is not None)
    if doing is not None:
        assert outcome.doing is not None
        assert [" ".join(name.value for name in one.repairs) for one in outcome.doing] == [doing]


@pytest.mark.slow("rehearses a home on three programs")
@pytest.mark.parametrize("defect", ["paid-days-in-16-bits", "rest-thrown-away"])
def test_what_a_program_loses_is_the_meters_doing(defect):
    household = home([(ADD, 9), (ADD, 3)], [(1, 0), (2, 1)]).household(f"reference+{defect}")
    outcome, _ = rehearsed(household, campaign_of_home(household), events=False)
    assert outcome.lived.verdict is Lived.DARK_THOUGH_PAID
    assert outcome.repairs == ((RepairName.METER,),)


DRAWN: Final = few(24, short=3)


# The judge can be wrong --------------------------------------------------------------------------

Judged = tuple[Home, Household, Campaign, list[Event], Outcome]


@cache
def homes() -> list[Judged]:
    found = []
    for one in (*map(drawn, range(DRAWN)), *(case for case, *_ in CASES.values())):
        household = one.household()
        campaign = campaign_of_home(household)
        events = run_meter(household, campaign)
        found.append((one, household, campaign, events, judge(household, campaign, events)))
    return found


def denied() -> Iterator[bool]:
    """Yield of each home whether the oracle denies what the judge says of it as he is now."""
    for one, household, campaign, events, outcome in homes():
        account = judged.paygo_lived(household, campaign, events, outcome)
        yield unlike(light(one, events), account)


def _walked(**changes: object) -> object:
    def walk(*of: object) -> object:
        states = paygo_walk(*of).states  # type: ignore[arg-type]
        return SimpleNamespace(states=[replace(one, **changes) for one in states])  # type: ignore[arg-type]

    return walk


def _no_set_ends_anything(household, sold, _start_us, _end_us):
    return sum(judged._sold_us(household, token) for token in sold)


def _lost(count: Callable[[PaidLight], int]) -> type[PaidLight]:
    return type("Lost", (PaidLight,), {"lost_us": property(count)})


MISTAKES: Final = {
    "looser: two days are nothing": ("_UNSEEN_US", 2 * 86_400_000_000),
    "looser: 70 minutes are nothing": ("_UNSEEN_US", 70 * 60_000_000),
    "tighter: half an hour is something": ("_UNSEEN_US", 30 * 60_000_000),
    "tighter: a drawer is lost": ("paygo_walk", _walked(last=65_000)),
    "tighter: nothing is left at the end": ("paygo_walk", _walked(over=True)),
    "tighter: paid off from the sale on": ("_entries_us", lambda *_: iter(())),
    "looser: paid off from never on": ("_entries_us", lambda *_: repeat(2**60, 1)),
    "tighter: what was taken back counts": ("_light_us", _no_set_ends_anything),
    "looser: nothing was sold": ("SoldToken", int),
    "tighter: there was no light": ("PaidLight", _lost(lambda one: one.paid_us - one.left_us)),
    "tighter: light was lost": ("PaidLight", _lost(lambda one: sum(one) - 2 * one.left_us)),
    "tighter: what is left was lost": ("PaidLight", _lost(lambda one: one.paid_us - one.on_us)),
    "looser: what is left was had twice": (
        "PaidLight",
        _lost(lambda one: one.paid_us - one.on_us - 2 * one.left_us),
    ),
}


@pytest.mark.slow("rehearses some homes")
def test_the_oracle_agrees_with_the_judge():
    assert not any(denied())
    verdicts = {outcome.lived.verdict for *_, outcome in homes()}
    assert verdicts == {Lived.DARK_THOUGH_PAID, Lived.NOT_ANNOUNCED}


@pytest.mark.slow("rehearses some homes, where it is the first")
@each_cell("mistake", list(MISTAKES))
def test_a_judge_that_is_looser_or_tighter_is_denied(mistake):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(judged, *MISTAKES[mistake])
        assert any(denied())


@pytest.mark.slow("rehearses some homes, where it is the first")
@each_cell("had", [Supplied.NO_POWER, Supplied.OFF, Supplied.ON])
def test_a_judge_that_takes_one_state_for_another_is_denied(had):
    other = Supplied.OFF if had is Supplied.ON else Supplied.ON
    found = []
    for one, household, campaign, events, outcome in homes():
        supply = tuple(
            part._replace(had=other) if part.had is had else part for part in outcome.supply
        )
        account = judged.paygo_lived(household, campaign, events, replace(outcome, supply=supply))
        found.append(unlike(light(one, events), account))
    assert any(found)
