"""What the two pages for a board share: a rehearsal's and a plan's, `board.html.jinja`.

Both begin with the answer, its figures, and a table in which each row has a bar of shares.
"""

from collections.abc import Iterable, Iterator, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from meter_emu.languages.speech import marked, marked_of, said, said_of, written_share
from meter_emu.world.judge.figures import STATES, SupplyFigures

_STATES: Final = MappingProxyType(
    {  # by the name of a figure: colour, its words on a tile, and at the head of a column
        "supplied": ("on", marked_of("supplied, {share}", "supplied, {share}"), marked("supplied")),
        "limited": (
            "limited",
            marked_of("behind a limiter, {share}", "behind a limiter, {share}"),
            marked("10 A"),
        ),
        "disconnected": (
            "cut",
            marked_of("disconnected by order, {share}", "disconnected by order, {share}"),
            marked("by order"),
        ),
        "without_credit": (
            "empty",
            marked_of("without credit, {share}", "without credit, {share}"),
            marked("no credit"),
        ),
        "no_power": (
            "street",
            marked_of("no power in the street, {share}", "no power in the street, {share}"),
            marked("no power"),
        ),
        "not_known": (
            "unsure",
            marked_of("not known, {share}", "not known, {share}"),
            marked("not known"),
        ),
    }
)
THREE: Final = ("supplied", "disconnected", "without_credit")  # that a page always has


def states_of(*several: SupplyFigures) -> tuple[str, ...]:
    """Return the figures to show: always three, and another where a household is in its state."""
    return tuple(
        state for state in STATES if state in THREE or any(getattr(one, state) for one in several)
    )


def headings(states: Sequence[str] = THREE) -> list[str]:
    """Return what is at the heads of the columns of a table of shares."""
    return [said(_STATES[state][2]) for state in states]


class Tile(NamedTuple):
    """One of the figures: colour, number, and words."""

    colour: str
    number: int
    words: str


class ShareRow(NamedTuple):
    """A district, a group or a kind: its figures, and their shares in percent."""

    name: str
    figures: tuple[int, ...]
    shares: tuple[tuple[str, str], ...]  # colour and width


def counts(one: object, states: Sequence[str] = THREE) -> tuple[int, ...]:
    """Return the figures in the order of the page."""
    return tuple(getattr(one, state) for state in states)


def tiles(one: object, states: Sequence[str] = THREE) -> list[Tile]:
    """Return the figures, each with its share of all."""
    numbers = counts(one, states)
    total = max(1, sum(numbers))
    found = []
    for state, number in zip(states, numbers, strict=True):
        colour, forms, _ = _STATES[state]
        words = said_of(*forms, number, share=written_share(number / total, 1))
        found.append(Tile(colour, number, words))
    return found


def share_rows(
    named: Iterable[tuple[str, tuple[int, ...]]], states: Sequence[str] = THREE
) -> Iterator[ShareRow]:
    """Yield the rows of a table of shares."""
    for name, figures in named:
        total = max(1, sum(figures)) / 100
        shares = (
            (_STATES[state][0], f"{number / total:.2f}%")
            for state, number in zip(states, figures, strict=True)
            if number
        )
        yield ShareRow(name, figures, tuple(shares))
