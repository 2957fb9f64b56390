"""Verdicts over hand-written event lists: what each one means, and that each can come.

The last test runs the reference program itself.
"""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from card_protocol.timestamp import Civil
from meter_emu.resources import built_in
from meter_emu.units import SECOND_US
from meter_emu.world.judge.answer import HouseholdCounts
from meter_emu.world.judge.knowledge import clock_beyond_us
from meter_emu.world.judge.outcome import WORK_US, Outcome
from meter_emu.world.judge.unsure import WATCHED_US
from meter_emu.world.judge.verdict import expected, judge, ordered_expected
from meter_emu.world.judge.verdicts import FindingKind, Verdict
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.model import load_model, uncertainty_s
from meter_emu.world.rehearsal.engine import run_meter
from tests.world.judge import case as hand
from tests.world.judge.case import GAS

ARM = """  {at = 2020-06-02T10:30:00, desk = ["defer", "cut"]},
  {at = 2020-06-02T11:00:00, insert = true},
"""
ARMED = f"balance_eur = 50\nvisits = [\n{ARM}]"
REACTIVATED = f"""balance_eur = 50\nvisits = [\n{ARM}
  {{at = 2020-06-29T10:00:00, desk = ["reactivate"]}},
  {{at = 2020-06-29T11:00:00, insert = true}},
]"""
ORDINARY = "balance_eur = 0"
LIMITER = ARMED + "\nlimiter = true"
T = "2020-07-03T23:01:00"
EXPIRY = "2020-06-25T03:17:00"
NIGHT_BEFORE = "2020-07-02T23:00:30"


class Case(hand.Case):
    """A home that may be armed for T."""

    @property
    def latest_us(self) -> int:
        """The last moment that the clock's uncertainty explains: T + 2u + poll."""
        u_us = (
            uncertainty_s(self.household.model, self.household.clock_set_us, self.us(T)) * SECOND_US
        )
        return self.us(T) + 2 * u_us + 60 * SECOND_US + WORK_US


def test_an_armed_home_dark_the_night_before_was_cut_early(tmp_path):
    case = Case(tmp_path, ARMED)
    outcome = case.judge((NIGHT_BEFORE, What.OPENED))
    assert outcome.verdict is Verdict.EARLY
    assert outcome.cut_us == case.us(NIGHT_BEFORE)
    assert outcome.ordered_us == case.us(T)


def test_a_cut_at_t_is_on_time_and_one_microsecond_before_is_early(tmp_path):
    case = Case(tmp_path, ARMED)
    assert case.judge((T, What.OPENED)).verdict is Verdict.ON_TIME
    assert case.judge((case.us(T) - 1, What.OPENED)).verdict is Verdict.EARLY


def test_a_cut_is_late_one_microsecond_after_what_the_uncertainty_explains(tmp_path):
    case = Case(tmp_path, ARMED)
    assert case.judge((case.latest_us, What.OPENED)).verdict is Verdict.ON_TIME
    late = case.judge((case.latest_us + 1, What.OPENED))
    assert (late.verdict, late.cut_us) == (Verdict.LATE, case.latest_us + 1)


def test_an_armed_home_still_supplied_is_never_cut(tmp_path):
    outcome = Case(tmp_path, ARMED).judge()
    assert (outcome.verdict, outcome.cut_us) == (Verdict.NEVER, None)


def test_a_reactivated_home_cut_at_the_old_t_or_before_is_wrongly_cut(tmp_path):
    case = Case(tmp_path, REACTIVATED)
    for when in (T, NIGHT_BEFORE):
        outcome = case.judge((when, What.OPENED))
        assert (outcome.verdict, outcome.cut_us) == (Verdict.WRONGLY_CUT, case.us(when))
    assert case.judge().verdict is Verdict.KEPT
    assert case.judge().ordered_us is None


def test_a_lawful_credit_cut_is_an_event_and_no_verdict(tmp_path):
    case = Case(tmp_path, ORDINARY)
    lawful = case.judge(("2020-06-03T08:00:05", What.OPENED))
    assert (lawful.verdict, lawful.cut_us) == (Verdict.KEPT, None)
    sheltered = case.judge(("2020-06-03T07:59:00", What.OPENED))
    assert sheltered.verdict is Verdict.WRONGLY_CUT
    later_too = case.judge(
        ("2020-06-03T08:00:05", What.OPENED),
        ("2020-06-03T09:00:00", What.KEY_PRESSED),  # takes the emergency credit
        ("2020-06-03T09:00:00", What.CLOSED),
        ("2020-06-03T20:00:00", What.OPENED),
        key="red",
    )
    assert later_too.verdict is Verdict.WRONGLY_CUT
    assert later_too.cut_us == case.us("2020-06-03T20:00:00")


def test_a_valve_that_goes_back_within_its_test_is_no_disconnection_while_something_flows(
    tmp_path,
):
    """Turned on the night before T: back in time or not, with the appliances open or shut."""
    case = Case(tmp_path, "balance_eur = 0" + ARMED.removeprefix("balance_eur = 50"), model=GAS)
    dark = (("2020-06-02T08:00:05", What.OPENED), ("2020-06-02T11:00:03", What.INVITED))
    held_us, work_us = case.us(NIGHT_BEFORE), WORK_US
    on_us = held_us + 3 * SECOND_US
    end_us = on_us + case.household.model.rearm.tightness_s * SECOND_US + work_us
    flowed_us = on_us + 2 * 3_600 * SECOND_US // 100  # of 100 dm³ an hour: two can be seen
    flowed_us += WATCHED_US
    tried = ((held_us, What.KEY_HELD), (on_us, What.CLOSED))

    def verdict(*seen: hand.Seen) -> Verdict:
        return case.judge(*dark, *seen, key="blue").verdict

    assert verdict(*tried, (flowed_us, What.OPENED)) is Verdict.ON_TIME
    assert verdict(*tried, (flowed_us + 1, What.OPENED)) is Verdict.FED_UNASKED
    shut = (held_us - 1, What.SHUT)
    assert verdict(shut, *tried, (end_us - 1, What.OPENED)) is Verdict.NOT_RESTORED
    lit = (end_us - 2, What.LIT)
    assert verdict(shut, *tried, lit, (end_us - 1, What.OPENED)) is Verdict.ON_TIME
    assert verdict(*tried[1:], (end_us - 1, What.OPENED)) is Verdict.FED_UNASKED
    assert case.judge((NIGHT_BEFORE, What.OPENED)).verdict is Verdict.EARLY  # it was on all along


def test_what_was_announced_is_the_promise_in_force_at_the_forbidden_cut(tmp_path):
    case = Case(tmp_path, REACTIVATED.replace("2020-06-29T11:00:00", "2020-07-03T10:10:00"))
    outcome = case.judge((NIGHT_BEFORE, What.OPENED))
    assert (outcome.verdict, outcome.ordered_us) == (Verdict.EARLY, case.us(T))
    assert case.judge((T, What.OPENED)).ordered_us is None


def test_wrongly_cut_comes_before_early(tmp_path):
    case = Case(tmp_path, REACTIVATED)
    outcome = case.judge(
        ("2020-06-10T12:00:00", What.OPENED),  # while armed
        ("2020-06-10T13:00:00", What.CLOSED),
        ("2020-07-01T12:00:00", What.OPENED),  # with credit, reactivated
    )
    assert [b.verdict for b in outcome.breaches] == [Verdict.EARLY, Verdict.WRONGLY_CUT]
    assert outcome.verdict is Verdict.WRONGLY_CUT
    assert outcome.cut_us == case.us("2020-07-01T12:00:00")


def test_a_granted_limiter_gives_10_ampere_instead_of_the_cut(tmp_path):
    case = Case(tmp_path, LIMITER)
    assert case.judge((T, What.LIMITED)).verdict is Verdict.KEPT
    assert case.judge((T, What.OPENED)).verdict is Verdict.WRONGLY_CUT
    assert case.judge((NIGHT_BEFORE, What.LIMITED)).verdict is Verdict.EARLY


def test_a_limit_ends_with_the_period_and_a_restart_restores_it(tmp_path):
    case = Case(tmp_path, ORDINARY + "\nlimiter = true")
    limited = ("2020-06-03T08:00:05", What.LIMITED)
    out = (("2020-06-03T10:00:00", What.POWER_LOST), ("2020-06-03T10:05:00", What.POWER_BACK))
    full = ("2020-06-03T16:01:00", What.UNLIMITED)
    assert case.judge(limited, full).verdict is Verdict.KEPT
    assert case.judge(limited, *out, full).verdict is Verdict.KEPT
    assert case.judge(limited).verdict is Verdict.NOT_RESTORED
    assert case.judge(limited, full, ("2020-06-03T20:00:00", What.LIMITED)).verdict is (
        Verdict.WRONGLY_CUT
    )


def test_without_power_across_t_the_cut_comes_at_power_up(tmp_path):
    outage = "\noutages = [{from = 2020-07-03T20:00:00, to = 2020-07-04T10:00:00}]"
    case = Case(tmp_path, ARMED + outage)
    dark = (("2020-07-03T20:00:00", What.POWER_LOST), ("2020-07-04T10:00:00", What.POWER_BACK))
    boot_us = case.household.model.boot_ms * 1000
    latest_us = case.us("2020-07-04T10:00:00") + boot_us + WORK_US
    assert case.judge(*dark, (latest_us, What.OPENED)).verdict is Verdict.ON_TIME
    assert case.judge(*dark, (latest_us + 1, What.OPENED)).verdict is Verdict.LATE
    assert case.judge(*dark).verdict is Verdict.NEVER


def test_no_power_through_the_end_is_held(tmp_path):
    case = Case(tmp_path, ARMED)
    assert case.judge(("2020-07-03T20:00:00", What.POWER_LOST)).verdict is Verdict.HELD


def test_a_doubt_is_held_where_something_explains_it(tmp_path):
    """The backup capacitor of this model lasts for 40 days."""
    text = hand.TEXT.replace("2020-06-01T10", "2020-04-01T10")
    long = "\noutages = [{from = 2020-04-10T20:00:00, to = 2020-05-28T20:00:00}]"
    case = Case(tmp_path, ARMED + long, text=text)
    out = (("2020-04-10T20:00:00", What.POWER_LOST), ("2020-05-28T20:00:00", What.POWER_BACK))
    doubt = ("2020-05-28T20:00:02", What.CLOCK_DOUBTED)
    assert case.judge(*out, doubt).verdict is Verdict.HELD
    assert case.judge(*out).verdict is Verdict.NEVER
    assert case.judge(doubt).verdict is Verdict.NEVER


def test_a_home_dark_already_needs_no_cut_but_must_stay_dark(tmp_path):
    case = Case(tmp_path, "balance_eur = 0" + ARMED.removeprefix("balance_eur = 50"))
    dark = (("2020-06-02T08:00:05", What.OPENED), ("2020-06-02T11:00:02", What.INVITED))
    assert case.judge(*dark).verdict is Verdict.ON_TIME
    closed = ("2020-07-04T09:00:00", What.CLOSED)
    assert case.judge(*dark, closed).verdict is Verdict.FED_UNASKED
    pressed = ("2020-07-04T09:00:00", What.KEY_PRESSED)
    assert case.judge(*dark, pressed, closed, key="red").verdict is Verdict.NEVER


def test_a_reactivation_while_the_meter_could_not_be_sure_keeps_the_promise_either_way(tmp_path):
    late = REACTIVATED.replace("2020-06-29T11:00:00", "2020-07-03T23:05:00")
    case = Case(tmp_path, late)
    assert case.judge().verdict is Verdict.KEPT
    asked_for = ("2020-07-03T23:05:02", What.INVITED)
    cut = case.judge(("2020-07-03T23:04:00", What.OPENED), asked_for)
    assert cut.verdict is Verdict.ON_TIME
    assert case.judge(("2020-07-03T23:06:00", What.OPENED)).verdict is Verdict.WRONGLY_CUT


def test_a_cut_not_made_before_a_late_reactivation_is_never(tmp_path):
    case = Case(tmp_path, REACTIVATED.replace("2020-06-29T11:00:00", "2020-07-05T11:00:00"))
    assert case.judge().verdict is Verdict.NEVER
    asked_for = ("2020-07-05T11:00:02", What.INVITED)
    assert case.judge((T, What.OPENED), asked_for).verdict is Verdict.ON_TIME
    assert case.judge((T, What.OPENED)).verdict is Verdict.NOT_RESTORED


def stated(case: Case, when: str, cut_at: Civil | None) -> Outcome:
    """Judge a home whose meter states a cut at one moment, and nothing else."""
    said = Event(at_us=case.us(when), what=What.CARD_SERVED, understood=(None, cut_at))
    events = [*case.events((T, What.OPENED)), said]
    return judge(case.household, case.campaign, sorted(events, key=lambda event: event.at_us))


def test_a_meter_that_states_another_cut_than_was_told_is_seen_from_that_day(tmp_path):
    case = Case(tmp_path, ARMED)
    promise, other = Civil(2020, 7, 3, 23, 1), Civil(2020, 7, 2, 23, 1)
    assert stated(case, "2020-06-02T11:00:01", promise).wrong_display is None
    day_us = case.us("2020-06-02T11:00:01")
    assert stated(case, "2020-06-02T11:00:01", other).wrong_display == (day_us, other)
    assert stated(case, "2020-06-02T11:00:01", None).wrong_display == (day_us, None)
    assert stated(case, "2020-07-05T11:00:00", None).wrong_display is None  # T is past
    again = Case(tmp_path, REACTIVATED)
    assert stated(again, "2020-06-29T11:00:01", None).wrong_display is None
    assert stated(again, "2020-06-29T11:00:01", promise).wrong_display is not None


@pytest.mark.parametrize("verdict", list(Verdict))
def test_on_time_kept_and_not_covered_are_good_unless_other_is_expected(tmp_path, verdict):
    case = Case(tmp_path, ARMED)
    outcome = replace(case.judge((T, What.OPENED)), verdict=verdict)
    good = {Verdict.ON_TIME, Verdict.KEPT, Verdict.NOT_COVERED}
    assert expected(outcome, case.household) is (verdict in good)
    held = replace(case.household, expect=("held",))
    # Who is not covered was not run, so nothing else could be expected of them.
    assert expected(outcome, held) is (verdict in {Verdict.HELD, Verdict.NOT_COVERED})


def answer(case, *verdicts: Verdict) -> tuple[str, ...]:
    """Return the sentences about households that came out so."""
    counts = HouseholdCounts(case.campaign)
    outcome = case.judge((T, What.OPENED))
    for verdict in verdicts:
        counts.add(case.household, replace(outcome, verdict=verdict))
    return counts.answer.said


def test_a_household_that_was_not_run_is_never_said_to_be_as_announced(tmp_path):
    case = Case(tmp_path, ARMED)
    on_time, outside, late = Verdict.ON_TIME, Verdict.NOT_COVERED, Verdict.LATE
    lived = "lived what was announced"
    assert f"All {lived}." in answer(case, on_time, on_time)
    said = answer(case, on_time, outside, outside)
    assert "The program does not cover 2 households: they were not run." in said
    assert f"It {lived}." in said
    (said_alone,) = answer(case, outside)
    assert said_alone == "The program covers none of 1 household: nothing was run."
    assert "1 of 2 meters did otherwise than expected." in answer(case, late, on_time, outside)


def test_a_clock_ten_minutes_off_needs_a_setting_long_ago_to_be_within_its_bound(tmp_path):
    def within(clock: str) -> bool:
        case = Case(tmp_path, clock + ARMED)
        return clock_beyond_us(case.household, case.campaign.end_us) is None

    assert within("")
    off = "clock_error_s = 0\nclock_set = 2019-12-02T09:00:00\n"
    assert within(off + "drift_ppb = 32_400\n")
    assert within(off + "drift_ppb = -32_400\n")
    assert not within("clock_error_s = 600\n")
    # Off at one end only: at the start, then slower; or right at the start, then too fast.
    assert not within("clock_error_s = 61\ndrift_ppb = -20_000\n")
    assert not within("clock_error_s = 60\ndrift_ppb = 51_000\n")


DEEDS = (
    'desk = ["defer", "cut"]',
    'desk = ["defer"]',
    'desk = ["cut"]',
    'desk = ["reactivate"], load_eur = 20',
    'desk = ["prepayment-off"]',
    'desk = ["prepayment-on"]',
    'desk = ["limiter-on"]',
    'desk = ["limiter-off"]',
    "load_eur = 5",
    "tariff = { number = 2, price_ueur_per_wh = 400 }",
    "replace_card = true",
    f"replace_card = true, card_expires = {EXPIRY}",
    "tariff = { number = 3, price_ueur_per_wh = 400, night_price_ueur_per_wh = 90 }",
    'press = "red"',
    "insert = true",
    "insert = true",
    "insert = true",
)
FOR_GAS = {  # no limiter, no night price, and the button is held
    'press = "red"': 'hold = "blue"',
    **{deed: "insert = true" for deed in DEEDS if "limiter" in deed or "night" in deed},
}
FIRST, LAST = datetime.fromisoformat("2020-06-02"), datetime.fromisoformat("2020-07-07")
# Several visits at one moment, and some while the person still stands at the meter.
AT_ONCE = [
    *(FIRST.replace(hour=10, minute=minute) for minute in (0, 0, 1, 9)),
    FIRST.replace(month=7, day=3, hour=23, minute=1),
]
MOMENTS = st.datetimes(FIRST, LAST) | st.sampled_from(AT_ONCE)
MODELS = {name: load_model(path) for name, path in built_in("meters").items()}


@pytest.mark.slow("lives and judges many homes")
@given(
    deeds=st.lists(st.tuples(MOMENTS, st.sampled_from(DEEDS)), max_size=12),
    model=st.sampled_from(sorted(MODELS)),
    card=st.tuples(st.sampled_from([1, 2]), st.sampled_from(["secure", "plain"])),
    balance=st.sampled_from(["0", "0.50", "3", "10", "50"]),
    load=st.sampled_from([0, 30, 300, 3000]),
    drift_percent=st.sampled_from([-100, 0, 100]),
    limiter=st.booleans(),
)
@example(  # the deferral is over, but not by a slow clock: a button presses no emergency credit
    deeds=[(datetime(2020, 6, 2, 10, 0), 'desk = ["defer"]'),  # noqa: DTZ001  local, as in a file
           (datetime(2020, 7, 3, 23, 1), "insert = true")],  # noqa: DTZ001
    model="electricity-bi-hourly", card=(1, "secure"), balance="0", load=0, drift_percent=-100,
    limiter=False,
)  # fmt: skip
@example(  # reconnected by a card, between two looks: what the shelter gives begins there
    deeds=[(datetime(2020, 6, 2, 0, 0), 'desk = ["limiter-on"]'),  # noqa: DTZ001
           (datetime(2020, 6, 2, 0, 0), "tariff = { number = 2, price_ueur_per_wh = 400 }"),  # noqa: DTZ001
           (datetime(2020, 6, 2, 1, 0), "insert = true")],  # noqa: DTZ001
    model="electricity-bi-hourly", card=(1, "secure"), balance="0", load=0, drift_percent=-100,
    limiter=False,
)  # fmt: skip
def test_the_reference_keeps_the_promise_whatever_the_household_does(
    tmp_path_factory, deeds, model, card, balance, load, drift_percent, limiter
):
    """Firmware and ideal meter share no code: what both say of any story is no accident."""
    gas = MODELS[model].energy == "gas"
    visits = "\n".join(
        f"  {{ at = {when.isoformat()}, {FOR_GAS.get(deed, deed) if gas else deed} }},"
        for when, deed in deeds
    )
    body = f"""balance_eur = "{balance}"
card_generation = {card[0]}
carrier = "{card[1]}"
drift_ppb = {drift_percent * MODELS[model].clock.drift_bound_ppb // 100}
clock_set = 2019-12-02T09:00:00
limiter = {str(limiter and not gas).lower()}
visits = [
{visits}
]"""
    case = Case(tmp_path_factory.mktemp("case"), body, model=model, load=load)
    outcome = judge(case.household, case.campaign, run_meter(case.household, case.campaign))
    good = ordered_expected(outcome, case.household)
    assert (good, outcome.wrong_display) == (True, None), visits


def test_a_limiter_that_is_due_and_never_comes_is_found(tmp_path):
    case = Case(tmp_path, LIMITER)
    assert case.judge((T, What.LIMITED)).findings == ()
    (finding,) = case.judge().findings
    assert (finding.kind, finding.from_us > case.us(T)) == (FindingKind.WRONG_MONEY, True)
    assert finding.words.endswith("the household is not limited")


def test_a_switch_that_opens_without_power_is_no_lawful_cut(tmp_path):
    case = Case(tmp_path, "balance_eur = 50")
    out = ("2020-06-03T10:00:00", What.POWER_LOST), ("2020-06-03T12:00:00", What.POWER_BACK)
    assert case.judge(*out).verdict is Verdict.KEPT
    outcome = case.judge(*out, ("2020-06-03T11:00:00", What.OPENED))
    assert outcome.verdict is Verdict.WRONGLY_CUT
    assert [one.kind for one in outcome.findings] == [FindingKind.SUPPLY_MISSTATED]
