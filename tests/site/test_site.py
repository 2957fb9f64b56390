"""The site has each page once in its menu, its links lead somewhere, and the check can fail."""

import re
from collections import Counter

import pytest

from tests.cells import each_cell
from tests.docs.pages import ROOT
from tests.site.checked import faults
from tests.site.landing import LANDINGS, begun
from tests.site.staged import (
    AT_TOP,
    is_ours,
    links,
    menu,
    nav,
    pages,
    place_of,
    staged,
    target_of,
)

SOURCES = {name: (ROOT / name).read_text("utf-8") for name in pages()}


def test_the_menu_has_every_page_once():
    listed = Counter(place for rows in menu().values() for _, place in rows)
    assert set(listed.values()) == {1}
    below = {place for place in listed if not place.startswith("api/")}
    assert below == set(pages().values()) - {"start.md", "map.md"}
    assert nav().count('"api/') == 6


@each_cell("name", list(SOURCES))
def test_each_link_is_turned_to_where_the_file_is_on_the_site(name):
    """What it led to before, and no other; what is no page lies under files/."""
    turned = list(filter(is_ours, links(staged(name, SOURCES[name]))))
    before = list(filter(is_ours, links(SOURCES[name])))
    assert len(turned) == len(before)
    for old, new in zip(before, turned, strict=True):
        assert old.partition("#")[2] == new.partition("#")[2]
        place = place_of(target_of(name, old))
        assert new.partition("#")[0].endswith(place.rpartition("/")[2])
        known = place in pages().values() or place.startswith(("files/", "front-panel/"))
        assert known or (ROOT / "docs" / place).is_file(), (old, place)


@each_cell("name", list(SOURCES))
def test_a_fence_has_a_language_and_at_most_a_title(name):
    """A second word behind it swallows the block, and every heading up to the next fence."""
    opened = re.findall(r"^```(\S.*)$", SOURCES[name], re.MULTILINE)
    wrong = [one for one in opened if re.fullmatch(r'[a-z]+( title="[^"]+")?', one) is None]
    assert wrong == []


def test_pages_outside_docs_are_there():
    assert set(AT_TOP) <= set(SOURCES)


def test_landing_pages_say_it_in_two_sentences_and_lead_through_the_same_doors():
    doors = {}
    for name in LANDINGS:
        first, rows = begun(SOURCES[name])
        assert len(re.findall(r"\.\*?(?=\s|$)", first["said"].replace("*", ""))) == 2, name
        assert all(row[0].startswith("**") for row in rows)
        doors[name] = [target_of(name, link) for row in rows for link in links(row[1])]
        assert len(rows) == 4
    assert len({tuple(one) for one in doors.values()}) == 1, doors
    with pytest.raises(AssertionError):
        begun("# A page\n\nIt has no doors.\n")


def page_with(body: str) -> str:
    return f"<html><head></head><body>{body}</body></html>"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('<a href="b.html#there">', ""),
        ('<a href="https://example.org/x">', ""),
        ('<a href="b.html#nowhere">', "a.html: b.html#nowhere leads nowhere"),
        ('<a href="c.html">', "a.html: c.html leads nowhere"),
        ('<img src="gone.png">', "a.html: gone.png leads nowhere"),
        (
            '<script src="https://cdn.example.org/x.js"></script>',
            "a.html: loads https://cdn.example.org/x.js",
        ),
        ('<link rel="stylesheet" href="//fonts.example.org/f.css">', "loads //fonts"),
    ],
)
def test_the_check_finds(tmp_path, body, found):
    (tmp_path / "a.html").write_text(page_with(body), "utf-8")
    (tmp_path / "b.html").write_text(page_with('<h2 id="there">There</h2>'), "utf-8")
    said = list(faults(tmp_path))
    assert len(said) == bool(found)
    assert all(found in one for one in said)
