"""A household of a campaign, lived in a sitting: nobody at it is the rehearsal, to the byte."""

from typing import Any

import pytest

from meter_emu.cli.live.start import CardFiles
from meter_emu.resources import built_in
from meter_emu.sitting.cards import HouseholdCards
from meter_emu.sitting.sitting import Sitting
from meter_emu.units import MINUTE_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.times import us_to_iso
from meter_emu.world.rehearsal.by_hand import LivedByHand
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from tests.cells import each_cell


def sat(household: Household, campaign: Campaign) -> tuple[Sitting, LivedByHand, list[str]]:
    said: list[str] = []
    lived = LivedByHand(household, campaign)
    sitting = Sitting(
        lived, HouseholdCards(lived), CardFiles(), rate=0, held=None, say=said.append,
        take=lambda _event: None, wall_ns=lambda: 0,
    )  # fmt: skip
    sitting.begin()
    return sitting, lived, said


def do(sitting: Sitting, *lines: str) -> None:
    for line in lines:
        sitting.type_in(line)
        while sitting.jumping:
            sitting.turn()


def facts(events: list[Event]) -> list[tuple[Any, ...]]:
    """Return all but the display, which a sitting also looks at in the middle of a poll."""
    return [(one.at_us, one.what, one.detail, one.visit, one.written) for one in events]


def some(name: str, build: str | None = None) -> list[tuple[Household, Campaign]]:
    campaign = load_campaign(built_in("campaigns")[name], build=build)
    kinds = {one.first.kind: one.household(1, campaign.seed) for one in campaign.households.entries}
    return [(household, campaign) for household in kinds.values()]


HOUSEHOLDS = [
    *some("ores-2020-07"),
    *some("ores-2020-07", "reference+end-exclusive+reactivation-clears-one"),
]


@pytest.mark.slow("runs through July 2020 twice")
@each_cell("home", HOUSEHOLDS, ids=lambda home: f"{home[0].id} {home[0].build}", short=8)
def test_a_sitting_that_does_nothing_is_the_rehearsal(home):
    """However time is let pass: at once, in steps, and once more from an earlier moment on."""
    household, campaign = home
    want = run_meter(household, campaign)
    assert want.pop().what is What.ENDED
    sitting, lived, _ = sat(household, campaign)
    middle_us = (campaign.start_us + campaign.end_us) // 2 // MINUTE_US * MINUTE_US
    middle, end = (us_to_iso(us, campaign.zone) for us in (middle_us, campaign.end_us))
    do(sitting, f"until {middle}", f"until {end}")
    in_order = sorted(sitting.history.happened, key=lambda event: event.at_us)
    assert facts(in_order) == facts(want)
    assert lived.judged(in_order, campaign.end_us)[0].verdict is judged(home, want)
    image = sitting.meter.image()
    do(sitting, f"back {middle}", "rate max", "advance 1m", f"until {end}")
    assert sitting.meter.image() == image
    assert facts(sorted(sitting.history.happened, key=lambda event: event.at_us)) == facts(want)


def judged(home: tuple[Household, Campaign], events: list[Event]) -> Verdict:
    return judge(*home, events).verdict


def test_what_is_done_by_hand_counts_for_the_verdict():
    (home,) = [one for one in HOUSEHOLDS if one[0].id == "never-back" and "+" not in one[0].build]
    sitting, lived, said = sat(*home)
    do(sitting, "until 2020-07-01 10:00", "office reactivate, load 50", "insert", "remove")
    do(sitting, "until 2020-07-05 12:00")
    assert sitting.meter.board.switch.on
    outcome, spans = lived.judged(sitting.history.happened, sitting.meter.board.now_us)
    assert outcome.verdict is Verdict.KEPT
    assert spans[-1].why == "there is credit"
    do(sitting, "office home2.card read", "insert x.card", "visits off", "visits")
    assert [line for line in said if line.startswith("!")] == [
        "! office: the card of a household in a campaign is home.card",
        "! insert: the card of a household in a campaign is home.card",
        "! visits: no visit of the campaign is ahead",
        "! visits wants off",
    ]


def test_visits_that_are_left_out_do_not_come():
    (home,) = [one for one in HOUSEHOLDS if one[0].id == "never-back" and "+" not in one[0].build]
    sitting, _, _ = sat(*home)
    do(sitting, "visits off", "until 2020-07-05 12:00")
    assert What.CARD_SERVED not in {one.what for one in sitting.history.happened}
    do(sitting, "back")  # the visits are ahead again
    do(sitting, "until 2020-07-05 12:00")
    assert not sitting.meter.board.switch.on
