"""What the two pages for a board share: a rehearsal's and a plan's, `board.html.jinja`.

Both begin with the answer, three figures, and a table in which each row has a bar of shares.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, Protocol

from meter_emu.languages.speech import marked_of, said_of, written_share

FIGURES: Final = (  # colour and words of the three figures, in their order
    ("on", marked_of("supplied, {share}", "supplied, {share}")),
    ("cut", marked_of("disconnected by order, {share}", "disconnected by order, {share}")),
    ("empty", marked_of("without credit, {share}", "without credit, {share}")),
)


class ThreeFigures(Protocol):
    """Households: each is in one of the three figures."""

    @property
    def supplied(self) -> int:
        """How many have supply."""

    @property
    def disconnected(self) -> int:
        """How many are disconnected by order, or by a meter that had none."""

    @property
    def without_credit(self) -> int:
        """How many have used up their credit."""


class Tile(NamedTuple):
    """One of the three figures: colour, number, and words."""

    colour: str
    number: int
    words: str


class ShareRow(NamedTuple):
    """A district, a group or a kind: its three figures, and their shares in percent."""

    name: str
    figures: tuple[int, int, int]
    shares: tuple[tuple[str, str], ...]  # colour and width


def three(one: ThreeFigures) -> tuple[int, int, int]:
    """Return the three figures in the order of the page."""
    return one.supplied, one.disconnected, one.without_credit


def tiles(one: ThreeFigures) -> list[Tile]:
    """Return the three figures, each with its share of all."""
    total = max(1, sum(three(one)))
    return [
        Tile(colour, number, said_of(*words, number, share=written_share(number / total, 1)))
        for (colour, words), number in zip(FIGURES, three(one), strict=True)
    ]


def share_rows(named: Iterable[tuple[str, tuple[int, int, int]]]) -> Iterator[ShareRow]:
    """Yield the rows of a table of shares."""
    for name, figures in named:
        total = max(1, sum(figures)) / 100
        yield ShareRow(
            name,
            figures,
            tuple(
                (colour, f"{number / total:.2f}%")
                for (colour, _), number in zip(FIGURES, figures, strict=True)
                if number
            ),
        )
