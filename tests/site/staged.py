"""Lays out the pages as the site has them: links turned to where things are there.

On a forge a page links to files of the repository. On the site those that are pages are pages, and
what else is linked lies next to them under `files/`, so that nothing leads to a machine far away.
The menu is that of the map, docs/README.md: a section of it is a section there, a row an entry.
The first page, and those in French and Dutch, are landing pages.
"""

import os
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final

from card_protocol import __version__
from tests.docs.pages import ROOT
from tests.site.landing import LANDINGS, REPORT, drawn, landing, night_in

MAP: Final = "docs/README.md"
AT_TOP: Final = {  # pages outside docs/, and how they are called on the site
    "README.md": "start.md",
    MAP: "map.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "fixtures/MANIFEST.md": "fixtures.md",
}
PUBLIC: Final = (
    "card_protocol",
    "meter_emu",
    "meter_emu.testing",
    "meter_emu.strategies",
    "meter_emu.laws",
    "meter_emu.verify",
)
SECTIONS: Final = (
    "Tutorials",
    "How to",
    "Reference",
    "Explanation",
    "Evidence",
    "Project",
)
PLACES: Final = ("index.html", "fr.html", "nl.html")  # landing pages, as they are built
_PRESS: Final = '{ path = "try/press.mjs", type = "module" }'
_FENCED: Final = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
_LINK: Final = re.compile(r"(\]\()([^)\s]+)(\))")
_ENTRY: Final = re.compile(r"^\| \[([^\]]+)\]\(([^)]+)\)", re.MULTILINE)


@cache
def pages() -> dict[str, str]:
    """Return what each page of the repository is called on the site."""
    found = (path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("docs/**/*.md")))
    below = {name: name.removeprefix("docs/").replace("README", "index") for name in found}
    return below | {name: place for name, place in AT_TOP.items() if (ROOT / name).exists()}


def place_of(name: str) -> str:
    """Return where a file of the repository is on the site."""
    if name in pages():
        return pages()[name]
    if name.startswith("docs/"):
        return name.removeprefix("docs/")
    return f"files/{name}" if PurePosixPath(name).suffix else f"files/{name}.txt"


def links(text: str) -> Iterator[str]:
    """Yield what a page links to, outside blocks of code."""
    for part in _FENCED.split(text)[::2]:
        yield from (found[2] for found in _LINK.finditer(part))


def is_ours(link: str) -> bool:
    """Whether a link leads to a file of the repository."""
    return not link.startswith(("http://", "https://", "mailto:", "#"))


def target_of(name: str, link: str) -> str:
    """Return the file of the repository that a link of a page leads to."""
    path = (ROOT / name).parent / link.partition("#")[0]
    return Path(os.path.normpath(path)).relative_to(ROOT).as_posix()


def staged(name: str, text: str) -> str:
    """Return a page's text with its links as they are on the site."""
    here = PurePosixPath(place_of(name)).parent.as_posix()

    def turned(found: re.Match[str]) -> str:
        link = found[2]
        if not is_ours(link):
            return found[0]
        anchor = f"#{link.partition('#')[2]}" if "#" in link else ""
        there = os.path.relpath(place_of(target_of(name, link)), here)
        return f"{found[1]}{there}{anchor}{found[3]}"

    parts = _FENCED.split(text)
    parts[::2] = [_LINK.sub(turned, part) for part in parts[::2]]
    return "".join(parts)


def menu() -> dict[str, list[tuple[str, str]]]:
    """Return the sections of the map, each with the titles and places of its pages."""
    parts = re.split(r"^## (.+)$", (ROOT / MAP).read_text("utf-8"), flags=re.MULTILINE)
    of_map = dict(zip(parts[1::2], parts[2::2], strict=True))
    found = {}
    for section in SECTIONS:
        rows = _ENTRY.findall(of_map[section])
        found[section] = [(_title(words), place_of(target_of(MAP, link))) for words, link in rows]
    found["Reference"] += [(module, f"api/{module}.md") for module in PUBLIC]
    return found


def _title(words: str) -> str:
    """Return an entry's title; a file's name is none, so the page's own heading is."""
    return "" if words.endswith(".md") else words[0].upper() + words[1:]


def nav() -> str:
    """Return the menu as the site's configuration has it."""
    entries = ['{ "Home" = "index.md" }', '{ "Start here" = "start.md" }', '{ "Map" = "map.md" }']
    for section, rows in menu().items():
        below = ", ".join(
            f'{{ "{title}" = "{place}" }}' if title else f'"{place}"' for title, place in rows
        )
        entries.append(f'{{ "{section}" = [{below}] }}')
    lines = ",\n    ".join(entries)
    return f"nav = [\n    {lines},\n]\n"


def stage(folder: Path, *, pressed: bool) -> None:
    """Write the configuration, the pages, what they link to, and a page for each public module.

    With `pressed` each page has the script that puts a button under commands.
    """
    config = Path(__file__).with_name("zensical.toml").read_text("utf-8")
    if pressed:
        config = config.replace('["site.js"]', f'["site.js", {_PRESS}]')
    config = config.replace('meter-emu VERSION"', f'meter-emu {__version__}"')
    _write(folder / "zensical.toml", config.replace("nav = []\n", nav()))
    below = folder / "pages"
    for name in LANDINGS:
        language, run = LANDINGS[name][0], night_in(LANDINGS[name][0], folder / "run")
        _write(below / REPORT.format(language=language), run.report)
        place = "index.md" if name == "README.md" else place_of(name)
        text = staged(name, (ROOT / name).read_text("utf-8"))
        _write(below / place, landing(name, text, run, pressed=pressed))
    for name, place in pages().items():
        text = (ROOT / name).read_text("utf-8")
        if name == "README.md" or name not in LANDINGS:
            _write(below / place, staged(name, text))
        for link in filter(is_ours, links(text)):
            target = target_of(name, link)
            if target not in pages():
                _copy(ROOT / target, below / place_of(target))
    for module in PUBLIC:
        _write(below / "api" / f"{module}.md", f"# `{module}`\n\n::: {module}\n")
    _copy(Path(__file__).with_name("site.js"), below / "site.js")
    style = Path(__file__).with_name("site.css").read_text("utf-8")
    _write(below / "site.css", drawn() + style)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _copy(source: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, path)
