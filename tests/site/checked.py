"""Finds what is wrong with a built site: a link to nowhere, and anything that comes from elsewhere.

A reader may follow a link to another site; the page itself loads from its own folder alone.
"""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

_LOADS: Final = {"img": "src", "script": "src", "source": "src", "iframe": "src", "link": "href"}
_NO_LOAD: Final = {"canonical", "edit", "prev", "next"}  # kinds of <link> that load nothing


class Page(HTMLParser):
    """The links, loads and anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what a tag names or leads to."""
        said = {name: value or "" for name, value in attrs}
        self.anchors |= {said[name] for name in ("id", "name") if name in said}
        if tag == "a" and "href" in said:
            self.links.append(said["href"])
        if tag in _LOADS and _LOADS[tag] in said and said.get("rel") not in _NO_LOAD:
            self.loads.append(said[_LOADS[tag]])


def faults(site: Path) -> Iterator[str]:
    """Yield each fault of a built site: the page, and the link or address."""
    pages = {path: Page(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        here = path.relative_to(site).as_posix()
        if here == "404.html":  # served for any address, so its links begin at the root
            continue
        for address in page.loads:
            if urlsplit(address).netloc:
                yield f"{here}: loads {address}"
        for address in (*page.links, *page.loads):
            if _leads_nowhere(path, address, pages):
                yield f"{here}: {address} leads nowhere"


def _leads_nowhere(path: Path, address: str, pages: dict[Path, Page]) -> bool:
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return False
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    anchor = unquote(parts.fragment)
    if target in pages:
        return bool(anchor) and anchor not in pages[target].anchors | {"__top"}
    return not target.exists()
