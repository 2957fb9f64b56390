"""Reads and writes kill-matrix.json in docs/evidence/, and writes the page from it."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from meter_emu.defects import catalogue
from tests.docs.pages import ROOT

PAGE: Final = ROOT / "docs" / "evidence" / "kill-matrix.md"
DATA: Final = ROOT / "docs" / "evidence" / "kill-matrix.json"
HARDEST: Final = 25  # what the page shows of some 200 rows
HEAD: Final = """# Which law catches which date bug

Each [defect of the catalogue](../date-bugs.md) in our own program, checked against each
[law](../verify.md) of its device. `make matrix` checks every defect against every law, in a process
of its own, and writes this page and `kill-matrix.json`; `make matrix DEFECTS="ID ID"` does the rows
named.

- **killed**: the law is broken, after so many stories.
- **survived**: the defect made a difference, and the law held. That is no mistake of a law that is
  about something else; a defect that survives every law is one.
- **not infected**: the defect was asked, and its assembly answered as the reference's would have.
  **not reached**: it was not even asked.
- **crashed**, **hung**: the program or its process failed, and the law said nothing.

Stories are those of `verify`, on every built-in meter in every time base, so `meter-emu verify
reference+ID --law LAW` finds the same one and makes it small. Every run is one of the whole meter
with the defect. Whether it made a difference is seen at the edge of the *assembly* that the defect
belongs to (the program's parts, the office's, or the clock chip): each call into it is also made on
the reference's, on copies, and compared in what it returns or raises, in its arguments and its
state afterwards, and in its calls of the ports. Only stories on which the law says something count.
Program, rules, memory, dialogues and the desk's service have no such edge: a story in which the
routine ran counts as one with a difference.
"""


def load() -> dict[str, Any]:
    """Return what was found last; no rows before the first time."""
    if not DATA.exists():
        return {"rows": {}}
    found: dict[str, Any] = json.loads(DATA.read_text("utf-8"))
    return found


def save(found: dict[str, Any]) -> None:
    """Write what was found, a defect a line."""
    rows = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(_short(one), separators=(',', ':'))}"
        for name, one in found["rows"].items()
    )
    rest = {name: value for name, value in found.items() if name != "rows"}
    DATA.write_text(f'{json.dumps(rest)[:-1]}, "rows": {{\n{rows}\n}}}}\n', "utf-8")


def _short(one: dict[str, Any]) -> dict[str, Any]:
    """Return a row without what is nothing."""
    cells = {law: {key: v for key, v in cell.items() if v} for law, cell in one["cells"].items()}
    return {**one, "cells": cells}


def text(found: dict[str, Any]) -> str:
    """Return the page."""
    return "\n".join(_lines(found)).rstrip("\n") + "\n"


def survivors_of(found: dict[str, Any]) -> list[str]:
    """Return the defects that no law kills."""
    return [name for name, one in found["rows"].items() if not killers(one)]


def killers(one: dict[str, Any]) -> dict[str, int]:
    """Return the laws that kill a defect, the quickest first, and after how many stories."""
    cells = one["cells"].items()
    found = {law: cell["after"] for law, cell in cells if cell["word"] == "killed"}
    return dict(sorted(found.items(), key=lambda item: item[1]))


def changes(before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """Yield what became otherwise in a row, of the laws that both asked."""
    was, cells = before["cells"], now["cells"]
    both = [law for law in cells if law in was and was[law]["word"] != cells[law]["word"]]
    if lost := [f"{law} ({cells[law]['word']})" for law in both if was[law]["word"] == "killed"]:
        yield f"no longer killed by {', '.join(lost)}"
    if won := [law for law in both if cells[law]["word"] == "killed"]:
        yield f"now killed by {', '.join(won)}"


def by_its_law(name: str, one: dict[str, Any]) -> bool:
    """Whether the law that a defect names kills it."""
    return catalogue()[name].law in killers(one)


def _lines(found: dict[str, Any]) -> Iterator[str]:
    rows: dict[str, dict[str, Any]] = found["rows"]
    yield HEAD
    yield (
        f"{len(rows)} defects, {len(_asked(rows))} laws: {_made(rows)} (a tenth of them where a "
        "law runs a household again) or "
        f"{found['infected_max']} with a difference; up to {found['declared_max']:,} of the law "
        "that a defect names (in bold below), until that kills; "
        f"{found['polls_max']:,} polls a household; {_sum(rows, 'took_s'):,} s of processes. "
        "Next to "
        f"{_sum(rows, 'checked'):,} runs without a difference a run of the reference was laid: the "
        "same events in all.\n"
    )
    yield "## The laws\n"
    yield "| law | kills | of those that made a difference | share of all | kills alone |"
    yield "| --- | --- | --- | --- | --- |"
    yield from _law_rows(rows)
    yield "\n## Survivors\n"
    alive = survivors_of(found)
    yield "\n".join(f"- `{name}`" for name in alive) if alive else "There are none."
    others = [name for name, one in rows.items() if killers(one) and not by_its_law(name, one)]
    if others:
        yield "\nThese are killed, and not by the law that they name, which is the one that tells"
        yield "most of their own home:\n"
    yield from (f"- `{name}`: not by `{catalogue()[name].law}`." for name in others)
    yield f"\n## The {HARDEST} hardest to kill\n"
    yield "The others are killed by more laws, or sooner; `kill-matrix.json` has a line for each.\n"
    yield "| defect | killed by (stories) | survived | neither |"
    yield "| --- | --- | --- | --- |"
    yield from (_defect_row(name, rows[name]) for name in sorted(rows, key=_hard(rows))[:HARDEST])


def _made(rows: dict[str, dict[str, Any]]) -> str:
    """Return when rows were made, with how many stories: each keeps its date until it is redone."""
    days = Counter((one["made"], one["stories"], one["seed"]) for one in rows.values())
    return "; ".join(
        f"{count} rows of {made}, seed {seed}, {stories} stories a cell"
        for (made, stories, seed), count in sorted(days.items())
    )


def _sum(rows: dict[str, dict[str, Any]], key: str) -> int:
    return sum(one[key] for one in rows.values())


def _asked(rows: dict[str, dict[str, Any]]) -> set[str]:
    """Return the laws that were asked of any defect."""
    return {law for one in rows.values() for law in one["cells"]}


def _law_rows(rows: dict[str, dict[str, Any]]) -> Iterator[str]:
    kills = {law: [one for one in rows.values() if law in killers(one)] for law in _asked(rows)}
    for law in sorted(kills, key=lambda law: (-len(kills[law]), law)):
        infected = sum(
            cell["word"] in {"killed", "survived"}
            for cell in (one["cells"].get(law, {"word": ""}) for one in rows.values())
        )
        alone = sum(len(killers(one)) == 1 for one in kills[law])
        share = 100 * len(kills[law]) // sum(law in one["cells"] for one in rows.values())
        yield f"| `{law}` | {len(kills[law])} | {infected} | {share} % | {alone or ''} |"


def _hard(rows: dict[str, dict[str, Any]]) -> Any:
    """Return by what defects are sorted: killed by the fewest laws, and last, comes first."""
    found = {name: killers(one) for name, one in rows.items()}
    return lambda name: (len(found[name]), -min(found[name].values(), default=1_000_000), name)


def _defect_row(name: str, one: dict[str, Any]) -> str:
    killed = ", ".join(
        f"**{law}** ({after})" if law == catalogue()[name].law else f"{law} ({after})"
        for law, after in killers(one).items()
    )
    words: dict[str, list[str]] = {}
    for law, cell in one["cells"].items():
        words.setdefault(cell["word"], []).append(law)
    survived = len(words.get("survived", ()))
    others = (
        f"{word}: {len(words[word])}"
        for word in ("not infected", "not reached", "crashed", "hung")
        if word in words
    )
    return f"| [`{name}`](../date-bugs.md#{name}) | {killed} | {survived} | {', '.join(others)} |"
