"""Writes the ten pairs of docs/distinguish.md: `python -m tests.docs.pairs`."""

from collections.abc import Iterator

from meter_emu.verify.distinguish import distinguish
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "distinguish.md"
NAMES = ("two builds", "look at", "on", "the first", "the second", "lines")
HEAD = f"| {' | '.join(NAMES)} |\n|{' --- |' * len(NAMES)}\n"
PAIRS = (
    ("end-exclusive", "doy-common-year"),
    ("leap-of-bcd-year", "leap-from-1970"),
    ("chip-leap-of-bcd-year", "leap-of-bcd-year"),
    ("no-summer-time", "zone-ignored"),
    ("no-29-february", "month-table-one-off"),
    ("change-at-midnight", "american-changes"),
    ("day-counter", "days-of-24-hours"),
    ("time-of-day-dropped", "look-ahead"),
    ("hours-in-utc", "friday-and-saturday"),
    ("odd-day-lost", "utc-truncated-date"),
)


def row(first: str, second: str) -> str:
    """Return the row of two defects: what `distinguish` finds."""
    found = distinguish(f"reference+{first}", f"reference+{second}").difference
    assert found is not None, f"{first} and {second} differ nowhere"
    one, other = (seen.words for seen in found.seen)
    lines = len(found.text.splitlines())
    return f"| `{first}`, `{second}` | {found.look_at} | {found.day} | {one} | {other} | {lines} |"


def rows() -> Iterator[str]:
    """Yield the row of each pair."""
    for pair in PAIRS:
        yield row(*pair)


if __name__ == "__main__":
    before, _, rest = PAGE.read_text("utf-8").partition(HEAD)
    after = "".join(line for line in rest.splitlines(True) if not line.startswith("|"))
    PAGE.write_text(before + HEAD + "\n".join(rows()) + "\n" + after, "utf-8")
