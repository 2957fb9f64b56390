"""Cards that are not the household's newest: one that was replaced, and another household's."""

from dataclasses import replace

import pytest

from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Visit, VisitKind
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.events import Event, What
from meter_emu.world.rehearsal.campaign_toml import campaign_toml
from meter_emu.world.rehearsal.engine import run_meter
from tests.campaigns import head
from tests.world.rehearsal.test_campaign import load, refusal

HEAD = head("cards", "2020-06-01T08:00:00", "2020-06-12T12:00:00", announced=None)
HOME = """
[[household]]
id = "{id}"
kind = "{id}"
balance_eur = 50
load_w = 100
visits = [
{visits}
]
"""
CUT = "{ at = 2020-06-02T10:00:00, desk = ['cut'], cut_at = 2020-06-08T11:00:00 },\n"
LOAD = "{ at = 2020-06-02T10:00:00, load_eur = 20 },\n"
INSERT = "{ at = 2020-06-02T11:00:00, insert = true },\n"
REPLACE = "{ at = 2020-06-03T10:00:00, desk = ['reactivate'], replace_card = true },\n"
NEW = "{ at = 2020-06-03T11:00:00, insert = true },\n"
OLD = "{ at = 2020-06-04T11:00:00, insert = true, card_number = 1 },\n"
COPY = "{ at = 2020-06-04T11:00:00, insert = true, copy_of = 1 },\n"
REACTIVATE = "{ at = 2020-06-03T10:00:00, desk = ['reactivate'] },\n"
OTHERS = "{ at = 2020-06-04T11:00:00, insert = true, card_of = 'b' },\n"


def text(visits: str, others: str = "") -> str:
    other = HOME.format(id="b", visits=others) if others else ""
    return HEAD + HOME.format(id="a", visits=visits) + other


def story(campaign: Campaign) -> tuple[list[Event], Verdict]:
    household = campaign.households[0]
    events = run_meter(household, campaign)
    return events, judge(household, campaign, events).verdict


def cards(events: list[Event]) -> list[What]:
    return [e.what for e in events if e.what in {What.CARD_SERVED, What.CARD_REFUSED}]


def test_a_clock_set_back_as_its_midnight_comes_is_not_slept_through(tmp_path):
    """Its midnight is seen twice: a hint of the day before must not be taken for the next one's."""
    visits = (
        "{ at = 2023-10-08T13:29:00, desk = ['cut'], cut_at = 2023-10-29T03:51:00 },\n"
        "{ at = 2023-10-08T15:29:00, insert = true },\n"
        "{ at = 2023-10-29T00:00:38.924903, clock_card = true, clock_error_s = -39 },\n"
    )
    clock = 'rtc_base = "legal"\nclock_error_s = -15\ndrift_ppb = -12_500\n'
    clock += "clock_set = 2023-10-07T12:00:00\npoll_phase_us = 17502729\nvisits"
    then = text(visits).replace("visits", clock, 1)
    then = then.replace("2020-06-01", "2023-10-08").replace("2020-06-12", "2023-10-30")
    events, verdict = story(load(tmp_path, then))
    assert verdict is Verdict.ON_TIME
    assert What.OPENED in {event.what for event in events}


def test_a_replaced_card_is_refused_once_its_successor_was_heard(tmp_path):
    events, verdict = story(load(tmp_path, text(CUT + INSERT + REPLACE + NEW + OLD)))
    assert cards(events) == [What.CARD_SERVED, What.CARD_SERVED, What.CARD_REFUSED]
    assert verdict is Verdict.KEPT
    assert What.OPENED not in {event.what for event in events}


def test_a_replaced_card_whose_successor_never_came_is_obeyed_and_judged_by_what_it_says(tmp_path):
    events, verdict = story(load(tmp_path, text(CUT + REPLACE + OLD)))
    assert cards(events) == [What.CARD_SERVED]
    assert What.OPENED in {event.what for event in events}
    assert verdict is Verdict.ON_TIME


def test_a_copy_with_an_older_order_brings_nothing(tmp_path):
    campaign = load(tmp_path, text(CUT + INSERT + REACTIVATE + NEW + COPY))
    events, verdict = story(campaign)
    assert cards(events) == [What.CARD_SERVED, What.CARD_SERVED, What.CARD_REFUSED]
    assert verdict is Verdict.KEPT
    stale = replace(campaign.households[0], build="reference+stale-order-accepted")
    assert judge(stale, campaign, run_meter(stale, campaign)).verdict is not Verdict.KEPT


def test_a_copy_is_obeyed_where_its_order_is_the_newest_that_the_meter_has_seen(tmp_path):
    events, verdict = story(load(tmp_path, text(CUT + REACTIVATE + COPY)))
    assert cards(events) == [What.CARD_SERVED]
    assert verdict is Verdict.ON_TIME


def test_the_newest_card_by_its_number_is_the_newest_card(tmp_path):
    (household,) = load(tmp_path, text(CUT + OLD)).households
    assert [visit.kind for visit in household.visits] == [VisitKind.DESK, VisitKind.INSERT]


def test_another_households_card_brings_nothing(tmp_path):
    campaign = load(tmp_path, text(LOAD + INSERT + OTHERS, CUT))
    events, verdict = story(campaign)
    assert cards(events) == [What.CARD_SERVED, What.CARD_REFUSED]
    assert verdict is Verdict.KEPT
    shown = campaign.households[0].visits[-1].other
    assert shown is not None
    assert [visit.kind for visit in shown.visits] == [VisitKind.DESK]


def test_another_households_card_is_as_written_by_then_and_alone_it_is_still_there(tmp_path):
    later = CUT.replace("06-02", "06-05")
    campaign = load(tmp_path, text(OTHERS, CUT + later))
    alone = campaign.households.alone("a")
    assert alone is not None
    (visit,) = alone[0].visits
    assert isinstance(visit, Visit)
    assert visit.other is not None
    assert len(visit.other.visits) == 1


def test_such_visits_are_written_and_read_back(tmp_path):
    campaign = load(tmp_path, text(CUT + INSERT + REPLACE + NEW + OLD + COPY + OTHERS, CUT))
    assert load(tmp_path, campaign_toml(campaign)) == campaign


@pytest.mark.parametrize(
    ("visits", "want"),
    [
        (
            OLD.replace("1 }", "2 }"),
            "visit 1: card_number: expected 1 to 1, the cards there are",
        ),
        (COPY, "visit 1: copy_of: expected 1 to 0, what the office has written by then"),
        (COPY.replace("}", ", card_number = 1 }"), "visit 1: copy_of: expected no card_of or"),
        (COPY.replace("insert = true, ", "press = 'red', "), "visit 1: copy_of: expected insert ="),
        (OTHERS.replace("'b'", "'c'"), "visit 1: card_of: no household has the id 'c'"),
        (OTHERS.replace("'b'", "'a'"), "visit 1: card_of: expected the id of another household"),
        (
            OTHERS.replace("insert = true, ", "press = 'red', "),
            "visit 1: card_of: expected insert =",
        ),
        (
            OTHERS.replace("}", ", card_number = 1 }"),
            "visit 1: card_number: expected none for another",
        ),
    ],
)
def test_a_card_that_there_is_not_is_refused(tmp_path, visits, want):
    assert refusal(tmp_path, text(visits, CUT)).startswith(f"household 'a', {want}")


@pytest.mark.parametrize(
    ("visits", "remark"),
    [
        (CUT + INSERT, None),
        (INSERT, None),
        (CUT, "visit 1: what is written here never gets into the meter"),
        (
            INSERT.replace("02T", "01T") + CUT + INSERT,
            "visit 1: the card is put in before",
        ),
        (
            CUT.replace("06-08", "07-08") + INSERT,
            "visit 1: T2 2020-07-08T11:00:00 is not before end 2020-06-12T12:00:00: no cut",
        ),
        (
            CUT + REPLACE.replace("}", ", card_expires = 2020-06-03T00:00:00 }") + NEW,
            "visit 2: the card that is written on expired on 2020-06-03T00:00:00",
        ),
    ],
)
def test_what_may_not_be_meant_is_remarked_with_file_household_and_visit(tmp_path, visits, remark):
    (entry,) = load(tmp_path, text(visits)).households.entries
    if remark is None:
        assert entry.remarks == ()
    else:
        (line,) = entry.remarks
        assert str(line).startswith(f"household 'a', {remark}")


def test_rearm_on_electricity_is_remarked_and_nothing_else_changes(tmp_path):
    plain = text(CUT + INSERT)
    odd = plain.replace("load_w", 'rearm = "careful"\nload_w')
    (entry,) = load(tmp_path, odd).households.entries
    (remark,) = entry.remarks
    assert str(remark) == "household 'a': rearm: is for gas, and has no effect on electricity"
    assert load(tmp_path, odd) == load(tmp_path, plain)
