"""Reads and writes mutants.json in docs/evidence/, and the page from it and what was read."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from tests.docs.pages import ROOT
from tests.mutants.read import EQUIVALENT, READ

PAGE: Final = ROOT / "docs" / "evidence" / "mutants.md"
DATA: Final = ROOT / "docs" / "evidence" / "mutants.json"
HEAD: Final = """# What the laws find of small changes to the program

The other way round from [the kill matrix](kill-matrix.md): not the mistakes that people made, but
any small one. `make mutants` draws a sample of all changes of one comparison, number, sign,
condition or statement in a routine of a part of our program, makes each in a process of its own,
and asks [the laws](../verify.md) of it: no unit test runs. The office and the clock chips are not
changed: they are the world in which a program is judged, and what is wrong with them is in the
matrix. A process that ends, or that takes five minutes, counts as found, and says so.

More than 85 of a hundred was the aim. What is not found is listed at the end: most of it differs in
one second, or one instant of a century, and nothing on panel or card shows a weekday.
"""


def load() -> dict[str, Any]:
    """Return what was found last; no mutants before the first time."""
    if not DATA.exists():
        return {"mutants": {}}
    found: dict[str, Any] = json.loads(DATA.read_text("utf-8"))
    return found


def save(found: dict[str, Any]) -> None:
    """Write what was found, a mutant a line."""
    rows = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(one, separators=(',', ':'))}"
        for name, one in found["mutants"].items()
    )
    rest = {name: value for name, value in found.items() if name != "mutants"}
    DATA.write_text(f'{json.dumps(rest)[:-1]}, "mutants": {{\n{rows}\n}}}}\n', "utf-8")


def survivors(found: dict[str, Any]) -> list[str]:
    """Return the mutants that no law found."""
    return [
        name
        for name, one in found["mutants"].items()
        if not one.get("law") and not one.get("failed")
    ]


def reading(name: str) -> tuple[str, str]:
    """Return of which kind a mutant is, and why."""
    return READ.get(name.partition(":")[0], ("nobody has read it", ""))


def text(found: dict[str, Any]) -> str:
    """Return the page."""
    return "\n".join(_lines(found)).rstrip("\n") + "\n"


def _lines(found: dict[str, Any]) -> Iterator[str]:
    every, alive = found["mutants"], survivors(found)
    same = [name for name in alive if reading(name)[0] == EQUIVALENT]
    killed, open_ = len(every) - len(alive), len(every) - len(same)
    yield HEAD
    yield (
        f"A sample of {len(every)} of {found['all']:,}, seed {found['seed']}, {found['stories']} "
        f"stories or more: {killed} found, {len(alive)} not. {len(same)} of these do the same "
        "as the program. "
        f"**Found: {killed} of {open_} that do not, {100 * killed / open_:.1f} %.**\n"
    )
    kinds = Counter(reading(name)[0] for name in alive)
    yield (
        "Not found: " + ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()) + ".\n"
    )
    yield "| found first by | mutants | median of stories |"
    yield "| --- | --- | --- |"
    first = Counter(one.get("law") or one["failed"] for one in every.values() if _found(one))
    for law, count in first.most_common():
        after = sorted(one["after"] for one in every.values() if one.get("law") == law)
        median = after[len(after) // 2] if after else ""
        yield f"| {f'`{law}`' if after else law} | {count} | {median} |"
    yield "\n## Not found\n"
    by_kind: dict[str, list[str]] = {}
    for name in alive:
        by_kind.setdefault(reading(name)[0], []).append(name)
    for kind, names in by_kind.items():
        yield f"### {kind[0].upper()}{kind[1:]}\n"
        yield "| mutant | why |"
        yield "| --- | --- |"
        for name in sorted(names):
            cell = name.replace("|", "\\\\|")
            yield f"| `{cell}` | {reading(name)[1]} |"
        yield ""


def _found(one: dict[str, Any]) -> bool:
    return bool(one.get("law") or one.get("failed"))
