"""Builds report pages from campaigns, and reads a page as a person with its source would."""

from functools import cache, cached_property
from html.parser import HTMLParser
from pathlib import Path

from meter_emu.cli.rehearsing import made_by
from meter_emu.report.facts import Collector, Made
from meter_emu.report.page import render
from meter_emu.resources import find
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.fleet import rehearsed
from tests.shared import once

REFERENCE = "reference"
EARLY = "reference+end-exclusive"
BOTH = "reference+end-exclusive+reactivation-clears-one"
VOID = {"meta", "br", "hr", "img", "link", "input"}


def collected(campaign: Campaign, made: Made) -> Collector:
    """Run every household of a campaign and collect what its page needs."""
    collector = Collector(campaign, made)
    for household in campaign.households:
        collector.add(household, *rehearsed(household, campaign, events=True))
    return collector


@cache
def ores(build: str) -> Collector:
    """Return the campaign of 2020, run once for each build."""

    def run() -> Collector:
        campaign = load_campaign(find("campaigns", "ores-2020-07"), build=build)
        return collected(campaign, made_by("ores-2020-07", build=build))

    return once(f"ores-{build}", run)


@cache
def ores_page(build: str) -> str:
    return once(f"page-{build}", lambda: render(ores(build)))


@cache
def ores_read(build: str) -> "Page":
    """Return the page of the campaign of 2020, parsed once for all who look at it."""
    return Page(ores_page(build))


def page_of(path: Path, text: str, build: str | None = None) -> str:
    """Return the page of a campaign written out in a test."""
    path.write_text(text, "utf-8")
    return render(collected(load_campaign(path, build=build), made_by(str(path), build=build)))


class Element:
    """A tag with its attributes and, once closed, all the text inside it."""

    def __init__(self, tag: str, attributes: dict[str, str], path: tuple[str, ...]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.path = path
        self._said: list[str] = []

    def say(self, text: str) -> None:
        self._said.append(text)

    @cached_property
    def text(self) -> str:
        """All the text inside it; asked once the page is read."""
        return "".join(self._said)


class Page(HTMLParser):
    """The elements of a page in document order; refuses tags that do not close."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        assert not self._open, [element.tag for element in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        path = tuple(element.tag for element in self._open)
        element = Element(tag, {name: value or "" for name, value in attrs}, path)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1].tag == tag, f"</{tag}> inside <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.say(data)

    def all(self, *tags: str) -> list[Element]:
        return [element for element in self.elements if element.tag in tags]

    def texts(self, tag: str) -> list[str]:
        return [" ".join(element.text.split()) for element in self.all(tag)]
