"""What excused a meter for too long, and no longer does: each next to what is right."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from meter_emu.world.households.campaign import Campaign
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import FindingKind, Verdict
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.times import legal_to_us
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from tests.campaigns import MODEL, head

Change = Callable[[list[Event]], list[Event]]
HOME = """[[household]]
id = "home"
kind = "x"
"""
METERS = Path(__file__).parents[3] / "fixtures/meters"
BEGUN, ENDED = "2020-06-01T00:00:00", "2020-07-08T12:00:00"


class Lived:
    """One household, lived by the reference or another build, and then perhaps changed."""

    def __init__(
        self, folder: Path, body: str, *, model: str = MODEL, start: str = BEGUN, end: str = ENDED
    ) -> None:
        self._path = folder / "c.toml"
        text = head("excuses", start, end, model=model) + HOME + body
        self._path.write_text(text, "utf-8")

    def campaign(self, build: str | None = None) -> Campaign:
        return load_campaign(self._path, build=build)

    def judge(self, build: str | None = None, change: Change = list) -> Outcome:
        campaign = self.campaign(build)
        (household,) = campaign.households
        return judge(household, campaign, change(run_meter(household, campaign)))

    def moved(self, *moves: tuple[str, What], without: tuple[What, ...] = ()) -> Outcome:
        """Judge the reference's log with these moves of its switch, and without those facts."""
        zone = self.campaign().zone

        def changed(events: list[Event]) -> list[Event]:
            kept = [event for event in events if event.what not in without]
            for when, what in moves:
                us = legal_to_us(datetime.fromisoformat(when), zone, path="", key="")
                before = [event for event in kept if event.at_us <= us][-1]
                kept.append(Event(at_us=us, what=what, clock_trusted=before.clock_trusted))
            return sorted(kept, key=lambda event: event.at_us)

        return self.judge(change=changed)


def kinds(outcome: Outcome) -> set[FindingKind]:
    return {finding.kind for finding in outcome.findings}


# A card and the power -----------------------------------------------------------------------------

ARMED = """
  { at = 2020-06-02T10:00:00, desk = ["defer", "cut"] },
  { at = 2020-06-02T11:00:00, insert = true },"""
# The card has expired, the meter says so on it, and a minute later the street has no power.
REFUSED = """card_expires = 2020-06-10T09:00:00
balance_eur = 330
load_w = 100
outages = [{ from = 2020-06-10T11:00:40, to = 2020-06-10T11:20:00 }]
visits = [%s
  { at = 2020-06-10T11:00:00, insert = true },
]
"""


def test_a_card_that_was_refused_and_written_on_was_heard(tmp_path):
    """Whatever fails after the write-back: nothing about this household is unknown."""
    armed = Lived(tmp_path, REFUSED % ARMED)
    assert armed.judge().verdict is Verdict.ON_TIME
    early = ("2020-07-03T21:56:00", What.OPENED)
    assert armed.moved(early, without=(What.OPENED,)).verdict is Verdict.EARLY
    dark = ("2020-06-19T12:00:00", What.OPENED)
    assert armed.moved(dark, without=(What.OPENED,)).verdict is Verdict.EARLY
    ordinary = Lived(tmp_path, REFUSED % "")
    assert ordinary.judge().verdict is Verdict.KEPT
    assert ordinary.moved(dark).verdict is Verdict.WRONGLY_CUT


# The power fails half a second after the card went in: nothing was written on it.
TORN = """balance_eur = 330
load_w = 100
outages = [{ from = 2020-06-10T11:00:00.300, to = 2020-06-10T11:20:00 }]
visits = [%s
  { at = 2020-06-10T10:00:00, load_eur = 20 },
  { at = 2020-06-10T11:00:00, insert = true },%s
]
"""


def test_after_a_torn_card_a_household_is_owed_what_either_way_is_owed(tmp_path):
    """Heard or not, there is credit at noon; and the next write-back says how much."""
    again = "\n  { at = 2020-06-20T11:00:00, insert = true },"
    torn = Lived(tmp_path, TORN % ("", again))
    assert (torn.judge().verdict, torn.judge().findings) == (Verdict.KEPT, ())
    assert torn.moved(("2020-06-12T12:00:00", What.OPENED)).verdict is Verdict.WRONGLY_CUT
    armed = Lived(tmp_path, TORN % (ARMED, ""))
    early = ("2020-07-03T21:56:00", What.OPENED)
    assert armed.judge().verdict is Verdict.ON_TIME
    assert armed.moved(early, without=(What.OPENED,)).verdict is Verdict.EARLY


@pytest.mark.parametrize("by_cents", [2_000, 5_000])
def test_after_a_torn_card_a_balance_that_no_way_explains_is_wrong_money(tmp_path, by_cents):
    again = "\n  { at = 2020-06-20T11:00:00, insert = true },"

    def paid(events: list[Event]) -> list[Event]:
        written = [event for event in events if event.written is not None][-1].written
        assert written is not None
        less = replace(written, balance_ueur=written.balance_ueur - by_cents * 10_000)
        return [e if e.written is None else replace(e, written=less) for e in events]

    outcome = Lived(tmp_path, TORN % ("", again)).judge(change=paid)
    assert kinds(outcome) == {FindingKind.WRONG_MONEY}


# A limiter withdrawn in the second in which the meter has started, on a card whose T2 is past.
SERVED_AS_POWER_RETURNS = """balance_eur = "-13.74"
load_w = 121
limiter = true
outages = [{ from = 2020-06-10T16:10:38, to = 2020-06-30T07:41:21 }]
visits = [
  { at = 2020-06-28T10:00:00, desk = ["cut", "limiter-off"], cut_at = 2020-06-17T22:35:00 },
  { at = 2020-06-30T07:41:27.500, insert = true },
]
"""


def test_a_card_that_cuts_as_power_returns_is_no_wrong_cut(tmp_path):
    lived = Lived(tmp_path, SERVED_AS_POWER_RETURNS)
    assert lived.judge().breaches == ()
    kept = lived.judge(change=lambda seen: [e for e in seen if e.what is not What.OPENED])
    assert kept.verdict is Verdict.NEVER


# What a card does ---------------------------------------------------------------------------------

# In protected hours and a minute after T2: the meter may still be about to cut.
REACTIVATED = """balance_eur = 50
load_w = 100
visits = [%s
  { at = 2020-07-03T22:00:00, desk = ["reactivate"] },
  { at = 2020-07-03T23:01:20, insert = true },
]
"""


def test_a_card_that_darkens_the_home_is_not_excused_by_the_order_before(tmp_path):
    lived = Lived(tmp_path, REACTIVATED % ARMED)
    assert lived.judge().verdict is Verdict.KEPT
    before, after = ("2020-07-03T23:01:19", What.OPENED), ("2020-07-03T23:01:21", What.OPENED)
    assert lived.moved(after).verdict is Verdict.WRONGLY_CUT
    outcome = lived.moved(before, ("2020-07-03T23:01:21", What.INVITED))
    assert outcome.verdict is not Verdict.WRONGLY_CUT


# The account --------------------------------------------------------------------------------------

GRANTED = """balance_eur = %s
load_w = 5000
limiter = true
visits = [{ at = 2020-06-03T20:00:00, insert = true }]
"""


def written_off_by(cents: int) -> Change:
    """Return the change of a log whose write-backs state so much more."""

    def changed(events: list[Event]) -> list[Event]:
        return [
            event
            if event.written is None
            else replace(
                event,
                written=replace(
                    event.written, balance_ueur=event.written.balance_ueur + cents * 10_000
                ),
            )
            for event in events
        ]

    return changed


@pytest.mark.parametrize("balance_eur", [300, 0])
def test_a_limiter_that_is_granted_widens_no_account(tmp_path, balance_eur):
    """With credit nothing is limited; without, by its lamp for eight hours of 5 kW in 68."""
    lived = Lived(tmp_path, GRANTED % balance_eur, end="2020-06-05T12:00:00")
    assert lived.judge().findings == ()
    assert (lived.judge().verdict, lived.judge().breaches) == (Verdict.KEPT, ())
    for cents in (100, -100):
        assert kinds(lived.judge(change=written_off_by(cents))) == {FindingKind.WRONG_MONEY}


def model_with(folder: Path, key: str, value: object, model: str = MODEL) -> str:
    """Return the name of a model next to the campaign in which one number is another."""
    lines = (METERS / f"{model}.toml").read_text("utf-8").splitlines()
    assert sum(line.startswith(f"{key} = ") for line in lines) == 1
    changed = [f"{key} = {value}" if line.startswith(f"{key} = ") else line for line in lines]
    (folder / "other.toml").write_text("\n".join(changed), "utf-8")
    return "other.toml"


@pytest.mark.parametrize(
    ("drift_ppb", "judged"), [(10_000, True), (280_000, True), (460_000, False)]
)
def test_a_cut_for_credit_that_never_comes_is_judged_while_a_right_meter_must_see_the_hours(
    tmp_path, drift_ppb, judged
):
    """After a year u is 6 min, 2.5 h, 4.1 h: above 4 h a right meter may see no hour to cut in."""
    model = model_with(tmp_path, "drift_bound_ppb", drift_ppb)
    body = "clock_set = 2019-06-01T10:00:00\nbalance_eur = 0\nload_w = 500\n"
    lived = Lived(tmp_path, body, model=model, end="2020-06-04T12:00:00")
    assert lived.judge().findings == ()
    fed = lived.judge(change=lambda seen: [e for e in seen if e.what is not What.OPENED])
    found = {FindingKind.WRONG_MONEY, FindingKind.SUPPLY_MISSTATED}  # it shows that it is off
    assert kinds(fed) == (found if judged else set())


# A night of changing clocks -----------------------------------------------------------------------

FLICKER = """balance_eur = 900
load_w = 100
rtc_base = "legal"
outages = [%s]
visits = [
  { at = 2020-09-10T10:00:00, load_eur = 20 },
  { at = 2020-09-10T11:00:00, insert = true },%s
  { at = 2020-12-10T11:00:00, insert = true },
]
"""
SECONDS = "{ from = 2020-10-25T02:00:10+01:00, to = 2020-10-25T02:00:15+01:00 }"
IN_NOVEMBER = """
  { at = 2020-11-10T11:00:00, insert = true },"""


@pytest.mark.parametrize(
    ("outages", "more", "excused"),
    [("", "", False), (SECONDS, "", True), (SECONDS, IN_NOVEMBER, False)],
)
def test_a_torn_step_excuses_what_is_stated_up_to_the_next_right_statement(
    tmp_path, outages, more, excused
):
    """The clock states an hour too little in December; in November it stated the time."""
    body = FLICKER % (outages, more)
    lived = Lived(tmp_path, body, start="2020-06-01T10:00:00", end="2020-12-14T12:00:00")

    def an_hour_slow(events: list[Event]) -> list[Event]:
        last = max(at for at, event in enumerate(events) if event.what is What.CARD_SERVED)
        event = events[last]
        assert event.written is not None
        assert event.written.clock is not None
        clock = event.written.clock._replace(hour=event.written.clock.hour - 1)
        written = replace(event.written, clock=clock)
        return [*events[:last], replace(event, written=written), *events[last + 1 :]]

    assert kinds(lived.judge()) == set()
    assert kinds(lived.judge(change=an_hour_slow)) == (
        set() if excused else {FindingKind.WRONG_CLOCK}
    )
