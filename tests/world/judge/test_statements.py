"""What a meter states is compared wherever it states it, and a finding lasts until it is right."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from card_protocol.timestamp import Civil
from meter_emu.errors import ConfigError
from meter_emu.units import DAY_US
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import FindingKind, Verdict
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.events import Event, What, beginning_of
from meter_emu.world.meter.image import image_of
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from tests.campaigns import head
from tests.world.judge.case import Case
from tests.world.judge.test_excuses import Lived, kinds

NO_CARD = """balance_eur = 50
load_w = 400
outages = [
  { from = 2020-06-05T10:00:00, to = 2020-06-05T10:10:00 },
  { from = 2020-06-06T10:00:00, to = 2020-06-06T10:10:00 },
  { from = 2020-06-07T10:00:00, to = 2020-06-07T10:10:00 },
]
visits = [
  { at = 2020-06-10T10:00:00, press = "blue" },
  { at = 2020-06-10T10:00:10, press = "blue" },
  { at = 2020-06-10T10:00:20, press = "blue" },
  { at = 2020-06-10T10:00:30, press = "blue" },
  { at = 2020-06-10T10:00:40, press = "blue" },
]
"""
ARMED = """balance_eur = 50
load_w = 400
visits = [
  { at = 2020-06-02T10:00:00, desk = ["defer", "cut"] },
  { at = 2020-06-02T11:00:00, insert = true },
  { at = 2020-06-10T10:00:00, press = "blue" },
  { at = 2020-06-10T10:00:10, press = "blue" },
  { at = 2020-06-10T10:00:20, press = "blue" },
  { at = 2020-06-10T10:00:30, press = "blue" },
  { at = 2020-06-12T11:00:00, insert = true },
]
"""
END = "2020-06-14T12:00:00"


def changed(what: What, change: Callable[[Event], Event]) -> Callable[[list[Event]], list[Event]]:
    return lambda events: [change(event) if event.what is what else event for event in events]


@pytest.mark.parametrize("by_ueur", [50_000, -50_000, 3_000])
def test_wrong_charging_is_found_without_a_card(tmp_path, by_ueur):
    """At two of three power failures the memory is off: five cents, or a third of one."""
    lived = Lived(tmp_path, NO_CARD, end=END)
    assert lived.judge().findings == ()

    def off(event: Event) -> Event:
        assert event.balance_ueur is not None
        return replace(event, balance_ueur=event.balance_ueur + by_ueur)

    (finding,) = lived.judge(change=changed(What.POWER_LOST, off)).findings
    assert (finding.kind, finding.times) == (FindingKind.WRONG_MONEY, 3)
    assert finding.words.startswith("balance ")
    # Each time it is right again when power is back, ten minutes later.
    assert finding.lasted_us == 30 * 60 * 1_000_000
    assert finding.until_us - finding.from_us == 2 * DAY_US + 600 * 1_000_000


def test_the_display_is_read_where_somebody_looks(tmp_path):
    lived = Lived(tmp_path, ARMED, end=END)
    assert lived.judge().findings == ()

    def a_day_early(event: Event) -> Event:
        shown = event.shown.replace("T2 2020-07-03", "T2 2020-07-02")
        return replace(event, shown=shown)

    (finding,) = lived.judge(change=changed(What.KEY_PRESSED, a_day_early)).findings
    assert finding.kind is FindingKind.WRONG_DISPLAY
    assert finding.stated_cut == (Civil(2020, 7, 2, 23, 1),)
    # The next card says it right.
    assert finding.lasted_us == 2 * DAY_US + (60 * 60 - 20) * 1_000_000


@pytest.mark.parametrize("what", [What.OPENED, What.ENDED])
def test_the_date_of_a_cut_is_read_where_nobody_has_come(tmp_path, what):
    lived = Lived(tmp_path, ARMED, end="2020-07-08T12:00:00")
    assert lived.judge().findings == ()

    def a_day_late(event: Event) -> Event:
        return replace(event, shown=event.shown.replace("AS OF 2020-07-03", "AS OF 2020-07-04"))

    (finding,) = lived.judge(change=changed(what, a_day_late)).findings
    assert finding.kind is FindingKind.WRONG_DISPLAY
    assert finding.stated_cut == (Civil(2020, 7, 4, 23, 1),)


def test_credit_on_the_display_is_read_too(tmp_path):
    lived = Lived(tmp_path, NO_CARD, end=END)
    shown = [event.shown for event in run_meter(lived.campaign().households[0], lived.campaign())
             if event.what is What.KEY_PRESSED and event.shown.startswith("CREDIT ")]  # fmt: skip
    assert len(shown) == 1

    def ten_euro_more(event: Event) -> Event:
        return replace(event, shown=event.shown.replace("CREDIT 2", "CREDIT 3"))

    (finding,) = lived.judge(change=changed(What.KEY_PRESSED, ten_euro_more)).findings
    assert finding.kind is FindingKind.WRONG_MONEY
    assert finding.words == "balance 27.44 in the memory, and 37.44 on the display"


@pytest.mark.parametrize(
    ("stated", "wrong"),
    [
        (Civil(2020, 6, 12, 11, 0), False),
        (Civil(2020, 6, 12, 10, 57), True),
        (Civil(2020, 6, 12, 11, 3), True),
        (Civil(2020, 6, 13, 11, 0), True),
        (Civil(2020, 2, 30, 11, 0), True),
    ],
)
def test_a_clock_that_is_wrong_and_believed_is_found(tmp_path, stated, wrong):
    lived = Lived(tmp_path, ARMED, end=END)

    def states(event: Event) -> Event:
        assert event.written is not None
        if event.at_us < lived_until:
            return event
        return replace(event, written=replace(event.written, clock=stated))

    lived_until = lived.campaign().start_us + 5 * DAY_US
    found = kinds(lived.judge(change=changed(What.CARD_SERVED, states)))
    assert found == ({FindingKind.WRONG_CLOCK} if wrong else set())


# Meters from an image -----------------------------------------------------------------------------

HOME = """[[household]]
id = "a"
kind = "x"
load_w = 200
"""
CUT = """balance_eur = 50
visits = [
  { at = 2020-06-02T10:00:00, desk = ["cut"], cut_at = 2020-06-03T09:00:00 },
  { at = 2020-06-02T11:00:00, insert = true },
]
"""
BACK = """balance_eur = "48.80"
image = "cut.image"
visits = [
  { at = 2020-06-06T10:00:00, desk = ["reactivate"], load_eur = 20 },
  { at = 2020-06-06T11:00:00, insert = true },
  { at = 2020-06-08T11:00:00, insert = true },
]
"""


def of_a_cut_meter(folder: Path, build: str = "reference") -> Case:
    """Return a campaign of a meter that was cut by its first order, saved, and taken on."""
    text = head("first", "2020-06-02T09:00:00", "2020-06-05T15:00:00", announced=None)
    first, benches = Case(folder, "", text=text + HOME + CUT), list[Bench]()
    run_meter(first.household, first.campaign, prepare=benches.append)
    (folder / "cut.image").write_bytes(image_of(benches[0].board, first.household.model))
    text = head("again", "2020-06-05T15:00:00", "2020-06-16T15:00:00", announced=None)
    return Case(folder, "", text=f'{text}build = "{build}"\n' + HOME + BACK)


def test_a_card_for_a_used_meter_goes_on_from_its_last_order(tmp_path):
    again = of_a_cut_meter(tmp_path)
    events = run_meter(again.household, again.campaign)
    assert not beginning_of(events).supply_on
    outcome = judge(again.household, again.campaign, events)
    assert (outcome.verdict, outcome.findings, outcome.breaches) == (Verdict.KEPT, (), ())
    assert [event.what for event in events if event.what is What.CLOSED] == [What.CLOSED]


def test_of_a_used_meter_a_lost_order_and_a_lost_load_are_found(tmp_path):
    again = of_a_cut_meter(tmp_path)
    events = run_meter(again.household, again.campaign)

    def lost(event: Event) -> Event:
        if event.written is None or event.at_us < again.us("2020-06-07T00:00:00"):
            return event
        return replace(event, written=replace(event.written, accepted_cents=0))

    found = judge(again.household, again.campaign, [lost(event) for event in events]).findings
    assert [finding.kind for finding in found] == [FindingKind.WRONG_MONEY]
    dark = [event for event in events if event.what is not What.CLOSED]
    assert judge(again.household, again.campaign, dark).verdict is Verdict.NOT_RESTORED


def test_a_used_meter_that_nobody_can_read_gets_no_card_from_the_office(tmp_path):
    again = of_a_cut_meter(tmp_path, "tests.world.judge.test_findings:deaf")
    with pytest.raises(ConfigError, match="a card for this meter would begin at order 1"):
        run_meter(again.household, again.campaign)


def test_a_price_that_changes_in_an_outage_is_the_old_one_until_the_first_look(tmp_path):
    """And a part of a Wh goes to the other price; one failure after another says how much is left.

    That is 6.5 s and 1 Wh at the lower price at most, on top of a Wh that no register shows yet.
    """
    day = "2036-12-29T21"
    failures = "".join(
        f"  {{ from = {day}:{m:02}:{s:02}, to = {day}:{m:02}:{s + 1:02} }},\n"
        for m in range(10)
        for s in (0, 20, 40)
    )
    more = 'seed = 63869\n[[household]]\nid = "home"\nkind = "x"\nbalance_eur = 16\nload_w = 2000\n'
    outage = "  { from = 2036-12-29T07:55:00, to = 2036-12-29T16:05:00 },\n"
    path = tmp_path / "c.toml"
    path.write_text(
        head("c", "2036-12-28T12:00:00", "2036-12-30T10:00:00", model="electricity-bi-hourly",
             announced=None) + more + f"outages = [\n{outage}{failures}]\nvisits = []\n",
        "utf-8",
    )  # fmt: skip
    campaign = load_campaign(path)
    (household,) = campaign.households
    events = run_meter(household, campaign)
    assert judge(household, campaign, events).findings == ()
    off = changed(
        What.POWER_LOST, lambda e: replace(e, balance_ueur=(e.balance_ueur or 0) + 250 + 253 + 70)
    )
    assert kinds(judge(household, campaign, off(events))) == {FindingKind.WRONG_MONEY}
