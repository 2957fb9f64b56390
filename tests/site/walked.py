"""Walks the built site as a reader does, in the system's browser: `make test-docs`.

Each page at three widths, served on loopback: nothing is asked of another address, nothing is said
in the console, no page moves sideways; each link answers, and so do previous and next; the search
finds what it should. Landing pages, and one of each kind, by light, in the dark and on paper.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from itertools import product
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote_plus

import click

from tests.bounds import HANG_MS
from tests.docs.pages import ROOT
from tests.site.asked import ENGINEER, MUST, PLANNER, RANK, RIGHT
from tests.site.staged import PLACES
from tests.web.browser import PROGRAM

WIDTHS = (390, 820, 1440)
HEIGHTS = {390: 844, 820: 1180, 1440: 900}
KINDS = ("start", "map", "plan-a-sheet", "ports", "evidence/index", "api/meter_emu.strategies")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port of loopback; give its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def pages_of(seen: Any, address: str, names: list[str]) -> Iterator[str]:
    """Yield what is wrong with each page at the width the window has."""
    for name in names:
        answer = seen.goto(address + name)
        if not answer.ok:
            yield f"{name}: {answer.status}"
        width, wide = seen.evaluate("[innerWidth, document.documentElement.scrollWidth]")
        if wide > width:
            yield f"{name}: {wide} px wide in a window of {width}"
        links = seen.eval_on_selector_all("a[href]", "found => found.map(one => one.href)")
        for link in {one.partition("#")[0] for one in links if one.startswith(address)}:
            if link not in _ANSWERED:
                _ANSWERED[link] = seen.request.get(link).ok
            if not _ANSWERED[link]:
                yield f"{name}: {link} does not answer"


_ANSWERED: dict[str, bool] = {}


def search(seen: Any, address: str) -> Iterator[str]:
    """Yield each query whose page is not among the first results, if they are too many."""
    missed: dict[str, list[str]] = {"must": [], "may": []}
    seen.goto(address)
    box = seen.locator("input[aria-label=Search]")
    box.wait_for(state="attached", timeout=HANG_MS)
    seen.keyboard.press("/")
    for query, page in {**MUST, **PLANNER, **ENGINEER}.items():
        box.fill(query)
        found = seen.locator(f"a[href*='?h={quote_plus(query)}']")
        try:
            found.first.wait_for(timeout=HANG_MS)
        except Exception as error:  # noqa: BLE001 - whatever the driver calls it
            yield f"the search for {query!r} finds nothing: {error}"
        first = found.evaluate_all("all => all.map(one => one.pathname)")[:RANK]
        if f"/{page}" not in first:
            missed["must" if query in MUST else "may"].append(f"{query!r}, {page}: {first}")
    if missed["must"] or len(PLANNER) + len(ENGINEER) - len(missed["may"]) < RIGHT:
        yield from (f"the search for {one}" for one in (*missed["must"], *missed["may"]))


def neighbours(built: Path, names: list[str]) -> Iterator[str]:
    """Yield it if pages but the first and the last of the menu have no previous or no next."""
    texts = {name: (built / name).read_text("utf-8") for name in names}
    of_menu = {name: text for name, text in texts.items() if 'class="md-footer"' in text}
    ends = [name for name, text in of_menu.items() if text.count("md-footer__link--") < 2]
    if len(ends) != 2:
        yield f"without previous or next: {', '.join(ends)}"


def unread(seen: Any, name: str) -> Iterator[str]:
    """Yield what axe finds on a page that is open."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(seen)
    if found.violations_count:
        yield f"{name}: {found.generate_report()}"


def landed(seen: Any, address: str, place: str) -> Iterator[str]:
    """Yield what is wrong with a landing page at the width and height that the window has."""
    seen.goto(address + place)
    bottom = seen.eval_on_selector(".july svg.night", "one => one.getBoundingClientRect().bottom")
    if bottom > seen.viewport_size["height"]:
        yield f"{place}: the night ends {bottom:.0f} px down"
    if (doors := seen.locator(".doors > ul > li").count()) != 4:
        yield f"{place}: {doors} doors"
    said = seen.locator(".july .headline").inner_text().partition(" ")[2]
    if not seen.locator("pre code", has_text=said).count():
        yield f"{place}: the run does not say {said!r}"
    cut = seen.evaluate(_CUT_OFF)
    if cut:
        yield f"{place}: cut off: {cut}"
    yield from unread(seen, place)


_CUT_OFF = """[...document.querySelectorAll(".landing *")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width && !one.closest("svg") && (box.left < 0 || box.right > innerWidth + 1);
}).map((one) => one.outerHTML.slice(0, 80))"""


def on_paper(seen: Any, address: str, place: str) -> Iterator[str]:
    """Yield what a landing page lacks when it is printed."""
    from pypdf import PdfReader

    seen.goto(address + place)
    wanted = seen.locator(".landing h1, .july .headline, .doors strong, .landing h2").all()
    words = [" ".join(one.inner_text().split()) for one in wanted]
    sheets = PdfReader(BytesIO(seen.pdf(format="A4"))).pages
    text = " ".join(" ".join(one.extract_text() for one in sheets).split())
    if len(sheets) > 3:
        yield f"{place}: {len(sheets)} sheets"
    yield from (f"{place} on paper: no {one!r}" for one in words if one.strip("¶ ") not in text)


@click.command()
@click.option("--built", type=click.Path(path_type=Path), default=ROOT / ".stamps/site/built")
@click.option("--shots", type=click.Path(path_type=Path), help="A folder for pictures of pages.")
def walk(built: Path, shots: Path | None) -> None:
    """Walk every page at each width. Exit status 1 with a line for each thing wrong."""
    from playwright.sync_api import sync_playwright

    names = sorted(path.relative_to(built).as_posix() for path in built.rglob("*.html"))
    names.remove("404.html")
    wrong = list(neighbours(built, names))
    with served(built) as address, sync_playwright() as driver:
        flags = ["--no-sandbox"] if os.getuid() == 0 else []
        browser = driver.chromium.launch(executable_path=PROGRAM, args=flags)
        for width, scheme in product(WIDTHS, ("light", "dark")):
            size = {"width": width, "height": HEIGHTS[width]}
            seen = browser.new_page(viewport=size, color_scheme=scheme, reduced_motion="reduce")
            asked = _heard(seen, wrong)
            here = f"at {width} px, {scheme}"
            for one in _at(seen, address, names, scheme):
                wrong.append(f"{here}: {one}")
            if shots is not None:
                _pictures(seen, address, shots, f"{width}-{scheme}")
            others = {one for one in asked if not one.startswith((address, "data:", "blob:"))}
            wrong += [f"{here}: asked {one}" for one in sorted(others)]
            seen.close()
        browser.close()
    if wrong:
        sys.exit("\n".join(dict.fromkeys(wrong)))
    queries = len(MUST) + len(PLANNER) + len(ENGINEER)
    click.echo(f"{len(names)} pages at {WIDTHS} px, {len(_ANSWERED)} links, {queries} searches")


def _at(seen: Any, address: str, names: list[str], scheme: str) -> Iterator[str]:
    """Yield all that is wrong in a window; what colours do not change is looked at by light."""
    for place in PLACES:
        yield from landed(seen, address, place)
    for name in KINDS:
        seen.goto(f"{address}{name}.html")
        yield from unread(seen, name)
    if scheme == "light":
        yield from pages_of(seen, address, names)
        yield from search(seen, address)
    if scheme == "light" and seen.viewport_size["width"] == max(WIDTHS):
        for place in PLACES:
            yield from on_paper(seen, address, place)


def _heard(seen: Any, wrong: list[str]) -> list[str]:
    """Take what a page's scripts complain of; return what is asked of the network from now on."""
    asked: list[str] = []
    seen.on("pageerror", lambda error: wrong.append(f"script: {error}"))
    seen.on("console", lambda said: wrong.append(f"console: {said.text}"))
    seen.on("request", lambda one: asked.append(one.url))
    return asked


def _pictures(seen: Any, address: str, folder: Path, look: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*(place.removesuffix(".html") for place in PLACES), *KINDS):
        seen.goto(f"{address}{name}.html")
        seen.screenshot(path=folder / f"{name.replace('/', '-')}-{look}.png")


if __name__ == "__main__":
    walk()
