"""The law of links: what one shows has the bytes of what it was made of, in any browser."""

import os
import random
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest

from meter_emu.cli.scene import Scene, link_of
from meter_emu.resources import built_in
from tests.page.seen import READY_MS, Seen, digest, expect, opened, rehearsed
from tests.page.test_in_node import PAGE
from tests.web.browser import PROGRAM

pytest.importorskip("playwright", reason="the browser's driver comes with `make test-page`")
pytestmark = pytest.mark.skipif(
    not os.environ.get("METER_EMU_PAGE") or PROGRAM is None,
    reason="make test-page builds it, with chromium",
)
SCENES = int(os.environ.get("METER_EMU_SCENES", "3"))  # of each room, drawn
CAMPAIGNS = ("leap-day-2000", "ores-2020-07")
WRONG = "reference+end-exclusive"
PAIR = f"{WRONG}+night-named-by-its-morning"
ACTS = ("remove", "next", "office reactivate", "insert", "blue", "power off", "power on", "next")
STATE = """() => JSON.stringify([seen.now.us, seen.now.title, seen.now.display, seen.now.supplied,
  seen.now.inside, seen.bytes.meter.map((row) => row.slice(0, 7)), seen.bytes.card])"""
RESTS = "(heard) => seen.now && seen.bytes && seen.now.heard >= heard && !seen.now.jumping"
OTHER = Scene(("rehearse", "leap-day-2000", "--build", "reference+night-named-by-its-morning"))
HOSTILE = "<img src=x onerror=document.title=1>"
Two: TypeAlias = tuple[Seen, Any]


@pytest.fixture(scope="module")
def two() -> Iterator[Two]:
    """Give a browser, and a page of another that has nothing of the first."""
    with opened(PAGE, bypass_csp=False) as seen:
        context = seen.page.context.browser.new_context(viewport={"width": 1440, "height": 1000})
        context.set_default_timeout(READY_MS)
        yield seen, context.new_page()


def address(page: Any) -> str:
    """Return the address that *Copy as a link* gives."""
    page.locator("#copy").click()
    expect(page.locator("#linked")).to_contain_text("link is")
    return str(page.evaluate("location.href"))


def assert_shown(
    two: Two, link: str, shown: Callable[[Any], str], wanted: str, elsewhere: Scene
) -> None:
    """Open it in the first browser after something else, in the other, and come back to it."""
    seen, other = two
    seen.page.goto(seen.address + link_of(elsewhere))
    until(seen.page, lambda: shown(seen.page) != wanted)
    seen.page.goto(link)
    until(seen.page, lambda: shown(seen.page) == wanted)
    other.goto(link)
    until(other, lambda: shown(other) == wanted)
    seen.page.goto("about:blank")
    seen.page.go_back()
    until(seen.page, lambda: shown(seen.page) == wanted)


def until(page: Any, so: Callable[[], bool]) -> None:
    for _ in range(600):
        if so():
            return
        page.wait_for_timeout(100)
    pytest.fail("it never was so")


def test_a_rehearsal_has_the_digest_of_whoever_sent_it(two: Two) -> None:
    draw, page = random.Random("rehearsals"), two[0].page
    for _ in range(SCENES):
        page.goto(two[0].address + "#rehearse")
        page.locator("#campaign").select_option(draw.choice(CAMPAIGNS))
        page.locator("#build").select_option(draw.choice(("", WRONG)))
        wanted = rehearsed(page)
        assert_shown(two, address(page), digest, wanted, OTHER)


def test_a_campaign_of_ones_own_goes_with_its_link(two: Two, tmp_path: Any) -> None:
    page, mine = two[0].page, tmp_path / "mine.toml"
    mine.write_text(built_in("campaigns")["leap-day-2000"].read_text("utf-8") + "\n# mine\n")
    page.goto(two[0].address + "#rehearse")
    page.locator("#file").set_input_files(mine)
    wanted = rehearsed(page)
    assert_shown(two, address(page), digest, wanted, OTHER)
    page.locator("#live button").click()
    expect(page.frame_locator("#panel").locator("#title")).to_contain_text("leap day")
    assert_shown(two, address(page), titled, titled(page), Scene(("run",)))


def titled(page: Any) -> str:
    expect(page.frame_locator("#panel").locator("#title")).not_to_be_empty()
    return str(page.frame_locator("#panel").locator("#title").inner_text())


def panel(page: Any, heard: int = 0) -> Any:
    """Return the panel's frame, when it has heard so many lines and rests."""
    expect(page.frame_locator("#panel").locator("#title")).not_to_be_empty()
    (frame,) = (one for one in page.frames if "/meter/" in one.url)
    frame.wait_for_function(RESTS, arg=heard)
    return frame


def state(page: Any) -> str:
    return str(panel(page).evaluate(STATE))


def test_a_meter_stands_as_it_stood_to_the_byte(two: Two) -> None:
    draw, page = random.Random("meters"), two[0].page
    begun = [("run",), ("run", "ores-2020-07", "--build", PAIR, "--household", "never-back")]
    for place in range(SCENES):
        page.goto(two[0].address + "#decode")
        page.goto(two[0].address + link_of(Scene(begun[place % 2])))
        frame = panel(page)
        acts = ["rate max", *draw.sample(ACTS, 4)]
        for act in acts:
            frame.evaluate("(line) => act(line)", act)
        panel(page, len(acts))
        page.wait_for_timeout(1_000)  # the bytes come a moment behind the rest
        wanted, link = state(page), address(page)
        assert_shown(two, link, state, wanted, Scene(("run", "winter", "--household", "weekend")))


def test_a_command_says_the_same(two: Two) -> None:
    page = two[0].page
    page.goto(two[0].address + "#decode")
    page.locator("#what button").click()
    expect(page.locator("#said")).to_contain_text("2020-07-03 23:01")
    other = Scene(("timestamp", "encode", "1999-12-31 23:59"))
    assert_shown(two, address(page), said, said(page), other)


def said(page: Any) -> str:
    expect(page.locator("#said")).to_contain_text("-")
    return str(page.locator("#said").inner_text())


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("#v=2&do=run", "the link is of another version"),
        ("#v=1&do=run%20'", "the link is damaged"),
        ("#v=1&do=rehearse+" + "x" * 8_000, "the link is longer than"),
        (link_of(Scene(("show", "file", "home.card"), {"home.card": b"1"})), "did not go with"),
    ],
)
def test_a_link_that_shows_nothing_says_why(two: Two, link: str, words: str) -> None:
    seen, _ = two
    seen.page.goto(seen.address + "#decode")
    seen.page.goto(seen.address + link)
    expect(seen.page.locator("#linked")).to_contain_text(words)


@pytest.mark.parametrize("words", [("rehearse", HOSTILE), ("run", HOSTILE), ("show", HOSTILE)])
def test_what_comes_in_a_link_is_never_markup(two: Two, words: tuple[str, ...]) -> None:
    seen, _ = two
    seen.page.goto(seen.address + "#decode")
    seen.page.goto(seen.address + link_of(Scene((*words, "--sample", HOSTILE), {}, HOSTILE)))
    expect(seen.page.locator("main")).to_contain_text("onerror")
    assert seen.page.locator("img").count() == 0
    assert seen.page.title() == "meter-emu: rehearse a campaign in this page"
