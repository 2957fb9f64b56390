"""Reads the pages of the documentation: their tables and code blocks, for the tests next to it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def section(text: str, heading: str) -> str:
    """Return the text under a heading of the second level."""
    parts = re.split(rf"^## {re.escape(heading)}$", text, flags=re.MULTILINE)
    assert len(parts) == 2, f"one section {heading!r}"
    return re.split(r"^## ", parts[1], flags=re.MULTILINE)[0]


def table(text: str, *head: str) -> list[list[str]]:
    """Return the rows of the one table with that head; backticks are taken off the cells."""
    line = f"| {' | '.join(head)} |\n"
    assert text.count(f"\n{line}") == 1, f"one table {line!r}"
    rows = []
    for row in text.split(f"\n{line}")[1].splitlines()[1:]:
        if not row.startswith("|"):
            break
        rows.append([_bare(cell) for cell in row.strip().strip("|").split("|")])
    assert rows, line
    return rows


def _bare(cell: str) -> str:
    """Return a cell without the backticks of a code word, alone or at its beginning."""
    return re.sub(r"^`([^`]*)`", r"\1", cell.strip())


def blocks(text: str, language: str, title: str | None = None) -> list[str]:
    """Return the code blocks of one language that have this title, or none."""
    first = language if title is None else f'{language} title="{re.escape(title)}"'
    return re.findall(rf"^```{first}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
