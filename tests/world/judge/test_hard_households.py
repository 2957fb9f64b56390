"""Homes that were judged wrongly once, each lived through, and each next to its opposite."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from meter_emu.units import MINUTE_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.verdict import expected, judge
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.events import Event, What
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from tests.campaigns import head

METERS = Path(__file__).parents[3] / "fixtures/meters"
HEAD = (
    head("hard homes", "2020-06-01T00:00:00", "%s", model="%s")
    + """[[household]]
id = "home"
kind = "x"
"""
)
PCF8563, DS3231, GAS = (
    "electricity-pcf8563-utc", "electricity-ds3231-utc", "gas-pcf8563-battery"
)  # fmt: skip
ARMED = """{ at = 2020-06-02T10:00:00, desk = ["defer", "cut"] },
  { at = 2020-06-02T11:00:00, insert = true },"""
PAID = "balance_eur = 100\nload_w = 100\nvisits = [%s]"
ONLY_CLEARS_ONE = "reference+reactivation-clears-one"
DAY_EARLY = "reference+end-exclusive"


class Lived:
    """A campaign of one household or of copies, and how to judge it."""

    def __init__(self, folder: Path, body: str, *, end: str, model: str = PCF8563) -> None:
        self._path = folder / "c.toml"
        self._path.write_text(HEAD % (end, model) + body, "utf-8")

    def campaign(self, build: str | None = None) -> Campaign:
        return load_campaign(self._path, build=build)

    def judge(self, build: str | None = None) -> Outcome:
        (outcome,) = self.all(build)
        return outcome

    def all(self, build: str | None = None) -> list[Outcome]:
        campaign = self.campaign(build)
        return [
            judge(household, campaign, run_meter(household, campaign))
            for household in campaign.households
        ]

    def rejudged(self, change: Callable[[list[Event]], list[Event]]) -> Outcome:
        """Judge what was seen of the reference, changed."""
        campaign = self.campaign()
        household: Household = campaign.households[0]
        return judge(household, campaign, change(run_meter(household, campaign)))


def dropped(*what: What) -> Callable[[list[Event]], list[Event]]:
    return lambda events: [event for event in events if event.what not in what]


def no_backup(folder: Path) -> str:
    """Return a model whose clock has no reserve at all."""
    text = (METERS / f"{PCF8563}.toml").read_text("utf-8")
    lines = ["backup_days = 0" if line.startswith("backup_days") else line
             for line in text.splitlines()]  # fmt: skip
    (folder / "no-backup.toml").write_text("\n".join(lines), "utf-8")
    return "no-backup.toml"


def test_a_home_that_reactivates_pays_and_stays_dark_is_not_restored(tmp_path):
    late = """{ at = 2020-07-04T09:00:00, desk = ["reactivate"], load_eur = 100 },
      { at = 2020-07-04T10:00:00, insert = true },"""
    lived = Lived(tmp_path, PAID % (ARMED + late), end="2020-07-08T12:00:00")
    dark = lived.judge(ONLY_CLEARS_ONE)
    assert dark.verdict is Verdict.NOT_RESTORED
    assert not expected(dark, lived.campaign().households[0])
    assert dark.breaches[-1].to_us == lived.campaign().end_us
    assert lived.judge().verdict is Verdict.ON_TIME
    assert lived.judge().breaches == ()


SECOND = """balance_eur = 200
load_w = 100
outages = [%s]
visits = [
  { at = 2020-06-02T10:00:00, desk = ["cut"], cut_at = 2020-06-10T09:00:00 },
  { at = 2020-06-02T11:00:00, insert = true },
  { at = 2020-06-15T10:00:00, desk = ["reactivate"] },
  { at = 2020-06-15T11:00:00, insert = true },
  { at = 2020-06-16T10:00:00, desk = ["cut"], cut_at = 2020-06-24T09:00:00 },
  { at = 2020-06-16T11:00:00, insert = true },
]"""


def test_every_cut_of_a_home_is_judged_and_the_last_one_is_named(tmp_path):
    model = no_backup(tmp_path)
    lost = "{ from = 2020-06-20T10:00:00, to = 2020-06-20T11:00:00 }"
    lived = Lived(tmp_path, SECOND % lost, end="2020-06-24T17:00:00", model=model)
    assert lived.judge().verdict is Verdict.HELD
    assert lived.judge().cut_us is None
    twin = Lived(tmp_path, SECOND % "", end="2020-06-24T17:00:00")
    assert twin.judge().verdict is Verdict.ON_TIME
    assert twin.judge().cut_us is not None


@pytest.mark.parametrize(
    ("build", "verdict"),
    [
        (DAY_EARLY, Verdict.EARLY),
        ("reference+doy-common-year", Verdict.EARLY),
        (ONLY_CLEARS_ONE, Verdict.NOT_RESTORED),
    ],
)
def test_each_defect_is_seen_after_the_first_cut_too(tmp_path, build, verdict):
    """The first cut is not looked at: what is found begins days after it."""
    lived = Lived(tmp_path, SECOND % "", end="2020-07-01T12:00:00")
    outcome = lived.judge(build)
    first_us = lived.campaign().households[0].visits[2].at_us
    assert verdict in {b.verdict for b in outcome.breaches if b.from_us > first_us}
    assert not [b for b in lived.judge().breaches if b.from_us > first_us]


WITHIN_L = """balance_eur = 100
load_w = 100
visits = [
  { at = 2020-07-01T10:00:00, desk = ["cut"], cut_at = 2020-07-03T22:00:00 },
  { at = 2020-07-01T11:00:00, insert = true },
  { at = 2020-07-03T21:30:00, desk = [%s] },
  { at = 2020-07-03T22:01:30, insert = true },
]"""


@pytest.mark.parametrize(
    ("order", "verdict"), [('"defer", "cut"', Verdict.ON_TIME), ('"reactivate"', Verdict.KEPT)]
)
def test_an_order_brought_minutes_after_t2_is_kept_either_way(tmp_path, order, verdict):
    lived = Lived(tmp_path, WITHIN_L % order, end="2020-07-06T12:00:00", model=DS3231)
    assert lived.judge().verdict is verdict
    assert lived.judge(DAY_EARLY).verdict is Verdict.EARLY


def test_gas_hears_the_card_before_it_moves_the_valve_for_an_end_of_the_same_look(tmp_path):
    """Twelve meters that look once an hour, each at its own minute."""
    body = (PAID % ARMED).replace("load_w = 100", "load_dm3_per_h = 10").replace(
        "visits = [", 'count = 12\nvisits = [\n{ at = 2020-07-03T15:00:00, desk = ["reactivate"] },'
        "\n{ at = 2020-07-03T23:06:00, insert = true },\n"
    )  # fmt: skip
    lived = Lived(tmp_path, body, end="2020-07-05T12:00:00", model=GAS)
    verdicts = [outcome.verdict for outcome in lived.all()]
    assert set(verdicts) <= {Verdict.KEPT, Verdict.ON_TIME}
    assert verdicts.count(Verdict.KEPT) >= 10  # those that had not looked since T2 + u
    assert {outcome.verdict for outcome in lived.all(ONLY_CLEARS_ONE)} == {Verdict.WRONGLY_CUT}


COUNTDOWN = """balance_eur = 50
load_dm3_per_h = 10
outages = [{ from = 2020-06-04T10:06:00, to = 2020-06-04T10:07:00 }]
visits = [
  { at = 2020-06-01T09:40:00, desk = ["cut"], cut_at = 2020-06-03T09:00:00 },
  { at = 2020-06-01T10:00:00, insert = true },
  { at = 2020-06-04T09:40:00, desk = ["reactivate"] },
  { at = 2020-06-04T10:00:00, insert = true },
]"""


def test_a_valve_that_goes_back_with_the_battery_out_is_no_cut(tmp_path):
    lived = Lived(tmp_path, COUNTDOWN, end="2020-06-08T12:00:00", model=GAS)
    assert lived.judge().verdict is Verdict.ON_TIME
    by_itself = lived.rejudged(dropped(What.POWER_LOST, What.POWER_BACK))
    assert by_itself.verdict is Verdict.NOT_RESTORED


@pytest.mark.parametrize("deed", ['hold = "red"', 'press = "red"'])
def test_the_button_held_takes_the_emergency_credit_as_well_as_pressed(tmp_path, deed):
    body = f"""balance_eur = 1\nload_w = 2000
visits = [ {{ at = 2020-06-01T12:00:00, {deed} }} ]"""
    lived = Lived(tmp_path, body, end="2020-06-08T12:00:00")
    assert lived.judge().verdict is Verdict.KEPT
    unasked = lived.rejudged(dropped(What.KEY_PRESSED, What.KEY_HELD))
    assert unasked.verdict is Verdict.FED_UNASKED


def test_a_rehearsal_that_ends_before_anybody_could_be_cut_has_not_seen_it(tmp_path):
    short = Lived(tmp_path, PAID % ARMED, end="2020-07-03T23:03:00")
    outcome = short.judge()
    assert outcome.verdict is Verdict.NOT_SEEN
    assert not expected(outcome, short.campaign().households[0])
    assert Lived(tmp_path, PAID % ARMED, end="2020-07-03T23:20:00").judge().verdict is (
        Verdict.ON_TIME
    )
    assert Lived(tmp_path, PAID % ARMED, end="2020-07-03T23:00:00").judge().verdict is Verdict.KEPT


def test_a_card_obeyed_just_after_its_expiry_counts_as_the_meter_took_it(tmp_path):
    def household(minute: str) -> Lived:
        late = f"""{{ at = 2020-06-09T10:00:00, desk = ["reactivate"] }},
          {{ at = 2020-06-10T{minute}, insert = true }},"""
        body = "card_expires = 2020-06-10T12:00:00\n" + PAID % (ARMED + late)
        return Lived(tmp_path, body, end="2020-07-08T12:00:00")

    assert household("12:01:00").judge().verdict is Verdict.KEPT

    def refused(events: list[Event]) -> list[Event]:
        return [replace(e, what=What.CARD_REFUSED, understood=None) if e.visit == 3 else e
                for e in events]  # fmt: skip

    assert household("12:01:00").rejudged(refused).verdict is Verdict.NEVER  # it was fed to the end
    assert household("13:00:00").judge().verdict is Verdict.ON_TIME


NIGHT = """balance_eur = "1.71"
count = 6
load_w = [50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50,
  9000, 50]"""


def test_a_rehearsal_may_begin_in_the_night_hours(tmp_path):
    """9 kW from midnight on, a Monday: the first look, up to a minute late, finds the night."""
    lived = Lived(tmp_path, NIGHT, end="2020-06-09T00:00:00", model="electricity-bi-hourly")
    assert [outcome.verdict for outcome in lived.all()] == [Verdict.KEPT] * 6

    def an_hour_before(events: list[Event]) -> list[Event]:
        early = [replace(e, at_us=e.at_us - 60 * MINUTE_US) if e.what is What.OPENED else e
                 for e in events]  # fmt: skip
        return sorted(early, key=lambda event: event.at_us)

    assert lived.rejudged(an_hour_before).verdict is Verdict.WRONGLY_CUT


LOST = "outages = [{ from = 2020-06-20T10:00:00, to = 2020-06-20T11:00:00 }]\n"


@pytest.mark.parametrize(
    ("comes", "verdict"),
    [
        ("", Verdict.ON_TIME),  # late by what the meter forgot of the time
        ("{ at = 2020-06-25T10:00:00, load_eur = 20 }, { at = 2020-06-25T18:00:00, insert = true }",
         Verdict.ON_TIME),
        ("{ at = 2020-07-06T10:00:00, clock_card = true }", Verdict.ON_TIME),
    ],
)  # fmt: skip
def test_a_lost_clock_is_outside_the_promise_until_trust_is_back(tmp_path, comes, verdict):
    model = no_backup(tmp_path)
    lived = Lived(tmp_path, LOST + PAID % (ARMED + comes), end="2020-07-14T12:00:00", model=model)
    assert lived.judge().verdict is verdict
    silent = lived.rejudged(dropped(What.CLOCK_DOUBTED))
    assert silent.verdict is Verdict.LATE


def test_an_outage_that_was_planned_and_not_seen_excuses_nothing(tmp_path):
    """The supply fails across T2; a meter that was seen with power all along has no excuse."""
    out = "outages = [{ from = 2020-07-03T20:00:00, to = 2020-07-04T10:00:00 }]\n"
    lived = Lived(tmp_path, out + PAID % ARMED, end="2020-07-08T12:00:00")
    assert lived.judge().verdict is Verdict.ON_TIME
    assert lived.rejudged(dropped(What.POWER_LOST, What.POWER_BACK)).verdict is Verdict.LATE


def test_a_weekend_may_shelter_whom_emergency_credit_was_perhaps_lent(tmp_path):
    """At 5 EUR of what may be a debt, or none: not cut on a Sunday is not unpaid."""
    path = tmp_path / "c.toml"
    path.write_text(
        head("lent", "2077-10-21T19:00:00", "2077-11-03T02:13:00", announced=None)
        + """[[household]]
id = "home"
kind = "emergency credit, again"
balance_eur = "0.78"
load_w = [
  0, 0, 0, 0, 0, 0, 2000, 2000, 2000, 2000, 2000, 2000,
  2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000, 0, 0,
]
clock_set = 2075-05-06T19:00:00
clock_error_s = 59
drift_ppb = -25000
carrier = "memory"
visits = [
  { at = 2077-10-22T08:34:00, press = "red" },
  { at = 2077-10-23T17:29:00, load_eur = 5 },
  { at = 2077-10-23T17:34:00, insert = true },
  { at = 2077-10-24T11:55:21, insert = true },
]
""",
        "utf-8",
    )
    campaign = load_campaign(path)
    (household,) = campaign.households
    outcome = judge(household, campaign, run_meter(household, campaign))
    assert outcome.breaches == ()
    assert outcome.findings == ()


LIMITED_THEN_SET = """
name = "a limiter in place of the cut, then a clock that is set back over T"
zone = "Europe/Brussels"
start = 2019-12-28T06:00:00
end = 2020-01-03T11:06:00
model = "electricity-bi-hourly"

[[household]]
id = "home"
kind = "switched"
balance_eur = "39.25"
load_w = 500
clock_set = 2019-12-27T06:00:00
limiter = true
outages = [{ from = 2019-12-31T15:34:38, to = 2019-12-31T15:35:38 }]
visits = [
  { at = 2019-12-28T07:29:34, desk = ["defer", "cut"], defer_until = 2020-01-03T08:00:00, \
cut_at = 2020-01-03T08:00:00 },
  { at = 2019-12-28T07:59:34, insert = true },
  { at = 2020-01-03T08:02:00, clock_card = true, clock_error_s = -59 },
]
"""


def test_who_was_limited_waits_for_the_cut_again_where_the_clock_is_set_back(tmp_path: Path):
    path = tmp_path / "c.toml"
    path.write_text(LIMITED_THEN_SET, "utf-8")
    campaign = load_campaign(path)
    (household,) = campaign.households
    events = run_meter(household, campaign)
    assert [event.what for event in events].count(What.LIMITED) == 2
    assert judge(household, campaign, events).findings == ()
    (again,) = [event for event in events if event.what is What.LIMITED][1:]
    later = [
        replace(one, at_us=one.at_us + 3 * MINUTE_US) if one is again else one for one in events
    ]
    (late,) = judge(household, campaign, sorted(later, key=lambda one: one.at_us)).findings
    assert late.words.endswith("the household is not limited")
