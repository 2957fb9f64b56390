"""Walks the built site as a reader does, in the system's browser: `make test-docs`.

Each page at two widths, served on loopback: nothing is asked of any other address, nothing is said
in the console, no page moves sideways; each link answers; and the search finds what it should.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import click

from tests.bounds import HANG_MS
from tests.docs.pages import ROOT
from tests.web.browser import PROGRAM

WIDTHS = (390, 1280)
ASKED = {
    "deferral": "states.html?h=",
    "never-back": ".html?h=",
    "CommandApdu": "api/card_protocol.html?h=",
}


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
    """Yield each word that the search does not find where it should."""
    for word, where in ASKED.items():
        seen.goto(address)
        seen.keyboard.press("/")
        seen.keyboard.type(word, delay=30)
        found = seen.locator(f"a[href*='{where}']").locator("visible=true")
        try:
            found.first.wait_for(timeout=HANG_MS)
        except Exception as error:  # noqa: BLE001 - whatever the driver calls it
            yield f"the search for {word!r} finds nothing in {where}: {error}"


@click.command()
@click.option("--built", type=click.Path(path_type=Path), default=ROOT / ".stamps/site/built")
@click.option("--shots", type=click.Path(path_type=Path), help="A folder for pictures of pages.")
def walk(built: Path, shots: Path | None) -> None:
    """Walk every page at each width. Exit status 1 with a line for each thing wrong."""
    from playwright.sync_api import sync_playwright

    names = sorted(path.relative_to(built).as_posix() for path in built.rglob("*.html"))
    names.remove("404.html")
    wrong: list[str] = []
    with served(built) as address, sync_playwright() as driver:
        flags = ["--no-sandbox"] if os.getuid() == 0 else []
        browser = driver.chromium.launch(executable_path=PROGRAM, args=flags)
        for width in WIDTHS:
            seen = browser.new_page(viewport={"width": width, "height": 844})
            asked = _heard(seen, wrong)
            wrong += [f"at {width} px: {one}" for one in pages_of(seen, address, names)]
            wrong += [f"at {width} px: {one}" for one in search(seen, address)]
            if shots is not None:
                _pictures(seen, address, shots, width)
            others = {one for one in asked if not one.startswith((address, "data:", "blob:"))}
            wrong += [f"at {width} px: asked {one}" for one in sorted(others)]
            seen.close()
        browser.close()
    if wrong:
        sys.exit("\n".join(dict.fromkeys(wrong)))
    words = ", ".join(ASKED)
    click.echo(f"{len(names)} pages at {WIDTHS} px, {len(_ANSWERED)} links; found: {words}")


def _heard(seen: Any, wrong: list[str]) -> list[str]:
    """Take what a page's scripts complain of; return what is asked of the network from now on."""
    asked: list[str] = []
    seen.on("pageerror", lambda error: wrong.append(f"script: {error}"))
    seen.on("console", lambda said: wrong.append(f"console: {said.text}"))
    seen.on("request", lambda one: asked.append(one.url))
    return asked


def _pictures(seen: Any, address: str, folder: Path, width: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("index", "map", "campaign-file", "api/card_protocol", "evidence/index", "ports"):
        seen.goto(f"{address}{name}.html")
        seen.screenshot(path=folder / f"{name.replace('/', '-')}-{width}.png")


if __name__ == "__main__":
    walk()
