"""What households lived, by what they heard: 22 of them in full, and drawn ones by two accounts."""

import os
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from meter_emu.world.judge.lived import (
    NOTHING_HEARD,
    Had,
    HeardAnnouncement,
    HouseholdAct,
    HouseholdDeed,
    LivedAccount,
    LivedStretch,
    LossReason,
)
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import HARM, LIVED_GOOD, LIVED_WORDS, Lived
from meter_emu.world.meter.events import What
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.doing import doing_of
from meter_emu.world.rehearsal.engine import run_meter
from tests.cells import few
from tests.docs.pages import page, table
from tests.world.judge.lived_cases import LivedCase, drawn, plain

CAMPAIGN = load_campaign(Path(__file__).parent / "announced-22.toml")
PAGE = page("docs/decisions/announced.md")
HEAD = ("#", "household", "ordered", "lived", "reason", "who")
CASES = int(os.environ.get("METER_EMU_LIVED", few(2_000, short=250)))
GAS_HELD = "2020-07-06T18:10"


def lived_by(name: str) -> list[str]:
    """Return a household's verdicts, reason and who, as a row of the page has them."""
    campaign = CAMPAIGN
    if name == "22":  # the first one, in a rehearsal that ends a minute after T2
        (one,) = [home for home in CAMPAIGN.households if home.id == "1"]
        (us,) = {shown.cut_us for shown in one.announced}
        assert us is not None
        campaign = replace(CAMPAIGN, end_us=us + 60_000_000)
    else:
        (one,) = [home for home in CAMPAIGN.households if home.id == name.rstrip("b")]
    if name == "6b":
        one = replace(one, model=msgspec.structs.replace(one.model, later_cut="stays_cut"))
    events = run_meter(one, campaign)
    if name == "20":  # a meter that opens the valve for a load, after T2
        held = next(event for event in events if event.what is What.KEY_HELD)
        opened = replace(held, what=What.CLOSED, visit=None)
        events.insert(events.index(held) + 1, opened)
    outcome = judge(one, campaign, events)
    doing = doing_of(one, campaign, outcome) or ()
    who = " or ".join(" and ".join(name.value for name in found.repairs) for found in doing)
    return [outcome.verdict.value, outcome.lived.verdict.value, outcome.lived.why.value, who]


@pytest.mark.slow("rehearses 22 households")
def test_the_22_households_are_as_the_page_says():
    rows = table(PAGE, *HEAD)
    assert [row[0] for row in rows] == [*map(str, range(1, 7)), "6b", *map(str, range(7, 23))]
    for number, _, ordered, *lived in rows:
        found, *rest = lived_by(number)
        assert found in [word.strip("` ") for word in ordered.replace("`", "").split(" or ")], (
            number
        )
        assert rest == lived, number


@pytest.mark.slow("draws 2,000 households, and reads each twice")
def test_two_accounts_of_drawn_households_agree():
    """One was written from the page alone; `make test-lived` has 20,000 of them."""
    counts = Counter[str]()
    for seed in range(CASES):
        case = drawn(seed)
        account = plain(case.account)
        assert account == case.naive, (seed, case)
        counts[account[0]] += 1
    of_tokens = {
        Lived.PAID_NEVER_GOT,
        Lived.CANNOT_BUY,
        Lived.DARK_THOUGH_PAID,
    }  # no meter that is drawn obeys them
    assert set(counts) == {lived.value for lived in set(Lived) - of_tokens}
    assert min(counts.values()) > CASES // 60, counts


def test_an_account_that_is_wrong_by_a_microsecond_disagrees_with_the_other():
    """The check above can fail: each sort of verdict, moved, is denied."""
    moved = set()
    for seed in range(300):
        verdict, at_us, why = drawn(seed).naive
        if at_us is not None:
            assert plain(drawn(seed).account) != (verdict, at_us + 1, why)
            moved.add(verdict)
    assert len(moved) >= 6


def test_what_is_said_of_each_is_on_the_page_of_the_campaign_file():
    rows = table(page("docs/campaign-file.md"), "lived", "means", "as expected")
    assert [(lived, expected) for lived, _, expected in rows] == [
        (lived.value, "yes" if lived in LIVED_GOOD else "only with `expect_lived`")
        for lived in Lived
    ]
    assert len({means for _, means, _ in rows}) == len(rows)
    assert set(LIVED_WORDS) == set(Lived) == HARM | LIVED_GOOD | {Lived.CANNOT_BE_SAID}


# One rule at a time ----------------------------------------------------------------------------

T2, LATE, END = 100, 10, 200
TOLD = HeardAnnouncement(0, T2, T2, False, LATE)


def supply(*changes: tuple[int, Had], end: int = END) -> list[LivedStretch]:
    """Return the supply from its changes, every loss by an order."""
    return [
        LivedStretch(
            from_us,
            to_us,
            had,
            LossReason.ORDER if had in {Had.OFF, Had.LIMITED} else LossReason.NONE,
        )
        for (from_us, had), (to_us, _) in pairwise([*changes, (end, Had.ON)])
    ]


def account(case: list[LivedStretch], *acts: HouseholdAct, heard=TOLD, start_up: int = 0):
    case_ = LivedCase([heard], list(acts), case, start_up)
    assert plain(case_.account) == case_.naive
    return case_.account


@pytest.mark.parametrize(
    ("cut", "verdict", "at"),
    [
        (T2 - 1, Lived.DARK_BEFORE, T2 - 1),  # a microsecond is harm
        (T2, Lived.AS_ANNOUNCED, T2),
        (T2 + LATE, Lived.AS_ANNOUNCED, T2 + LATE),  # off from the deadline on
        (T2 + LATE + 1, Lived.STILL_ON, T2 + LATE),
    ],
)
def test_a_cut_is_as_announced_from_t2_to_its_deadline(cut, verdict, at):
    found = account(supply((0, Had.ON), (cut, Had.OFF)))
    assert found[:2] == (verdict, at)


@pytest.mark.parametrize(
    ("back", "verdict"), [(LATE, Lived.AS_ANNOUNCED), (LATE + 1, Lived.STILL_ON)]
)
def test_no_power_at_t2_gives_the_meter_its_start_up_and_l(back, verdict):
    had = supply((0, Had.ON), (90, Had.NO_POWER), (120, Had.ON), (120 + 3 + back, Had.OFF))
    assert account(had, start_up=3).verdict is verdict


@pytest.mark.parametrize(
    ("end", "verdict"), [(T2 + LATE, Lived.AS_ANNOUNCED), (T2 + LATE - 1, Lived.CANNOT_BE_SAID)]
)
def test_a_rehearsal_must_last_to_the_deadline(end, verdict):
    assert account(supply((0, Had.ON), (T2, Had.OFF), end=end)).verdict is verdict


def test_a_card_counts_once_and_only_with_power():
    asked, put_in = (
        HouseholdAct(20, HouseholdDeed.REACTIVATE),
        HouseholdAct(30, HouseholdDeed.PUT_IN),
    )
    cut = supply((0, Had.ON), (25, Had.NO_POWER), (35, Had.ON), (T2, Had.OFF))
    assert account(cut, asked, put_in).verdict is Lived.AS_ANNOUNCED
    later = HouseholdAct(40, HouseholdDeed.PUT_IN)
    assert account(cut, asked, put_in, later).verdict is Lived.DARK_THOUGH_REACTIVATED


def test_an_ordinary_season_says_nothing():
    case = LivedCase(None, [], supply((0, Had.OFF)), 0)
    assert case.account == NOTHING_HEARD == LivedAccount(Lived.NOT_ANNOUNCED)
