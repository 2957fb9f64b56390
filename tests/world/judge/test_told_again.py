"""Every sentence of an answer, recomputed from the JSON alone, for drawn campaigns and ours."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
import pytest

from meter_emu.cli.printed.rehearsed import answer_shown, meter_shown
from meter_emu.errors import ConfigError
from meter_emu.resources import built_in, find
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.judge.answer import HouseholdCounts
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.fleet import rehearsed
from tests.campaigns import FLEETS
from tests.cells import each_cell, few
from tests.world.judge.lived_campaigns import drawn_campaign
from tests.world.judge.planted import CAUSES, PAIRS, planted
from tests.world.judge.told_again import STATES, WHOSE, Again, untrue

CAMPAIGNS: Final = int(os.environ.get("METER_EMU_ANSWERS", few(60, short=20)))
HOMES: Final = 4  # of each, drawn apart: under one announcement
READ: Final = Counter[str]()  # how often each reader was asked


def found_in(campaign: Campaign) -> dict[str, Any]:
    """Return what the JSON of a rehearsal says of its meters, and its answer.

    Who asks for a cut before the end of a deferral is refused at the office, and left out.
    """
    counts, meters = HouseholdCounts(campaign), []
    for household in campaign.households:
        try:
            outcome, _ = rehearsed(household, campaign, events=False)
        except ConfigError as error:
            if "lies before the end of the deferral" not in str(error):
                raise
            continue
        counts.add(household, outcome)
        meters.append(meter_shown(household, outcome, None, campaign.zone))
    answer = answer_shown(counts, campaign.zone)
    found: dict[str, Any] = msgspec.json.decode(
        msgspec.json.encode({"meters": meters, "answer": answer})
    )
    return found


def several(seed: int) -> str:
    """Return a drawn campaign with the households of others under its announcement."""
    text = drawn_campaign(seed).text
    head, _, _ = text.partition("[[household]]")
    texts = [drawn_campaign(seed * HOMES + number).text for number in range(1, HOMES)]
    ends = [re.findall(r"^end = (.*)$", one, re.MULTILINE)[0] for one in (text, *texts)]
    head = re.sub(r"^end = .*$", f"end = {max(ends)}", head, flags=re.MULTILINE)
    homes = [one.partition("[[household]]")[2] for one in (text, *texts)]
    if "[[announced]]" not in head:
        homes = [one.replace('announced = "none"\n', "") for one in homes]
    named = (one.replace('id = "home"', f'id = "home-{n}"') for n, one in enumerate(homes))
    return head + "".join(f"[[household]]{one}" for one in named)


def drawn(part: int, parts: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield drawn campaigns, and the planted ones among them."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.toml"
        for seed in range(part, CAMPAIGNS, parts):
            causes = [*((cause,) for cause in CAUSES), *PAIRS]
            text = (
                several(seed) if seed % 4 else planted(causes[seed // 4 % len(causes)], seed).text
            )
            path.write_text(text, "utf-8")
            found = found_in(load_campaign(path))
            if found["meters"]:
                yield text, found


@cache
def some_found() -> list[dict[str, Any]]:
    return [found for _, found in drawn(0, max(1, CAMPAIGNS // 12))]


@pytest.mark.slow("rehearses drawn campaigns, and repaired households")
@pytest.mark.parametrize("part", range(2))
def test_each_sentence_of_a_drawn_campaign_follows_from_its_json(part):
    """`make test-answers` has 2,000 of them."""
    read = 0
    for text, found in drawn(part, 2):
        assert list(untrue(found)) == [], text
        whole = len(found["meters"])
        for figures in (found["answer"]["at_end"], found["answer"]["worst"]):
            assert sum(figures[name] for name, _ in STATES) == whole, text
        again = Again(found)
        always = all({c["had"] for c in one["supply"]} == {"on"} for one in again.meters)
        assert (found["answer"]["worst"]["supplied"] == whole) == always, text
        read += 1
    assert read > CAMPAIGNS * 0.45  # of each half


@pytest.mark.slow("rehearses built-in campaigns, and repaired households")
@each_cell("build", ["reference", "reference+end-exclusive"], short=1)
@each_cell("name", sorted(set(built_in("campaigns")) - FLEETS), short=2)
def test_each_sentence_of_a_built_in_campaign_follows_from_its_json(name, build):
    found = found_in(load_campaign(find("campaigns", name), build=build))
    assert list(untrue(found)) == []


def wrong(sentence: str) -> Iterator[str]:
    """Yield a sentence with one mistake: a number off by one, another name, another month."""
    for match in re.finditer(r"\d+", sentence):
        yield sentence[: match.start()] + str(int(match[0]) + 1) + sentence[match.end() :]
    for match in re.finditer(
        rf"(?<=\()[\w-]+|\b(?:{'|'.join(set(WHOSE) - {'household'})})(?=[.,])", sentence
    ):
        other = "household" if match[0] in WHOSE else "nobody"
        yield sentence[: match.start()] + other + sentence[match.end() :]
    for one, other in (("cut though", "not given"), ("All lived", "It lived"), ("Jul", "Jun")):
        if one in sentence and other not in sentence:
            yield sentence.replace(one, other)


@pytest.mark.slow("rehearses drawn campaigns, and repaired households")
def test_a_planted_mistake_in_a_sentence_is_found():
    """The readers can fail: each mistake in each sentence, one at a time."""
    mistakes = Counter[str]()
    for found in some_found():
        for sentence in found["answer"]["said"]:
            for lie in wrong(sentence):
                assert list(untrue(found, [lie])) != [], (lie, sentence)
                mistakes[re.sub(r"[\d,]+|\(.*\)", "#", sentence)[:20]] += 1
    assert mistakes.total() > 100
    assert len(mistakes) >= 6, mistakes


@pytest.mark.slow("rehearses drawn campaigns, where it is the first")
def test_a_sentence_without_a_reader_is_denied():
    (found, *_) = some_found()
    assert list(untrue(found, ["All is well."])) == ["no reader: All is well."]


@pytest.mark.slow("rehearses drawn campaigns, where it is the first")
def test_a_sentence_that_was_true_is_denied_by_other_meters():
    """Another instant, another household: the JSON is what is asked, not the sentence."""
    denied = 0
    for found in some_found():
        other = deepcopy(found)
        for one in other["meters"]:
            one["supply"] = [one["supply"][0] | {"had": "limited", "why": "order"}]
            one["lived"] |= {"verdict": "cut_unannounced", "doing": [], "as_expected": False}
        denied += bool(list(untrue(other)))
    assert denied == len(some_found())
