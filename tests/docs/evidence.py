"""Writes docs/evidence/README.md: what is claimed, in figures that the pages' own data give.

`python -m tests.docs.evidence` writes it; `make matrix`, `power`, `mutants` and `seen` do so too.
"""

from collections.abc import Iterator
from math import inf
from typing import Final

from tests.bench import power
from tests.bench.cost import COSTS
from tests.bench.cost_page import load
from tests.bench.wear import LIVES
from tests.docs import seen_in_campaigns as seen
from tests.docs.pages import ROOT, page, table
from tests.matrix import page as matrix
from tests.mutants import page as mutants
from tests.toys import page as toys

PAGE: Final = ROOT / "docs" / "evidence" / "README.md"
HEAD: Final = """# What is claimed, and how to repeat it

Each row is one claim with its figure, the page that says how it was measured and what was *not*
found, and the command that measures it again on a checkout. [What these figures cannot
say](#what-these-figures-cannot-say) is at the end.

| claim | figure | page | again |
| --- | --- | --- | --- |
"""
TAIL: Final = """
## What these figures cannot say

- The laws judge our own program and defects that we planted. Twelve right programs of another shape
  (`make test-strangers`) and a starter in C (`make test-firmware`) are judged by the same laws, so
  that a law does not take our way of being right for the only one.
- A mistake that nobody thought of is in none of these rows. That is what the small changes are for:
  no person chose them.
- A figure is of the day that its page names. A test fails when a page, its data and this table do
  not agree; no test repeats a whole measurement.
- Nothing was compared with a real meter. Chips follow their data sheets, codecs published vectors.
"""


def _rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield claim, figure, page and command."""
    kills = matrix.load()["rows"]
    killed = len(kills) - len(matrix.survivors_of(matrix.load()))
    yield (
        "a law is broken by each date bug of the catalogue",
        f"{killed} of {len(kills)} defects",
        "kill-matrix",
        "make matrix",
    )
    found = power.read().defects
    caught = sum(one.needed < inf for one in found)
    middle = sorted(one.needed for one in found)[len(found) // 2]
    yield (
        "few stories are enough to find one",
        f"{caught} of {len(found)} defects; median {middle:.0f}",
        "power",
        "make power",
    )
    for area, words in _CHANGES.items():
        if area in mutants.load():
            one = mutants.load()[area]
            figure = "{} of {} changes".format(*mutants.share(one))
            if mutants.asked_by_both(one):
                figure += "; its tests find {} of {}".format(*mutants.share(one, mutants.BY_TESTS))
            yield words, figure, "mutants", "make mutants"
    stored = seen.stored()
    yield (
        "a built-in campaign shows each date bug",
        f"{sum(map(bool, stored.values()))} of {len(stored)} defects",
        "seen-in-campaigns",
        "make seen",
    )
    tried = table(page("docs/evidence/reliability.md"), *RELIABILITY)
    total = sum(int(row[2].replace(",", "")) for row in tried)
    yield (
        "no power cut, tear or forgery costs money, supply or a date",
        f"{total:,} tries, {len(tried)} kinds",
        "reliability",
        "make test-exhaustive",
    )
    reach = table(page("docs/evidence/fuzz-reach.md"), *REACH)
    yield (
        "every fuzz target reaches what it is for",
        f"{len(reach)} targets",
        "fuzz-reach",
        "python -m tests.fuzz.reached",
    )
    yield from (_adversary_row(), _judge_row())
    yield _wear_row()
    yield _cost_row()
    yield _toys_row()
    text = page("docs/evidence/conformance.md")
    compared = [*table(text, *CODECS), *table(text, *TOKENS)]
    yield (
        "dates and tokens are the bytes that others published",
        f"{len(compared)} encodings and parts, each with its deviation",
        "conformance",
        "make test TEST_PATH=tests/card_protocol",
    )


PLANTS: Final = ("mistake", "found after", "what it had", "of at most")
_CHANGES: Final = {
    "program": "most small changes of the program that make a difference break a law",
    "tokens": "the same of the programs that take tokens",
    "office": "the same of the office",
    "formats": "the same of formats and carriers",
    "chips": "the same of the board's chips",
}


def _adversary_row() -> tuple[str, str, str, str]:
    rows = table(page("docs/evidence/adversary.md"), *PLANTS)
    found = sum(row[1] != "**not found**" for row in rows)
    return (
        "a search finds what a household can have for nothing",
        f"{found} of {len(rows)} planted favours and early cuts",
        "adversary",
        "make adversary",
    )


def _toys_row() -> tuple[str, str, str, str]:
    rows = table(page("docs/evidence/toys.md"), *toys.HEAD)
    complete = sum(row[-1] == toys.COMPLETE for row in rows)
    return (
        "a new kind is complete in its row, or the places that it lacks are named",
        f"{len(rows)} toys: {complete} complete, {len(rows) - complete} with places named",
        "toys",
        "make toys",
    )


def _cost_row() -> tuple[str, str, str, str]:
    return (
        "what a command costs is a series by commit",
        f"{len(COSTS)} commands, {len(load().rows)} commits",
        "cost",
        "make cost",
    )


def _wear_row() -> tuple[str, str, str, str]:
    rows = table(page("docs/evidence/wear.md"), "model", *LIVES)
    years = [[int(cell.split(": ")[1].replace(",", "")) for cell in row[1:]] for row in rows]
    least = [min(row[at] for row in years) for at in range(len(LIVES))]
    own = list(LIVES).index("its own card, each minute")
    return (
        "a memory outlives its meter, if its own card is not put in all day",
        f"{min(least[:own] + least[own + 1 :])} years; {least[own]} with its own card each minute",
        "wear",
        "python -m tests.bench.wear",
    )


def _judge_row() -> tuple[str, str, str, str]:
    rows = table(page("docs/evidence/judge.md"), *JUDGED)
    judged = {row[0]: row[1] for row in rows}
    return (
        "the judge agrees with a second oracle, and sees what is changed in a log",
        (
            f"{judged['households in which both disagree']} disagreements in "
            f"{judged['households checked against the second oracle']} households; "
            f"{judged['of these seen'].rpartition(', ')[0]} of "
            f"{judged['changes of a log by hand']} changes"
        ),
        "judge",
        "make test-judge",
    )


RELIABILITY: Final = ("tried", "in `make test`", "in `make test-exhaustive`", "survived")
REACH: Final = (
    "target",
    "seeds and kept",
    "marks, and how often each was met",
    "oracles that held of a change; least often",
)
JUDGED: Final = ("measured", "figure")
CODECS: Final = ("codec", "standard or source", "compared with", "deviation")
TOKENS: Final = ("part", "standard or source", "compared with", "deviation")


def text() -> str:
    """Return the page."""
    rows = (
        f"| {claim} | {figure} | [{name}]({name}.md) | `{command}` |\n"
        for claim, figure, name, command in _rows()
    )
    return HEAD + "".join(rows) + TAIL


def write() -> None:
    """Write the page."""
    PAGE.write_text(text(), "utf-8")


if __name__ == "__main__":
    write()
