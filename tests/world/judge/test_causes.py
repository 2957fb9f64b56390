"""A doubt of the clock is excused by a cause that lets it begin just then, and by no other."""

from pathlib import Path

import pytest

from meter_emu.world.judge.causes import Why
from meter_emu.world.judge.knowledge import Knowledge
from meter_emu.world.judge.verdicts import FindingKind, Verdict
from meter_emu.world.meter.events import What
from tests.campaigns import head
from tests.docs.pages import page, table
from tests.world.judge.case import Case, Seen

ARMED = """  {at = 2020-06-02T10:30:00, desk = ["defer", "cut"]},
  {at = 2020-06-02T11:00:00, insert = true},
"""
HOME = """[[household]]
id = "a"
kind = "x"
LOAD
BODY
"""
TEXT = head("causes", "2020-06-01T10:00:00", "2020-07-08T12:00:00", model="MODEL") + HOME
YEARS = head("causes", "2020-03-01T10:00:00", "2021-07-08T12:00:00", model="MODEL") + HOME


def out(lost: str, back: str) -> tuple[Seen, Seen]:
    return (lost, What.POWER_LOST), (back, What.POWER_BACK)


def doubted(when: str) -> Seen:
    return (when, What.CLOCK_DOUBTED)


OUT = out("2020-06-02T11:00:50", "2020-06-02T11:20:00")
LONG = out("2020-06-03T10:00:00", "2020-07-20T10:00:00")
TOOL = """  {at = 2020-06-10T10:00:00, clock_card = true, clock_error_s = %d},
"""
AHEAD = """  {at = 2020-06-10T10:00:00, load_eur = 20, office_error_s = %d},
  {at = 2020-06-10T11:00:00, insert = true},
"""
FAST = "drift_ppb = 60000\n"  # 10 ppm beyond the bound of 50: 6 s a week
CASES = {
    # A served card and a power failure within a minute, and the doubt begins 18 days later.
    "card": ("", (*OUT, doubted("2020-06-20T10:00:00")), False),
    "card and start": ("", (*OUT, doubted("2020-06-02T11:20:03")), False),
    # A tool that is 61 s off, and a doubt before it came; and one after.
    "before the tool": (TOOL % 61, (doubted("2020-06-03T10:00:00"),), False),
    "after the tool": (TOOL % 61, (doubted("2020-06-12T10:00:00"),), True),
    "a right tool": (TOOL % 59, (doubted("2020-06-12T10:00:00"),), False),
    # Power fails as the clock is set: the doubt is there when the program has started.
    "torn setting": (
        TOOL % 0,
        (*out("2020-06-10T10:00:20", "2020-06-10T10:20:00"), doubted("2020-06-10T10:20:02")),
        True,
    ),
    "long after it": (
        TOOL % 0,
        (*out("2020-06-10T10:00:20", "2020-06-10T10:20:00"), doubted("2020-06-10T12:00:00")),
        False,
    ),
    "an office ahead": (AHEAD % 901, (doubted("2020-06-10T11:00:01"),), False),  # an hour ago
    "far ahead": (AHEAD % 4_600, (doubted("2020-06-10T11:00:01"),), True),
    "far ahead, weeks ago": (AHEAD % 4_600, (doubted("2020-06-12T11:00:01"),), False),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_doubt_is_excused_in_the_interval_of_its_cause_alone(tmp_path, name):
    more, seen, excused = CASES[name]
    acts = {"clock_card": What.CLOCK_SET, "load_eur": What.DESK}
    at_ten = [("2020-06-10T10:00:00", what) for key, what in acts.items() if key in more]
    case = Case(tmp_path, f"balance_eur = 50\nvisits = [\n{ARMED}{more}]", text=TEXT)
    outcome = case.judge(*at_ten, *seen)  # fed to the end
    found = {finding.kind for finding in outcome.findings}
    assert (FindingKind.GROUNDLESS_DOUBT in found) is not excused
    assert outcome.verdict is (Verdict.HELD if excused else Verdict.NEVER)


def test_an_exhausted_reserve_explains_a_doubt_at_the_start_alone(tmp_path):
    for when, excused in (("2020-07-20T10:00:03", True), ("2020-08-20T10:00:03", False)):
        case = Case(tmp_path, f"balance_eur = 900\nvisits = [\n{ARMED}]", text=YEARS)
        outcome = case.judge(*LONG, doubted(when))
        found = {finding.kind for finding in outcome.findings}
        assert (FindingKind.GROUNDLESS_DOUBT not in found) is excused, when


def test_a_clock_is_beyond_its_bound_from_when_it_leaves_it(tmp_path):
    """60 s at the setting, and 0.86 s a day more than the bound: from day 70 on."""
    case = Case(tmp_path, f"balance_eur = 900\n{FAST}", text=YEARS)
    for when, excused in (("2020-05-07T10:00:00", False), ("2020-05-12T10:00:00", True)):
        groundless = [f for f in case.judge(doubted(when)).findings
                      if f.kind is FindingKind.GROUNDLESS_DOUBT]  # fmt: skip
        assert (not groundless) is excused, when


def test_a_clock_that_was_too_old_before_the_beginning_is_doubted_at_the_start_alone(tmp_path):
    """Its model believes a setting for 900 days."""
    for clock_set, when, excused in (
        ("2016-01-01T00:00:00", "2020-03-01T10:00:03", True),
        ("2016-01-01T00:00:00", "2020-03-01T12:00:00", False),
        ("2017-09-14T10:00:00", "2020-03-01T10:00:03", False),  # 899 days
    ):
        home = f"balance_eur = 900\nclock_set = {clock_set}\nvisits = [\n{ARMED}]"
        case = Case(tmp_path, home, text=YEARS)
        found = {finding.kind for finding in case.judge(doubted(when)).findings}
        assert (FindingKind.GROUNDLESS_DOUBT not in found) is excused, (clock_set, when)


def flicker(times: int, night: str) -> list[Seen]:
    return [
        seen
        for number in range(times)
        for seen in out(f"{night}T02:{number:02}:00", f"{night}T02:{number:02}:30")
    ]


def within_us(case: Case, *seen: Seen, at: str) -> int:
    knowledge = Knowledge(case.household, case.campaign.start_us)
    for event in case.events(*seen):
        knowledge.take(event)
    return knowledge.within_us(case.us(at))


def test_flicker_at_one_change_of_clocks_adds_one_hour_to_u(tmp_path):
    hour_us = 3_600_000_000
    case = Case(tmp_path, 'balance_eur = 900\nrtc_base = "legal"\n', text=YEARS)
    at = "2020-11-10T10:00:00"
    steady_us = within_us(case, at=at)
    spring = out("2020-03-29T01:50:00", "2020-03-29T01:55:00")
    autumn = [(f"2020-10-25T{clock}:00+01:00", what) for clock, what in (
        ("02:00", What.POWER_LOST), ("02:05", What.POWER_BACK), ("02:06", What.POWER_LOST),
        ("02:07", What.POWER_BACK), ("02:08", What.POWER_LOST), ("02:09", What.POWER_BACK),
    )]  # fmt: skip
    assert within_us(case, *spring, at=at) == steady_us + hour_us
    assert within_us(case, *autumn, at=at) == steady_us + hour_us
    assert within_us(case, *spring, *autumn, at=at) == steady_us + 2 * hour_us
    assert within_us(case, *out("2020-10-01T02:00:00", "2020-10-01T02:05:00"), at=at) == steady_us


def test_a_step_that_waits_for_power_is_at_risk_when_power_is_back(tmp_path):
    """No power from before a change to after it: the step comes with the start."""
    case = Case(tmp_path, 'balance_eur = 900\nrtc_base = "legal"\n', text=YEARS)
    over = out("2020-10-20T02:00:00", "2020-10-28T10:00:00")
    at = "2020-11-10T10:00:00"
    steady_us = within_us(case, *over, at=at)
    again = out("2020-10-28T10:00:20", "2020-10-28T10:30:00")
    assert within_us(case, *over, *again, at=at) == steady_us + 3_600_000_000
    later = out("2020-10-29T10:00:20", "2020-10-29T10:30:00")
    assert within_us(case, *over, *later, at=at) == steady_us


def test_the_causes_are_the_rows_of_the_page(tmp_path: Path):
    rows = table(page("docs/decisions/doubt.md"), "cause", "a doubt may begin",
                 "what an outsider sees")  # fmt: skip
    assert [row[0] for row in rows] == [why.value for why in Why]
