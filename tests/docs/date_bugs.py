"""Writes docs/date-bugs.md from the catalogue: `python -m tests.docs.date_bugs`."""

from collections.abc import Iterator

from meter_emu.defects import DEFECT_PARTS, Defect, catalogue
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "date-bugs.md"
HEAD = """# Date bugs of the field

Mistakes with dates that were made in meters, phones, tills, clocks and libraries, each of which
can be built into the meter here: `meter-emu rehearse CAMPAIGN --build reference+ID`. `meter-emu
show defect ID` has the household in which it first shows and the command for it. Written from
the files in `meter_emu/defects/`; where a mechanism is inferred and not published, *seen* says
so.
"""


def lines() -> Iterator[str]:
    """Yield the page, folder by folder."""
    yield HEAD
    defects = list(catalogue().values())
    for room, title in DEFECT_PARTS.items():
        yield f"## {title}\n"
        for defect in (one for one in defects if one.where == room):
            yield from _entry(defect)


def _entry(defect: Defect) -> Iterator[str]:
    mechanism = defect.mechanism
    yield f"### `{defect.id}`\n"
    yield f"{mechanism[0].upper()}{mechanism[1:]}. **{defect.effect.value.capitalize()}.**\n"
    yield f"- *Does not show:* {defect.blind}."
    yield f"- *Seen:* {defect.seen}."
    yield f"- *Caught by:* the law `{defect.law}`{_needs(defect)}."
    yield f"- *To avoid it:* {defect.avoid}.\n"


def _needs(defect: Defect) -> str:
    return f", on {' and '.join(defect.needs)}" if defect.needs else ""


def text() -> str:
    """Return the whole page."""
    return "\n".join(lines()).rstrip("\n") + "\n"


if __name__ == "__main__":
    PAGE.write_text(text(), "utf-8")
