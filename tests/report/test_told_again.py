"""Every figure and instant of the board's page, recomputed from the JSON of the same rehearsal."""

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
import pytest

from meter_emu.cli.printed.rehearsed import answer_shown, meter_shown
from meter_emu.cli.rehearsing import made_by
from meter_emu.errors import ConfigError
from meter_emu.report.facts import Collector
from meter_emu.report.page import render
from meter_emu.resources import built_in, find
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.fleet import rehearsed
from tests.campaigns import FLEETS
from tests.cells import each_cell, few
from tests.report.told_again import denied
from tests.world.judge.test_told_again import several

CAMPAIGNS: Final = int(os.environ.get("METER_EMU_ANSWERS", few(40, short=3)))


def both(campaign: Campaign, name: str) -> tuple[str, dict[str, Any]] | None:
    """Return the page of a rehearsal and what its JSON says; `None` where nothing can be run."""
    seen, meters = Collector(campaign, made_by(name, build="reference")), []
    for household in campaign.households:
        try:
            outcome, events = rehearsed(household, campaign, events=True)
        except ConfigError as error:
            if "lies before the end of the deferral" not in str(error):
                raise
            continue
        seen.add(household, outcome, events)
        meters.append(meter_shown(household, outcome, None, campaign.zone))
    if not meters:
        return None
    answer = answer_shown(seen.households, campaign.zone)
    shown = {"meters": meters, "answer": answer}
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(shown))
    return render(seen), found


def drawn(seeds: range) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the text, the page and the JSON of drawn campaigns."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.toml"
        for seed in seeds:
            path.write_text(several(seed), "utf-8")
            seen = both(load_campaign(path), str(path))
            if seen is not None:
                yield (path.read_text("utf-8"), *seen)


@pytest.mark.slow("rehearses drawn campaigns, and repaired households")
def test_each_text_of_a_drawn_campaign_s_page_follows_from_its_json() -> None:
    """`make test-answers` has 2,000 of them."""
    read = 0
    for text, html, found in drawn(range(CAMPAIGNS)):
        assert list(denied(html, found)) == [], text
        read += 1
    assert read > CAMPAIGNS * 0.9


@cache
def built_in_page(name: str, build: str) -> tuple[str, dict[str, Any]]:
    seen = both(load_campaign(find("campaigns", name), build=build), name)
    assert seen is not None
    return seen


@pytest.mark.slow("rehearses built-in campaigns, and repaired households")
@each_cell("build", ["reference", "reference+end-exclusive"], short=1)
@each_cell("name", sorted(set(built_in("campaigns")) - FLEETS), short=1)
def test_each_text_of_a_built_in_campaign_s_page_follows_from_its_json(
    name: str, build: str
) -> None:
    assert list(denied(*built_in_page(name, build))) == []


def wrong(html: str) -> Iterator[str]:
    """Yield a page with one mistake on its board: a figure that is one more, another day."""
    board = html[: html.index('id="to-do"')]
    for pattern in (
        r"<strong>(\d+)</strong>",
        r'class="count">(\d+)</td>',
        r"<p>At most (\d+) household",
    ):
        for match in re.finditer(pattern, board):
            at, end = match.span(1)
            yield html[:at] + str(int(match[1]) + 1) + html[end:]
    for match in re.finditer(r"The first against its promise: [\w-]+, on \S+?(\d+)", board):
        at, end = match.span(1)
        yield html[:at] + str(int(match[1]) + 1) + html[end:]


@pytest.mark.slow("rehearses a built-in campaign")
@pytest.mark.parametrize(("name", "build"), [("resa-2020-06", "reference+end-exclusive")])
def test_a_planted_mistake_on_the_page_is_found(name: str, build: str) -> None:
    html, found = built_in_page(name, build)
    lies = list(wrong(html))
    assert len(lies) > 4
    for lie in lies:
        assert list(denied(lie, found))
