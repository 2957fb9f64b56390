"""Random homes for the second oracle: of the reference and of each defect, half of them in trouble.

Every third is the reference, the others have a defect each, in turn over the whole catalogue: what
must be does not come from what was done. In every second home causes of doubt come near cards,
steps and each other.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from random import Random
from typing import NamedTuple

from meter_emu import defects
from meter_emu.defects import defects_of
from meter_emu.domain import BUDGET
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import on_build, story
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.judge.obligations import RULES, Must, Span, SpanRule, row_of
from meter_emu.world.meter.events import Event, What
from meter_emu.world.rehearsal.engine import run_meter
from tests.world.judge.naive import DAY, Naive
from tests.world.judge.troubled import troubled

INSTANTS = 20  # drawn in each home, next to the edges of its row
DAYS_MAX = 21
LIMITED_FROM = 1_000_000  # seeds from here on are for homes with a limiter alone


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
    names = sorted(defects_of(BUDGET))
    return f"reference+{names[(2 * turn + of_three - 1) % len(names)]}" if of_three else "reference"


def room_of() -> dict[str, str]:
    """Return the part of the meter that each defect is in: the folder of its file."""
    files = (Path(folder).rglob("*.py") for folder in defects.__path__)
    of = {file.stem.replace("_", "-"): file.parent.name for file in chain.from_iterable(files)}
    return {name: of[name] for name in defects_of(BUDGET)}


def households(seeds: Iterable[int], near: Counter[str]) -> Iterator[Seen]:
    """Yield the homes of these seeds that live for at most 21 days, with what was seen of them.

    `near` counts what the causes of doubt are near.
    """
    for seed in seeds:
        came: Counter[str] = Counter()
        drawn = troubled(seed, came) if seed % 2 else story(seeded(seed))
        campaign = on_build(drawn, build_of(seed))
        (household,) = campaign.households
        short = campaign.end_us - campaign.start_us <= DAYS_MAX * DAY
        if short and (seed < LIMITED_FROM or has_limiter(household)):
            near += came
            events = run_meter(household, campaign)
            yield Seen(f"seed {seed}, {household.build}", household, campaign, events)


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
