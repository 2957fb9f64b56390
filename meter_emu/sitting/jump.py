"""What a sitting has under way: a jump through time, and what waits for its end."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import NamedTuple, final


class Wanted(NamedTuple):
    """What somebody asked for: its word, it in words, and the deed."""

    word: str
    said: str
    do: Callable[[], None]


@final
@dataclass(frozen=True, slots=True)
class Jump:
    """A jump under way, in steps, from an instant to one, 0 where nobody knows it yet.

    `arrive` is called at its end, `halt` where it was stopped.
    """

    steps: Generator[None]
    from_us: int
    goal_us: int
    arrive: Callable[[], None]
    halt: Callable[[], None]
