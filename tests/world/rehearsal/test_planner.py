"""What a planner writes of many homes at once: several announcements, and copies that differ."""

from dataclasses import replace

import pytest

from card_protocol.timestamp import Civil
from meter_emu.units import SECOND_US
from meter_emu.world.households.household import Households
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.verdict import expected
from meter_emu.world.judge.verdicts import Verdict
from tests.world.rehearsal.test_campaign import ANNOUNCEMENT, TEXT, load, refusal

LETTERS = """
[[announced]]
cut_at = 2020-07-03T23:01:00
[[announced]]
name = "letter of May"
defer_until = 2020-06-30T09:00:00
[[household]]
id = "b"
kind = "had the letter of May"
announced = ["letter of May"]
balance_eur = 5
load_w = 100
visits = [{at = 2020-05-20T14:00:00, desk = ["defer"]}]
"""
SEVERAL = TEXT.replace(ANNOUNCEMENT, LETTERS).replace('"defer", "cut"', '"cut"')


def test_each_household_takes_the_dates_of_the_announcement_that_reached_it(tmp_path):
    campaign = load(tmp_path, SEVERAL)
    had_letter, had_none = campaign.households
    (letter,) = had_letter.announced
    assert (letter.name, letter.cut_at) == ("letter of May", None)
    first = had_letter.visits[0].desk
    assert first is not None
    assert (first.defer_until, first.cut_at) == (Civil(2020, 6, 30, 9, 0), None)
    (to_all,) = had_none.announced
    assert to_all is campaign.announced[0]
    assert (to_all.defer_until, to_all.cut_at) == (None, Civil(2020, 7, 3, 23, 1))
    assert [shown.in_words for shown in campaign.announced] == [
        "announced: cut at 2020-07-03 23:01",
        "letter of May: announced: no disconnection until 2020-06-30 09:00",
    ]


@pytest.mark.parametrize(
    ("old", "new", "want"),
    [
        ('desk = ["defer"]', 'desk = ["cut"]', "household 'b', visit 1: cut_at: is missing, and"),
        (
            'announced = ["letter of May"]',
            'announced = ["leter of May"]',
            "household 'b': announced: expected letter of May, got 'leter of May', did you",
        ),
        (
            'name = "letter of May"\n',
            "",
            "announced: two are made at one instant, expected each its own",
        ),
        (
            'name = "letter of May"\n',
            'name = "letter of May"\nmade = 2020-06-30T09:00:00\n',
            "announced 'letter of May': made: expected before what it announces",
        ),
        (
            "defer_until = 2020-06-30T09:00:00",
            "",
            "announced 'letter of May': expected defer_until",
        ),
    ],
)
def test_an_announcement_that_nobody_can_follow_is_refused(tmp_path, old, new, want):
    assert refusal(tmp_path, SEVERAL.replace(old, new)).startswith(want)


SPREAD = TEXT.replace(
    "load_w",
    "count = 200\nclock_error_s = [-30, 30]\ndrift_ppb = [-7, -5]\nvisits_later_s = [-60, 60]\n"
    "load_w",
)


def test_copies_spread_over_the_stated_ranges_and_keep_their_order_of_visits(tmp_path):
    campaign, alike = load(tmp_path, SPREAD), load(tmp_path).households[0]
    households = list(campaign.households)
    errors_s = [household.clock_error_s for household in households]
    assert (min(errors_s) <= -25, max(errors_s) >= 25) == (True, True)
    assert set(errors_s) <= set(range(-30, 31))
    assert {household.drift_ppb for household in households} == {-7, -6, -5}
    later_us: list[int] = []
    for household in households:
        offs = {v.at_us - was.at_us for v, was in zip(household.visits, alike.visits, strict=True)}
        assert len(offs) == 1
        later_us += offs
    assert -60 * SECOND_US <= min(later_us) < -50 * SECOND_US
    assert 50 * SECOND_US < max(later_us) <= 60 * SECOND_US
    assert len(set(later_us)) == len(households), "to the microsecond"
    assert [visit.desk for visit in households[0].visits] == [visit.desk for visit in alike.visits]
    assert households == list(load(tmp_path, SPREAD).households)


def test_a_copy_alone_is_what_it_is_among_the_others(tmp_path):
    campaign = load(tmp_path, SPREAD)
    alone = campaign.households.alone("a-7")
    assert alone is not None
    assert list(alone) == [campaign.households[6]]


def test_a_poll_phase_and_a_visit_are_what_the_file_says_to_the_microsecond(tmp_path):
    text = TEXT.replace("load_w", "poll_phase_us = 59_980_001\nload_w")
    text = text.replace("2020-06-29T18:00:00", "2020-06-29T18:00:59.980")
    (household,) = load(tmp_path, text).households
    assert household.poll_phase_us == 59_980_001
    assert household.visits[-1].at_us % (60 * SECOND_US) == 59_980_000
    assert Households.alone(load(tmp_path, text).households, "a") is not None


@pytest.mark.parametrize(
    ("line", "want"),
    [
        ("poll_phase_us = 60_000_000", "household 'a': poll_phase_us: expected less than 60 s"),
        ("drift_ppb = [5, -5]", "household 'a': drift_ppb: expected [from, to], the smaller first"),
        ("drift_ppb = [5]", "household 'a': drift_ppb: expected a list of length >= 2"),
        ("visits_later_s = [0, 20_000_000]", "household 'a': visits_later_s: 20000000 s puts"),
        (
            "clock_error_s = [-700_000_000, 0]",
            "household 'a': clock_error_s: expected a clock that shows a day of 2000 to 2099",
        ),
        (
            "expect_cut = [2020-07-03T23:01:00, 2020-07-03T23:00:59]",
            "household 'a': expect_cut: expected [from, to], the earlier first",
        ),
    ],
)
def test_a_range_that_cannot_be_is_refused(tmp_path, line, want):
    assert refusal(tmp_path, TEXT.replace("load_w", f"{line}\nload_w")).startswith(want)


def test_a_start_at_the_end_of_what_clocks_show_is_blamed_on_the_start(tmp_path):
    text = TEXT.replace("2020-03-18T00", "2099-12-31T10").replace("2020-10-30", "2099-12-31")
    assert refusal(tmp_path, text).startswith("start: expected a day after the first and")


def test_a_cut_is_expected_between_two_times_both_included(tmp_path):
    said = "expect_cut = [2020-07-03T23:01:00, 2020-07-03T23:06:00]"
    (household,) = load(tmp_path, TEXT.replace("load_w", f"{said}\nload_w")).households
    assert household.expect_cut_us is not None
    from_us, to_us = household.expect_cut_us
    assert to_us - from_us == 300 * SECOND_US
    for cut_us, good in (
        (from_us, True), (to_us, True), (from_us - 1, False), (to_us + 1, False), (None, False),
    ):  # fmt: skip
        assert expected(_cut(cut_us), household) is good
        assert expected(_cut(cut_us), replace(household, expect_cut_us=None))


REPLACED = """
[[announced]]
defer_until = 2020-06-30T23:01:00
cut_at = 2020-06-30T23:01:00
[[announced]]
made = 2020-06-26T09:00:00
defer_until = 2020-07-03T23:01:00
cut_at = 2020-07-03T23:01:00
"""


def test_a_date_that_the_office_writes_is_the_newest_of_that_day(tmp_path):
    text = TEXT.replace(ANNOUNCEMENT, REPLACED).replace('["reactivate"]', '["defer", "cut"]')
    campaign = load(tmp_path, text)
    (household,) = campaign.households
    assert household.announced == campaign.announced
    orders = [visit.desk for visit in household.visits if visit.desk is not None]
    assert [order.cut_at for order in orders] == [
        Civil(2020, 6, 30, 23, 1),
        Civil(2020, 7, 3, 23, 1),
    ]
    made = text.replace("made = 2020-06-26T09:00:00\n", "").replace("[[announced]]\n", "", 1)
    early = made.replace("[[announced]]", "[[announced]]\nmade = 2020-06-26T09:00:00")
    alone = early.replace("defer_until = 2020-06-30T23:01:00\ncut_at = 2020-06-30T23:01:00\n", "")
    assert refusal(tmp_path, alone) == (
        "household 'a', visit 1: defer_until: is missing, "
        "and nothing was announced to this household by then"
    )


def test_who_heard_nothing_says_so(tmp_path):
    campaign = load(tmp_path, SEVERAL.replace('["letter of May"]', '"none"').replace(
        'desk = ["defer"]', "load_eur = 20"))  # fmt: skip
    assert [len(household.announced) for household in campaign.households] == [0, 1]


def _cut(cut_us: int | None) -> Outcome:
    return Outcome(
        id="a", kind="", energy="electricity", model="", build="", ordered_us=None,
        cut_us=cut_us, verdict=Verdict.KEPT,
    )  # fmt: skip
