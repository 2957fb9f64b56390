"""The generator is tested: what it draws, at what rates, wherever the choices come from."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from card_protocol.card.image import CardKind
from meter_emu.laws import laws
from meter_emu.stories.chooser import Drawn, FromBytes, Replayed, seeded
from meter_emu.stories.people import PEOPLE
from meter_emu.stories.story import lived, models, on_build, story
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.campaign_toml import campaign_toml
from tests.cells import each_cell, few
from tests.stories.rates import (
    AGE_FLOOR,
    BOUNDS,
    COUNTS,
    DISTINCT_MIN,
    KIT_FLOOR,
    LONG_LEAD_MAX,
    SAME_MINUTE_MAX,
    armed,
    rates,
    too_few,
)

SOME = few(60, short=24)
COUNT = 3_000  # of which 2,000 are of one theme: crossings have rates of their own


def of_seeds(count: int) -> list[Campaign]:
    return [story(seeded(seed)) for seed in range(count)]


def of_hypothesis(count: int, *, derandomize: bool) -> list[Campaign]:
    found: list[Campaign] = []

    @settings(
        max_examples=count,
        derandomize=derandomize,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(st.randoms(use_true_random=False))
    def collect(randoms: Random) -> None:
        found.append(story(Drawn(randoms)))

    collect()
    return found


@pytest.mark.slow("draws many stories")
@each_cell("source", ["seeds", "hypothesis", "hypothesis derandomized"], short=1)
def test_stories_are_drawn_where_date_bugs_live(source):
    drawn = (
        of_seeds(COUNT)
        if source == "seeds"
        else of_hypothesis(COUNT, derandomize="derandomized" in source)
    )
    assert len(drawn) >= 0.95 * COUNT
    drawn = [one for one in drawn if one.households[0].kind in PEOPLE]
    count = len(drawn)
    assert 0.63 <= count / COUNT <= 0.7
    found = rates(drawn)
    assert not too_few(found, count)
    kits = {
        name: found[name] / count for name in (f"{n} in {m.rtc_base}" for n, m, _, _ in models())
    }
    assert min(kits.values()) >= KIT_FLOOR, kits
    seldom = {
        fact: found[fact]
        for fact in (f"{name} before {bound}" for name in COUNTS for bound in BOUNDS)
        if found[fact] < AGE_FLOOR * count
    }
    assert not seldom
    assert found["new"] > count // 4
    assert found["T in the minute of arming"] <= SAME_MINUTE_MAX * count
    assert found["a lead of 25 days and more"] <= LONG_LEAD_MAX * count
    dated = [dates for one in drawn if (dates := armed(one.households[0])) is not None]
    assert len(set(dated)) >= DISTINCT_MIN * len(dated)
    for fact in ("generation 1", "generation 2", *(kind.name for kind in CardKind)):
        assert found[fact] > count // 20


def test_a_source_that_prefers_small_numbers_is_found_out():
    """As wide integers of Hypothesis are: most choices are the first few."""

    class Small(Random):
        def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
            return min(super().randrange(8), start - 1) if super().randrange(8) else 0

    drawn = [story(Drawn(Small(seed))) for seed in range(300)]
    assert "a clock change between arming and T" in too_few(rates(drawn), len(drawn))


def test_a_tape_draws_the_same_story_again_and_an_empty_one_the_simplest():
    for seed in range(200):
        chooser = seeded(seed)
        first = story(chooser)
        again = Replayed(chooser.tape)
        assert story(again) == first
        assert again.tape == chooser.tape
    (household,) = story(Replayed([])).households
    assert household.kind == "never came back"
    assert household.outages == ()
    assert len(household.visits) == 2


def test_part_of_a_tape_and_numbers_too_large_are_a_story_as_well():
    for seed in range(200):
        tape = list(seeded_tape(seed))
        lived_through = story(Replayed(tape[: len(tape) // 2]))
        assert len(lived_through.households) == 1
        chooser = Replayed([number + 1_000 for number in tape])
        story(chooser)
        assert chooser.tape != tape


def seeded_tape(seed: int) -> list[int]:
    chooser = seeded(seed)
    story(chooser)
    return chooser.tape


@given(st.binary(max_size=80))
def test_any_bytes_are_a_story_and_the_same_one_each_time(raw):
    chooser = FromBytes(raw)
    first = story(chooser)
    assert story(FromBytes(raw)) == first
    assert story(Replayed(chooser.tape)) == first


@pytest.mark.slow("draws many stories")
def test_a_story_can_be_run_on_any_build_and_says_what_became_of_the_home():
    verdicts = set()
    for seed in range(SOME):
        (run,) = lived(story(seeded(seed)))
        verdicts.add(run.outcome.verdict)
    assert {Verdict.ON_TIME, Verdict.KEPT} <= verdicts
    early = {
        seed
        for seed in range(SOME)
        if lived(on_build(story(seeded(seed)), "reference+end-exclusive"))[0].outcome.verdict
        is Verdict.EARLY
    }
    assert len(early) > SOME // 6


def test_stories_of_some_models_are_of_those_alone():
    some = [pair for pair in models() if pair.model_name == "gas-pcf8563-battery"]
    assert {story(seeded(seed), some).households[0].model_name for seed in range(50)} == {
        "gas-pcf8563-battery"
    }


DRAWS = {law.draw.__name__: law.draw for law in laws().values() if law.draw is not story}


@pytest.mark.slow("draws stories of many laws")
@each_cell("draw", list(DRAWS), short=6)
def test_whatever_a_law_draws_is_a_file_that_loads_as_the_same_campaign(draw, tmp_path):
    for number in range(40):
        campaign = DRAWS[draw](seeded(f"{draw}/{number}", number), ())
        (tmp_path / "story.toml").write_text(campaign_toml(campaign))
        loaded = load_campaign(tmp_path / "story.toml")
        assert list(loaded.households) == list(campaign.households), number
        assert replace(loaded, households=campaign.households) == campaign, number


@pytest.mark.slow("draws many stories")
def test_a_story_is_a_short_file_that_loads_as_the_same_campaign(tmp_path):
    lines = []
    for seed in range(few(300, short=120)):
        campaign = story(seeded(seed))
        text = campaign_toml(campaign)
        (tmp_path / "story.toml").write_text(text)
        assert load_campaign(tmp_path / "story.toml") == campaign
        lines.append(len(text.splitlines()))
    assert max(lines) <= 40
    assert sorted(lines)[len(lines) // 2] <= 27
    (tmp_path / "story.toml").write_text(campaign_toml(story(Replayed([]))))
    assert len((tmp_path / "story.toml").read_text().splitlines()) <= 15
