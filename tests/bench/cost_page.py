"""What commands cost, by commit: docs/evidence/cost.json, its tables in cost.md, and its picture.

The words of the page are written by hand; between its two marks stand the tables that are made.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from tests.bench.cost import COSTS, ROOT, Cost, Measured, Series

SERIES: Final = ROOT / "docs" / "evidence" / "cost.json"
PAGE: Final = SERIES.with_suffix(".md")
PICTURE: Final = SERIES.with_suffix(".svg")
_MADE: Final = re.compile(r"(<!-- made -->\n).*(\n<!-- end of made -->)", re.DOTALL)
_BOUGHT: Final = re.compile(r"^\| `(\w+)` \| ([0-9a-f]+) \| ([\d.]+) \| .+ \|$", re.MULTILINE)
_WIDE, _HIGH, _ACROSS = 230, 120, 5  # of one small chart, in pixels, and how many stand in a row


def load(path: Path = SERIES) -> Series:
    """Return the series."""
    return msgspec.json.decode(path.read_bytes(), type=Series)


def bought(text: str, release: str) -> dict[str, float]:
    """Return how far a row may be above the last release: what its line in the page says.

    A line names the release that it is against, so it ends with the next one.
    """
    found = _BOUGHT.findall(text)
    return {row: float(times) for row, against, times in found if release.startswith(against)}


def write(series: Series, path: Path = SERIES) -> None:
    """Write the series, and the tables of the page and the picture, if it is theirs."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(series), indent=1) + b"\n")
    if path == SERIES:
        text = PAGE.read_text("utf-8")
        PAGE.write_text(_MADE.sub(lambda at: at[1] + tables(series) + at[2], text), "utf-8")
        PICTURE.write_text(picture(series), "utf-8")


def tables(series: Series) -> str:
    """Return what is measured, then the series: a row a commit, a column a command."""
    lines = ["| row | command | of | unit | there from |", "| --- | --- | --- | --- | --- |"]
    for cost in COSTS:
        unit = f"times {series.release}" if cost.paired else "million instructions"
        since = next((row.commit for row in series.rows if cost.name in row.costs), "not yet")
        lines.append(f"| {cost.name} | `{cost.words}` | {cost.what} | {unit} | {since} |")
    lines += ["", "| commit | day | " + " | ".join(cost.name for cost in COSTS) + " |"]
    lines.append("| --- | --- |" + " ---: |" * len(COSTS))
    for row in series.rows:
        cells = " | ".join(_cell(cost, row) for cost in COSTS)
        lines.append(f"| {row.commit} | {row.day} | {cells} |")
    return "\n".join(lines)


def _cell(cost: Cost, row: Measured) -> str:
    value = row.costs.get(cost.name)
    if value is None:
        return "-"
    return f"{value:.2f}" if cost.paired else f"{value:,.0f}"


def picture(series: Series) -> str:
    """Return a small chart for each row, from nothing up to its dearest commit."""
    rows_of = -(-len(COSTS) // _ACROSS)
    size = f'width="{_WIDE * _ACROSS}" height="{_HIGH * rows_of}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for at, cost in enumerate(COSTS):
        parts += _chart(cost, series, _WIDE * (at % _ACROSS) + 12, _HIGH * (at // _ACROSS) + 8)
    return "\n".join([*parts, "</svg>", ""])


def _chart(cost: Cost, series: Series, left: int, top: int) -> Iterator[str]:
    wide, high = _WIDE - 30, _HIGH - 50
    known = [
        (at, row.costs[cost.name]) for at, row in enumerate(series.rows) if cost.name in row.costs
    ]
    yield f'<text x="{left}" y="{top + 12}">{cost.name}</text>'
    base = top + 22 + high
    yield f'<line x1="{left}" y1="{base}" x2="{left + wide}" y2="{base}" stroke="#999"/>'
    if not known:
        return
    most, step = max(value for _, value in known), wide / max(1, len(series.rows) - 1)
    spots = [(left + at * step, base - high * value / most) for at, value in known]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    yield f'<polyline points="{line}" fill="none" stroke="#1f5fa8" stroke-width="2"/>'
    for (x, y), (at, value) in zip(spots, known, strict=True):
        what = f"<title>{series.rows[at].commit}: {value:,g}</title>"
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#1f5fa8">{what}</circle>'
    unit, form = ("x", ".2f") if cost.paired else ("M", ",.0f")
    yield (
        f'<text x="{left}" y="{base + 14}" fill="#555">{known[0][1]:{form}}{unit} to'
        f" {known[-1][1]:{form}}{unit}</text>"
    )
