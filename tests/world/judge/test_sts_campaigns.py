"""The three nights of STS meters, household by household, as worked out by hand in their files.

The dates are asked of `datetime`, the offices' last minutes of the ledger.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from card_protocol.tokens.sts.tid import BaseDate
from meter_emu.desk.vending import MeterKey
from meter_emu.resources import built_in
from meter_emu.world.households.sts_ledger import StsSale, StsToken, vended
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.meter.events import What
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from meter_emu.world.rehearsal.fleet import rehearsed
from tests.cells import WHOLE
from tests.docs.pages import blocks, page
from tests.world.judge.sts_homes import model_of, us, when_of

LOOK: Final = timedelta(seconds=65)


def at(*of: int) -> datetime:
    return datetime(*of, tzinfo=UTC)  # type: ignore[arg-type, misc]


OFFICE, HOUSEHOLD, PLAN = "office", "household", "plan"
BOTH = "office and household"  # together
EITHER = "office or plan"  # a right office takes no money, a visit in time makes it right
END = "office and plan"  # the office errs, and the key ends all the same
NEVER_GOT, NO_BUY = "paid_never_got", "cannot_buy"
# Household: what it lived, since when, whose doing; `None` for nothing lost.
LIVED: Final = {
    "sts-rollover-2024": {
        "visited": None,
        "swapped": None,
        "dark-between": None,
        "not-visited": (NO_BUY, at(2024, 11, 24, 20, 15, 59), PLAN),
        "cupboard": (NEVER_GOT, at(2024, 11, 2, 9, 4), HOUSEHOLD),
        "typed-after": (NEVER_GOT, at(2024, 11, 9, 18), HOUSEHOLD),
        "half-a-set": (NEVER_GOT, at(2024, 11, 26, 18), HOUSEHOLD),
        "two-sets": (NEVER_GOT, at(2024, 11, 26, 18), BOTH),
        "before-midnight": (NO_BUY, at(2024, 11, 24, 20, 16), PLAN),
        "wrapped": (NEVER_GOT, at(2024, 11, 26, 18), EITHER),
        "new-base": (NEVER_GOT, at(2024, 11, 26, 18), EITHER),
        "forgetful": (NEVER_GOT, at(2024, 11, 20, 0, 1, 10), OFFICE),
    },
    "sts-december-2029": dict.fromkeys(("before", "at", "after-one", "rolled-later")),
    "sts-rollover-2045": {
        "visited": None,
        "four": None,
        "three": (NEVER_GOT, at(2045, 11, 26, 18), HOUSEHOLD),
        "not-visited": (NO_BUY, at(2045, 11, 24, 20, 16), PLAN),
        "ken-254": (NO_BUY, at(2045, 10, 10, 8), PLAN),
        "ken-rule": (NO_BUY, at(2045, 10, 10, 3, 46), PLAN),
        "counts-1993": (NO_BUY, at(2045, 10, 1, 8), END),
        "group-key": (NEVER_GOT, at(2045, 10, 1, 8), OFFICE),
        "hour-twice": None,
        "hour-forgotten": (NEVER_GOT, at(2045, 10, 29, 1, 30), OFFICE),
    },
}
# Households that are without supply at the end, and since when, but for one look.
DARK: Final = {("sts-rollover-2024", "cupboard"): at(2024, 12, 8, 20)}
SIGNED: Final = {
    "at": at(2029, 12, 13, 20),
    "after-one": at(2029, 12, 26, 8),
    "rolled-later": at(2029, 12, 22, 4),
}


# What each meter answers to what is keyed in, by number: docs/token-meters.md.
ANSWERS: Final = {
    "sts-rollover-2024": {
        "visited": "2 1 1 1",
        "swapped": "3 1 1",
        "dark-between": "2 3 1 1",
        "not-visited": "1",
        "cupboard": "1 1 1 2 1 13",
        "typed-after": "2 1 13",
        "half-a-set": "2 3 13",
        "two-sets": "2 1 13",
        "before-midnight": "1 1",
        "wrapped": "9",
        "new-base": "13",
        "forgetful": "1 10",
    },
    "sts-december-2029": {"before": "1", "at": "1", "after-one": "1 1", "rolled-later": "2 1 1"},
    "sts-rollover-2045": {
        "visited": "2 1 1",
        "four": "1 3 2 1 1",
        "three": "2 3 1 13",
        "not-visited": "",
        "ken-254": "3 1",
        "ken-rule": "1",
        "counts-1993": "",
        "group-key": "13",
        "hour-twice": "1 1 2 1",
        "hour-forgotten": "1 10 2 1",
    },
}


def outcomes(name: str, build: str | None = None) -> Iterator[Outcome]:
    campaign = load_campaign(built_in("campaigns")[name], build=build)
    for household in campaign.households:
        yield rehearsed(household, campaign, events=False)[0]


def doing_of(outcome: Outcome) -> str | None:
    """Return the repairs that are enough, `None` where nothing was to be repaired."""
    if outcome.doing is None:
        return None
    return " or ".join(" and ".join(one.value for one in found.repairs) for found in outcome.doing)


def dark_since(outcome: Outcome) -> datetime | None:
    from_us, to_us = outcome.unfed[-1] if outcome.unfed else (0, 0)
    return when_of(from_us) if to_us >= outcome.seen_until_us and outcome.unfed else None


@pytest.mark.parametrize("name", LIVED)
def test_each_household_is_as_its_file_works_it_out(name: str) -> None:
    seen = {}
    for outcome in outcomes(name):
        assert outcome.verdict.value == "kept"
        lost = outcome.lived.at_us is not None
        assert outcome.lived.verdict.value == "not_announced" or lost
        who = doing_of(outcome)
        since = None if outcome.lived.at_us is None else when_of(outcome.lived.at_us)
        seen[outcome.id] = (outcome.lived.verdict.value, since, who) if lost else None
        dark, want = dark_since(outcome), DARK.get((name, outcome.id))
        assert dark == want or (dark and want and want <= dark <= want + LOOK), outcome.id
    assert seen == LIVED[name]


# Of a utility's weeks: how many, since when, whose doing. Printed on 4 October at 16:00 in Lisbon.
PRINTED: Final = at(2024, 10, 4, 15)
DEAF: Final = {
    "drawer": (54, PRINTED, HOUSEHOLD),
    "half": (18, PRINTED, HOUSEHOLD),
    "mixed": (8, PRINTED, BOTH),
    "not-reached": (110, at(2024, 11, 24, 20, 16), PLAN),
}


@pytest.mark.slow("some of a fleet, or all of it")
def test_a_utility_s_weeks_leave_as_many_deaf_as_its_file_works_out() -> None:
    path = built_in("campaigns")["sts-weeks"]
    rows = re.findall(r"^# \| ([\w-]+) \| (\d+) \|", path.read_text("utf-8"), re.MULTILINE)
    assert {name: int(count) for name, count in rows} == {name: of[0] for name, of in DEAF.items()}
    campaign = load_campaign(path)
    for entry in campaign.households.entries:
        seen = set()
        for number in range(1, entry.count + 1) if WHOLE else (1, entry.count):
            household = entry.household(number, campaign.households.seed)
            outcome, _ = rehearsed(household, campaign, events=False)
            lost_us = outcome.lived.at_us
            seen.add(None if lost_us is None else (outcome.lived.verdict.value, when_of(lost_us)))
            who = doing_of(outcome)
            assert lost_us is None or who == DEAF[entry.first.id][2]
        count, since, _ = DEAF.get(entry.first.id, (entry.count, None, None))
        assert count == entry.count
        assert seen == {None if since is None else (NO_BUY, since)}, entry.first.id
    assert sum(entry.count for entry in campaign.households.entries) == 1_200


def test_the_page_says_what_the_weeks_come_to() -> None:
    text = page("docs/token-meters.md").partition("### A utility's weeks of visits")[2]
    counts = {name: of[0] for name, of in DEAF.items()}
    reached = sum(counts.values()) - counts["not-reached"]
    (said,) = blocks(text.partition("\n### ")[0], "text")
    assert f"{reached - counts['mixed']} cannot buy" in said.splitlines()[0]
    assert f"\n{counts['mixed']} cannot buy" in said
    assert f"\n{counts['not-reached']} cannot buy" in said
    of_all = [f"{10 * counts[name]:,}" for name in ("not-reached", "drawer", "half", "mixed")]
    assert re.findall(
        r"came to ([\d,]+); ([\d,]+) left .*\n([\d,]+) keyed .* ([\d,]+) mixed", text
    ) == [tuple(of_all)]
    assert f"{10 * sum(counts.values()):,} of 12,000 can buy nothing" in text


@pytest.mark.parametrize("name", ANSWERS)
def test_each_entry_is_answered_by_its_number(name: str) -> None:
    campaign = load_campaign(built_in("campaigns")[name])
    seen = {}
    for household in campaign.households:
        typed = [e for e in run_meter(household, campaign) if e.what is What.TYPED]
        seen[household.id] = " ".join(e.shown.split(" | ")[1].split()[0] for e in typed)
    assert seen == ANSWERS[name]


def test_who_reads_tids_with_a_sign_is_dark_as_the_file_works_it_out() -> None:
    found = {one.id: one for one in outcomes("sts-december-2029", "reference+tid-with-a-sign")}
    assert found.keys() == {"before", *SIGNED}
    assert found["before"].verdict.value == "kept"
    for name, want in SIGNED.items():
        dark = when_of(found[name].disconnected[-1][0])
        assert found[name].verdict.value == "wrongly_cut"
        assert [one.kind.value for one in found[name].findings] == ["paid_not_credited"]
        assert want <= dark <= want + LOOK


def sold(base: BaseDate, moment: datetime) -> StsToken:
    model = model_of("sts-2014")
    key = MeterKey(base=base, revision=2, tariff_index=1)
    sale = StsSale(id="a", household="h", sold_us=us(moment), wh=100, under=key)
    (token,) = vended([sale], model)
    return token


@pytest.mark.parametrize(
    ("base", "last"),
    [
        (BaseDate.Y1993, at(2024, 11, 24, 20, 15)),
        (BaseDate.Y2014, at(2045, 11, 24, 20, 15)),
        (BaseDate.Y2035, at(2066, 11, 24, 20, 15)),
    ],
)
def test_a_base_date_ends_to_the_minute(base: BaseDate, last: datetime) -> None:
    assert at(base.value, 1, 1) + timedelta(minutes=2**24 - 1) == last
    assert sold(base, last + timedelta(seconds=59)).tid == 2**24 - 1
    assert "after the last minute" in sold(base, last + timedelta(minutes=1)).refused


def test_half_of_24_bits_comes_to_the_minute() -> None:
    half = at(2029, 12, 13, 10, 8)
    assert at(2014, 1, 1) + timedelta(minutes=2**23) == half
    assert sold(BaseDate.Y2014, half).tid == 2**23
    assert sold(BaseDate.Y2014, half - timedelta(seconds=1)).tid == 2**23 - 1
