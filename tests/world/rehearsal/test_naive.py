"""The row of obligations against a second oracle, at each boundary and at instants drawn anew."""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random

import pytest

from meter_emu.defects import catalogue
from meter_emu.stories.chooser import Drawn
from meter_emu.stories.story import on_build, story
from meter_emu.world.meter.events import Event, What
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.engine import run_meter
from meter_emu.world.rehearsal.household import Household
from meter_emu.world.rehearsal.obligations import RULES, Must, Span, SpanRule, row_of
from tests.world.rehearsal.naive import DAY, Naive

# `make test-judge` asks for 5,000 homes. A third of them is the reference, the others have a defect
# each, every second of the catalogue: what must be does not come from what was done.
HOMES = int(os.environ.get("JUDGE_HOMES", "90"))
INSTANTS = int(os.environ.get("JUDGE_INSTANTS", "60"))
DAYS_MAX = 21


Seen = tuple[int, Household, Campaign, list[Event]]


def has_limiter(household: Household) -> bool:
    return household.limiter or any(v.desk is not None and v.desk.limiter for v in household.visits)


def build_of(seed: int) -> str:
    """Return the reference for every third home, and a defect for the others."""
    names = sorted(catalogue())[::2]
    return "reference" if seed % 3 == 0 else f"reference+{names[seed % len(names)]}"


def households(count: int, *, limited: bool = False) -> Iterator[Seen]:
    """Yield so many random homes that live for at most 21 days, with what was seen of them."""
    seed = 0
    while count:
        campaign = on_build(story(Drawn(Random(seed))), build_of(seed))
        (household,) = campaign.households
        short = campaign.end_us - campaign.start_us <= DAYS_MAX * DAY
        if short and (has_limiter(household) or not limited):
            yield seed, household, campaign, run_meter(household, campaign)
            count -= 1
        seed += 1


def stuck(seen: Sequence[Seen]) -> list[Seen]:
    """Return the same homes as if their switches had never moved: what must be stays."""
    moves = {What.OPENED, What.CLOSED}
    return [
        (seed, household, campaign, [event for event in events if event.what not in moves])
        for seed, household, campaign, events in seen
    ]


def instants(seed: int, spans: Sequence[Span], count: int) -> Iterator[int]:
    chance, first, last = Random(seed), spans[0].from_us, spans[-1].to_us
    for span in spans[1:]:
        yield from (span.from_us - 1, span.from_us, span.from_us + 1)
    yield from (chance.randrange(first, last) for _ in range(count))


def must_at(spans: Sequence[Span], us: int) -> Span:
    return next(span for span in spans if span.from_us <= us < span.to_us)


def compared(
    homes_seen: Sequence[Seen],
    rules: Sequence[SpanRule] = RULES,
) -> tuple[Counter[Must | None], list[str]]:
    """Return what the second oracle said how often, and where it said something else."""
    said: Counter[Must | None] = Counter()
    wrong: list[str] = []
    for seed, household, campaign, events in homes_seen:
        naive = Naive(household, campaign, events)
        spans = row_of(household, campaign, events, rules).spans
        for us in instants(seed, spans, INSTANTS):
            want, span = naive.must(us), must_at(spans, us)
            said[want] += 1
            if want is not None and want is not span.must:
                wrong.append(f"seed {seed} at {us}: {want} but {span.must} ({span.rule})")
    return said, wrong


@pytest.fixture(scope="module")
def seen() -> list[Seen]:
    return [*households(HOMES), *households(HOMES // 4, limited=True)]


def test_the_row_is_what_the_second_oracle_says(seen):
    said, wrong = compared(seen)
    sys.stderr.write(f"\n{HOMES} homes, {said.total()} instants: {dict(said)}\n")
    assert wrong == []
    assert said[None] < said.total() / 2, "the second oracle decides most instants"
    for must in Must:
        assert said[must] > HOMES / 4, f"{must} is hardly ever asked for"


@pytest.mark.parametrize(
    "name",
    [
        "no power",
        "cut",
        "cut allowed",
        "without supply",
        "deferral",
        "period",
        "no credit",
        "limiter",
    ],
)
def test_a_rule_taken_away_is_noticed(seen, name):
    rules = [rule for rule in RULES if rule.name != name]
    assert len(rules) == len(RULES) - 1
    assert compared(stuck(seen) if name == "cut" else seen, rules)[1] != []


def test_the_row_of_a_switch_that_never_moves_is_what_the_second_oracle_says(seen):
    """What must be does not come from what was done: after T2 it is off, although it was not."""
    said, wrong = compared(stuck(seen))
    assert wrong == []
    assert said[Must.OFF] > HOMES
