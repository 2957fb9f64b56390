"""Every page is reachable from the map, and every link inside the repository leads somewhere."""

import re
from pathlib import Path

from tests.cells import each_cell
from tests.docs.pages import ROOT, page

PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "fixtures/MANIFEST.md")
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
BRACKETED = re.compile(r"\[(\d+)\]")
PATH_LIKE = re.compile(r"`((?:meter_emu|card_protocol|docs|fixtures|tests)/[\w./-]+)`")


def anchors(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@each_cell("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    for link in LINK.findall(page(name)):
        if link.startswith(("http://", "https://")):
            continue
        target, _, anchor = link.partition("#")
        path = (ROOT / name).parent / target if target else ROOT / name
        assert path.exists(), f"{name}: {link}"
        assert not anchor or anchor in anchors(path), f"{name}: {link}"


@each_cell("name", PAGES)
def test_named_files_exist(name: str) -> None:
    for path in PATH_LIKE.findall(page(name)):
        assert (ROOT / path).exists(), f"{name}: {path}"


def test_the_map_lists_every_page() -> None:
    links = LINK.findall(page("docs/README.md"))
    listed = {link for link in links if link.endswith(".md") and not link.startswith("../")}
    docs = ROOT / "docs"
    found = {str(path.relative_to(docs)) for path in docs.glob("**/*.md")} - {"README.md"}
    assert found == listed


def test_sources_are_all_listed_and_all_used() -> None:
    text = page("docs/sources.md")
    facts, _, references = text.partition("## References")
    listed = [int(number) for number in re.findall(r"^(\d+)\. ", references, re.MULTILINE)]
    assert listed == list(range(1, len(listed) + 1))
    assert {int(number) for number in BRACKETED.findall(facts)} == set(listed)


@each_cell("name", sorted(p.name for p in (ROOT / "docs/decisions").glob("*.md")))
def test_a_decision_has_context_decision_consequences_and_is_short(name: str) -> None:
    text = page(f"docs/decisions/{name}")
    heads = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert heads == ["Context", "Decision", "Consequences"]
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line for line in prose.splitlines() if not line.startswith("|")]
    assert len(lines) <= 80
    assert len(prose.splitlines()) >= 15
