"""Makes a story that breaks a law small, on the tape it was drawn from.

0 is the simplest choice everywhere, so stretches of the tape become 0 first, then single numbers
become smaller. Whatever comes out is a story: the tape says only what was chosen.
"""

from collections.abc import Callable, Sequence
from typing import Final

RUNS_MAX: Final = 120  # ours: seconds, mostly; what is left then is small enough to read

Tape = tuple[int, ...]


def shrunk(tape: Sequence[int], breaks: Callable[[Tape], Tape | None]) -> tuple[Tape, int]:
    """Return a smaller tape that breaks the law still, and how often it was tried.

    `breaks` returns the tape as it was used, or `None` if the law holds on it.
    """
    tried: set[Tape] = {tuple(tape)}
    best = tuple(tape)
    progress = True
    while progress:
        progress = False
        for smaller in _smaller(best):
            if len(tried) > RUNS_MAX:
                return best, len(tried) - 1
            if smaller in tried:
                continue
            tried.add(smaller)
            used = breaks(smaller)
            if used is not None and _size(used) < _size(best):
                best, progress = used, True
                tried.add(best)
                break
    return best, len(tried) - 1


def _size(tape: Tape) -> tuple[int, int]:
    return sum(number > 0 for number in tape), sum(tape)


def _smaller(tape: Tape) -> "list[Tape]":
    """Return tapes that are simpler, the boldest first."""
    found: list[Tape] = []
    long = 16
    while long:
        for at in range(0, len(tape), long):
            if any(tape[at : at + long]):
                zeros = (0,) * len(tape[at : at + long])
                found.append(tape[:at] + zeros + tape[at + long :])
        long //= 2
    for at, number in enumerate(tape):
        if number > 1:
            found += [(*tape[:at], less, *tape[at + 1 :]) for less in (number // 2, number - 1)]
    return found
