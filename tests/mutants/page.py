"""Reads and writes mutants.json in docs/evidence/, and the page from it and what was read."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.bench.power import Share
from tests.docs.pages import ROOT
from tests.mutants.read import EQUIVALENT, READ
from tests.mutants.sites import AREAS, PROGRAM, TOKENS

PAGE: Final = ROOT / "docs" / "evidence" / "mutants.md"
DATA: Final = ROOT / "docs" / "evidence" / "mutants.json"
BY_LAWS, BY_TESTS = "laws", "tests"
SAMPLES: Final = {PROGRAM: 300, TOKENS: 40, "office": 40, "formats": 40, "chips": 40}  # at least
# Ours: as time allows.
STORIES: Final = {
    PROGRAM: 100,
    TOKENS: 40,
    "office": 20,
    "formats": 20,
    "chips": 20,
}
_TITLES: Final = {
    PROGRAM: "The program",
    TOKENS: "The programs that take tokens",
    "office": "The office",
    "formats": "Formats and carriers",
    "chips": "The board's chips",
}
# Ours: of what makes a difference, found by laws and by tests; a fresh sample may have a few less.
LEAST: Final = {PROGRAM: 0.75, TOKENS: 0.5, "office": 0.9, "formats": 0.75, "chips": 0.85}
LEAST_BY_TESTS: Final = 0.9
HEAD: Final = """# What the laws find of small changes

The other way round from [the kill matrix](kill-matrix.md): not the mistakes that people made, but
any small one. `make mutants` draws a sample of all changes of one comparison, number, sign,
condition or statement, makes each in a process of its own while its module is imported, and asks
[the laws](../verify.md): no unit test runs. The programs that take tokens are asked the laws of
their devices. For office, formats and chips the tests of that room are run as well, without any
law. A process that ends, or that takes 90 s of processor time, counts as found, and says so; so
does a change with which nothing can be imported or drawn.

Of what lies on cards the [fuzz targets](../fuzzing.md) are laws too, with sixty inputs each; of
chips the laws of [the driver bench](../driver-under-test.md), with drivers that others
published. What explains a card to a person (the views) is in no area, and outside the program no
text with values in it is changed. Tests run whole: a figure depends on the sample alone.

Each run draws a sample of another seed than the one before; `--seed N` draws one again. Behind a
rate are the bounds (Wilson) between which that of all changes is, in 95 of 100 samples.

85 of a hundred by laws is the aim, and 95 by the tests of office, formats and chips. Samples whose
survivors had become new laws met it; a fresh one shows what is still missing. Of the journal of
events laws read the sessions and the end of an outage, not that an order was obeyed or an emergency
credit taken; they hear that a meter beeps, not how often; nobody looks at the pages of the blue
button, the seconds of a countdown, a memory that is out of order, or the lamps of a device that
takes tokens; and no law asks whether a meter says that an order waits. The rest of what is not
found is listed: most of it differs in one second, or one instant of a century.
"""


def load() -> dict[str, dict[str, Any]]:
    """Return what was found last, by area; no mutants of one before the first time."""
    if not DATA.exists():
        return {}
    found: dict[str, dict[str, Any]] = json.loads(DATA.read_text("utf-8"))
    return found


def save(found: Mapping[str, Mapping[str, Any]]) -> None:
    """Write what was found, a mutant a line."""
    areas = []
    for area in AREAS:
        if area in found:
            rows = ",\n".join(
                f"{json.dumps(name)}: {json.dumps(one, separators=(',', ':'))}"
                for name, one in found[area]["mutants"].items()
            )
            rest = {name: value for name, value in found[area].items() if name != "mutants"}
            head = json.dumps(rest)[:-1]
            areas.append(f'{json.dumps(area)}: {head}, "mutants": {{\n{rows}\n}}}}')
    DATA.write_text("{\n" + ",\n".join(areas) + "\n}\n", "utf-8")


def survivors(mutants: Mapping[str, Mapping[str, Any]], by: str = BY_LAWS) -> list[str]:
    """Return the mutants of an area that no law found, or no test."""
    return [
        name
        for name, one in mutants.items()
        if not one[by].get("law") and not one[by].get("failed")
    ]


def reading(name: str) -> tuple[str, str]:
    """Return of which kind a mutant is, and why."""
    return READ.get(name.partition(":")[0], ("nobody has read it", ""))


def share(one: Mapping[str, Any], by: str = BY_LAWS) -> tuple[int, int]:
    """Return how many of an area were found, of how many that do not do the same."""
    alive = survivors(one["mutants"], by)
    same = sum(reading(name)[0] == EQUIVALENT for name in alive)
    return len(one["mutants"]) - len(alive), len(one["mutants"]) - same


def text(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the page."""
    return "\n".join(_lines(found)).rstrip("\n") + "\n"


def _lines(found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield HEAD
    yield "| area | sample of | made | stories | found by laws | by its tests |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for area, title in _TITLES.items():
        if area in found:
            one = found[area]
            sample = f"{len(one['mutants'])} of {one['all']:,}, seed {one['seed']}"
            tests = percent(*share(one, BY_TESTS)) if asked_by_both(one) else "not run"
            yield (
                f"| {title} | {sample} | {one['made']} | {one['stories']} | "
                f"**{percent(*share(one))}** | {tests} |"
            )
    for area, title in _TITLES.items():
        if area in found:
            yield f"\n## {title}\n"
            yield from _area(area, found[area]["mutants"])


def asked_by_both(one: Mapping[str, Any]) -> bool:
    """Whether the tests of an area were asked too, of each of its mutants."""
    return all(BY_TESTS in found for found in one["mutants"].values())


def percent(killed: int, of: int) -> str:
    """Return a rate with the bounds that the true one is between in 95 of 100 samples."""
    low, high = Share(killed, max(of, 1)).interval
    rate = 100 * killed / max(of, 1)
    return f"{killed} of {of}, {rate:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def _area(area: str, mutants: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    alive = survivors(mutants)
    kinds = Counter(reading(name)[0] for name in alive)
    yield (
        "Not found by laws: "
        + (", ".join(f"{kind} {count}" for kind, count in kinds.most_common()) or "none")
        + ".\n"
    )
    yield "| found first by | mutants | median of stories |"
    yield "| --- | --- | --- |"
    laws = [one[BY_LAWS] for one in mutants.values()]
    first = Counter(one.get("law") or one["failed"] for one in laws if _found(one))
    for law, count in first.most_common():
        after = sorted(one["after"] for one in laws if one.get("law") == law)
        median = (after[len(after) // 2] or "before any") if after else ""
        yield f"| {f'`{law}`' if after else law} | {count} | {median} |"
    yield ""
    if asked_by_both({"mutants": mutants}):
        lost = [name for name in survivors(mutants, BY_TESTS) if reading(name)[0] != EQUIVALENT]
        both = sum(name in alive for name in lost)
        how_many = f"{len(lost)}, {both} of them by no law either" if lost else "none"
        yield f"Not found by its tests: {how_many}.\n"
        yield from (f"- `{_cell(name)}`" for name in sorted(lost))
        yield ""
    by_kind: dict[str, list[str]] = {}
    for name in alive:
        by_kind.setdefault(reading(name)[0], []).append(name)
    for kind, names in by_kind.items():
        yield f"### {_TITLES[area]}: {kind}\n"
        yield "| mutant | why |"
        yield "| --- | --- |"
        yield from (f"| `{_cell(name)}` | {reading(name)[1]} |" for name in sorted(names))
        yield ""


def _cell(name: str) -> str:
    return name.replace("|", "\\\\|")


def _found(one: Mapping[str, Any]) -> bool:
    return bool(one.get("law") or one.get("failed"))
