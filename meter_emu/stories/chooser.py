"""The one interface through which a story is drawn, and the sources of choices behind it.

A story needs only numbers below a bound, so any source of numbers can draw one: a seed, Hypothesis
(through its `randoms`), a recorded tape, a fuzzer's bytes. A name that is listed twice is drawn
twice as often. The first of a list is its simplest, and 0 the simplest number: an empty tape draws
the simplest story.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from random import Random
from typing import Final, TypeVar, final

from typing_extensions import override

ItemT = TypeVar("ItemT")


class Chooser(ABC):
    """Gives numbers and records them: `tape` draws the same again."""

    __slots__ = ("tape",)

    def __init__(self) -> None:
        self.tape: Final[list[int]] = []

    @final
    def below(self, bound: int) -> int:
        """Return a number from 0 to less than `bound`, which is at least 1."""
        chosen = self._choose(bound)
        self.tape.append(chosen)
        return chosen

    @final
    def dealt(self, bound: int) -> int:
        """Return a number below a bound so that stories of numbers in turn meet all of them."""
        dealt = self._deal(bound)
        self.tape.append(dealt)
        return dealt

    @final
    def kept(self) -> bool:
        """Whether a part of a story is kept: always, until the story is made small."""
        kept = self._keep()
        self.tape.append(kept)
        return kept > 0

    @final
    def of(self, items: Sequence[ItemT]) -> ItemT:
        """Return one of the items."""
        return items[self.below(len(items))]

    @final
    def around(self, reach: int) -> int:
        """Return a number from `-reach` to `reach`; 0 is its simplest, then 1, -1, 2."""
        chosen = self.below(2 * reach + 1)
        return (chosen + 1) // 2 if chosen % 2 else -(chosen // 2)

    @abstractmethod
    def _choose(self, bound: int) -> int: ...

    def _deal(self, bound: int) -> int:
        return self._choose(bound)

    def _keep(self) -> int:
        return self._choose(2)


@final
class Drawn(Chooser):
    """Choices of a random number generator: a seeded one, or one that Hypothesis hands out.

    What is dealt is of the story's number, if it has one.
    """

    __slots__ = ("_number", "_random")

    def __init__(self, random: Random, number: int | None = None) -> None:
        super().__init__()
        self._random = random
        self._number = number

    @override
    def _choose(self, bound: int) -> int:
        return self._random.randrange(bound)

    @override
    def _deal(self, bound: int) -> int:
        return self._choose(bound) if self._number is None else self._number % bound

    @override
    def _keep(self) -> int:
        return 1


@final
class Replayed(Chooser):
    """Choices of a tape; 0 after its end, the largest for a number too large."""

    __slots__ = ("_left",)

    def __init__(self, tape: Sequence[int]) -> None:
        super().__init__()
        self._left = iter(tape)

    @override
    def _choose(self, bound: int) -> int:
        return min(next(self._left, 0), bound - 1)


@final
class FromBytes(Chooser):
    """Choices of a fuzzer's bytes, as many per number as its bound needs; 0 after their end."""

    __slots__ = ("_at", "_raw")

    def __init__(self, raw: bytes) -> None:
        super().__init__()
        self._raw = raw
        self._at = 0

    @override
    def _choose(self, bound: int) -> int:
        size_bytes = ((bound - 1).bit_length() + 7) // 8
        taken = self._raw[self._at : self._at + size_bytes]
        self._at += size_bytes
        return int.from_bytes(taken, "big") % bound


def seeded(seed: int | str, number: int | None = None) -> Drawn:
    """Return the choices of a plain seed: the same on every machine.

    `number` is the story's among those of one search; a seed that is a number is its own.
    """
    if isinstance(seed, int):
        number = seed
    return Drawn(Random(seed), number)  # noqa: S311  stories, not secrets
