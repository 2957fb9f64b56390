"""The row of obligations against a second oracle, at each boundary and at instants drawn anew."""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from meter_emu import defects
from meter_emu.defects import catalogue
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import on_build, story
from meter_emu.world.meter.events import Event, What
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.engine import run_meter
from meter_emu.world.rehearsal.household import Household
from meter_emu.world.rehearsal.obligations import RULES, Must, Span, SpanRule, row_of
from tests.world.rehearsal.naive import DAY, Naive
from tests.world.rehearsal.troubled import troubled

# `make test-judge` asks for 5,000 homes, a sixth of them limited. Every third is the reference, the
# others have a defect each, in turn over the whole catalogue: what must be does not come from what
# was done. In every second home causes of doubt come near cards, steps and each other.
HOMES = int(os.environ.get("JUDGE_HOMES", "300"))
INSTANTS = int(os.environ.get("JUDGE_INSTANTS", "20"))
DAYS_MAX = 21


class Seen(NamedTuple):
    """One home, named so that it can be made again, and what was seen of it."""

    name: str
    household: Household
    campaign: Campaign
    events: list[Event]


def has_limiter(household: Household) -> bool:
    return household.limiter or any(v.desk is not None and v.desk.limiter for v in household.visits)


def build_of(number: int) -> str:
    """Return the reference for every third home, and the next defect for each other."""
    turn, of_three = divmod(number, 3)
    names = sorted(catalogue())
    return f"reference+{names[(2 * turn + of_three - 1) % len(names)]}" if of_three else "reference"


def rooms() -> dict[str, str]:
    """Return the part of the meter that each defect is in: the folder of its file."""
    files = (Path(folder).rglob("*.py") for folder in defects.__path__)
    of = {file.stem.replace("_", "-"): file.parent.name for file in chain.from_iterable(files)}
    return {name: of[name] for name in catalogue()}


def households(count: int, near: Counter[str], *, limited: bool = False) -> Iterator[Seen]:
    """Yield so many random homes that live for at most 21 days, with what was seen of them."""
    seed = number = 0
    while number < count:
        came: Counter[str] = Counter()
        drawn = troubled(seed, came) if seed % 2 else story(seeded(seed))
        campaign = on_build(drawn, build_of(number))
        (household,) = campaign.households
        short = campaign.end_us - campaign.start_us <= DAYS_MAX * DAY
        if short and (has_limiter(household) or not limited):
            events = run_meter(household, campaign)
            yield Seen(f"seed {seed}, {household.build}", household, campaign, events)
            near += came
            number += 1
        seed += 1


def stuck(seen: Sequence[Seen]) -> list[Seen]:
    """Return the same homes as if their switches had never moved: what must be stays."""
    moves = {What.OPENED, What.CLOSED}
    return [
        one._replace(events=[event for event in one.events if event.what not in moves])
        for one in seen
    ]


def instants(name: str, spans: Sequence[Span], count: int) -> Iterator[int]:
    chance, first, last = Random(name), spans[0].from_us, spans[-1].to_us
    for span in spans[1:]:
        yield from (span.from_us - 1, span.from_us, span.from_us + 1)
    yield from (chance.randrange(first, last) for _ in range(count))


def must_at(spans: Sequence[Span], us: int) -> Span:
    return next(span for span in spans if span.from_us <= us < span.to_us)


def disagreements(
    homes: Iterable[Seen],
    rules: Sequence[SpanRule] = RULES,
    said: Counter[Must | None] | None = None,
) -> Iterator[str]:
    """Yield where the second oracle says something else, and count what it said how often."""
    said = Counter() if said is None else said
    for name, household, campaign, events in homes:
        naive = Naive(household, campaign, events)
        spans = row_of(household, campaign, events, rules).spans
        for us in instants(name, spans, INSTANTS):
            want, span = naive.must(us), must_at(spans, us)
            said[want] += 1
            if want is not None and want is not span.must:
                yield f"{name}, at {us}: {want} but {span.must} ({span.rule})"


@pytest.fixture(scope="module")
def near() -> Counter[str]:
    return Counter()


@pytest.fixture(scope="module")
def seen(near) -> list[Seen]:
    return [*households(HOMES * 5 // 6, near), *households(HOMES // 6, near, limited=True)]


@pytest.mark.slow("lives and judges many homes")
def test_the_row_is_what_the_second_oracle_says(seen):
    said: Counter[Must | None] = Counter()
    assert list(disagreements(seen, said=said)) == []
    sys.stderr.write(f"\n{len(seen)} homes, {said.total()} instants: {dict(said)}\n")
    assert said[None] < 0.6 * said.total(), "the second oracle decides many instants"
    for must in Must:
        assert said[must] > HOMES / 8, f"{must} is hardly ever asked for"


def test_the_homes_have_defects_of_all_rooms_and_causes_near_each_other(seen, near):
    built = Counter(one.household.build.rpartition("+")[2] for one in seen)
    met = {name: room for name, room in rooms().items() if name in built}
    sys.stderr.write(f"\n{len(met)} defects in {len(set(met.values()))} rooms, near {dict(near)}\n")
    assert len(met) >= min(160, HOMES / 2)
    assert set(met.values()) == set(rooms().values())
    assert built["reference"] >= HOMES / 3
    for place, rate in {"card": 3, "step": 9, "outage": 12}.items():
        assert near[place] > HOMES / rate, f"hardly any cause of doubt is near a {place}"


@pytest.mark.slow("lives and judges many homes", short=3)
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
    assert any(disagreements(stuck(seen) if name == "cut" else seen, rules))


@pytest.mark.slow("lives and judges many homes")
def test_the_row_of_a_switch_that_never_moves_is_what_the_second_oracle_says(seen):
    """What must be does not come from what was done: after T2 it is off, although it was not."""
    said: Counter[Must | None] = Counter()
    assert list(disagreements(stuck(seen), said=said)) == []
    assert said[Must.OFF] > HOMES
