"""docs/evidence/toys.md: what a toy member of each table takes, and who says so."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.tidy.repository import ROOT
from tests.toys.toys import Toy, toys

PAGE: Final = ROOT / "docs" / "evidence" / "toys.md"
HEAD: Final = ("table", "toy", "put into", "the type checker names", "tests that name the rest")
COMPLETE: Final = "nothing: it is complete"
_LOST: Final = "**nothing, and it does not work**"
_FILES_MAX: Final = 4
_INTRO: Final = """# What a new kind takes, and who says so

`make toys` adds a toy member to each table, in a copy of the tree and with nothing else. What a
real one takes besides is then named by the type checker or by a test of its table, or the toy is
complete at once, which a command shows. Tests that run long were not asked.

"""


class Answer(NamedTuple):
    """What was said of a toy: files by the type checker, tests, or that it is complete."""

    toy: Toy
    types: list[str]
    tests: list[str]
    complete: bool

    @property
    def lost(self) -> bool:
        """Whether nobody says a word, and it does not work."""
        return not self.types and not self.tests and not self.complete

    @property
    def row(self) -> str:
        """The row of the page."""
        files = put_into(self.toy)
        tests = COMPLETE if self.complete else _LOST if self.lost else _named(self.tests) or "-"
        cells = (self.toy.table, self.toy.member, _named(files), _named(self.types) or "-", tests)
        return f"| {' | '.join(cells)} |"


def put_into(toy: Toy) -> list[str]:
    """Return the files that were changed, and new ones by their last name: they are not there."""
    return sorted({
        change.file if change.after or change.before else Path(change.file).name
        for change in toy.changes
    })  # fmt: skip


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _FILES_MAX} more" if len(names) > _FILES_MAX else ""
    return ", ".join(f"`{name}`" for name in names[:_FILES_MAX]) + more


def text(answers: Sequence[Answer], before: str = "") -> str:
    """Return the page; what was not asked anew keeps its row of the page `before`."""
    rows = {row_id(line): line for line in before.splitlines() if line.startswith("| ")}
    rows |= {row_id(answer.row): answer.row for answer in answers}
    head = f"| {' | '.join(HEAD)} |\n|{' --- |' * len(HEAD)}\n"
    known = [rows[toy.table, toy.member] for toy in toys() if (toy.table, toy.member) in rows]
    return _INTRO + head + "".join(f"{row}\n" for row in known)


def row_id(row: str) -> tuple[str, str]:
    """Return table and toy of a row."""
    table, member, *_ = row.removeprefix("| ").split(" | ")
    return table, member
