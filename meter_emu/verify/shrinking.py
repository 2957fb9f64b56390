"""Makes a story that breaks a law small, on the tape it was drawn from.

0 is the simplest choice everywhere, so stretches of the tape become 0 first, then single numbers
become smaller. Every tape is a valid story: it holds only the choices.
"""

# Theory
# ======
#
# A story is drawn by asking a chooser for numbers below a bound. The numbers, in order, are its
# tape, and the same tape draws the same story. So nothing here knows what a household is: it makes
# a list of numbers small and asks whether the law is still broken. What comes out can be drawn,
# therefore it is valid: no visit before the card exists, no date without a calendar. A shrinker of
# campaign files would need to know all of that and would make stories that nobody could have drawn.
#
# Smaller means: fewer numbers that are not 0, and of equal ones the smaller sum. Fewer first, since
# each non-zero number is one thing that a reader must take in; a large number among zeros reads as
# easily as a small one. The length of the tape does not count. A story that chooses less leaves a
# shorter tape anyway, and a tape that runs out goes on with zeros.
#
# A number means what the numbers before it make it mean: set the first to 0 and the rest may draw
# another story altogether. That is why `breaks` gives back the tape *as it was used*, and why a try
# counts only if that one is smaller; otherwise two tapes could lead to each other for ever.
#
# Termination: every step makes the size smaller, and a size cannot fall for ever. `tried` keeps a
# tape from being paid for twice, as each try is a whole rehearsal, and `RUNS_MAX` ends it where
# rehearsals are slow.
#
# Hypothesis' shrinker
# --------------------
#
# It is larger, deletes choices, sorts and copies them, and ends where no pass makes progress. Ours
# has two moves, zero and halve, because a story is some thirty numbers and each try is a rehearsal.
# It begins again with the boldest move after each success and does not go on where it stood. That
# costs tries in a long list; but in the lists we have, one success mostly makes a bold move
# possible that was not before. Not measured for tapes over a few hundred numbers.

from collections.abc import Callable, Sequence
from typing import Final

RUNS_MAX: Final = 120  # ours: seconds, mostly; what is left then is small enough to read

Tape = tuple[int, ...]


def shrunk(tape: Sequence[int], breaks: Callable[[Tape], Tape | None]) -> tuple[Tape, int]:
    """Return a smaller tape that still breaks the law, and the number of tries.

    `breaks` returns the tape as used, or `None` if the law holds on it.
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
            # The law may break here in another way than at first. The smaller story is reported
            # with its own words; the first way comes back with another seed, or not at all.
            if used is not None and _size(used) < _size(best):
                best, progress = used, True
                tried.add(best)
                break
    return best, len(tried) - 1


def _size(tape: Tape) -> tuple[int, int]:
    return sum(number > 0 for number in tape), sum(tape)


def _smaller(tape: Tape) -> "list[Tape]":
    """Return simpler tapes, the boldest first."""
    found: list[Tape] = []
    # Sixteen is about half a story: the boldest tries ask whether it needs its people, or its
    # outages, at all. Stretches do not overlap, or there would be as many long ones as there are
    # numbers.
    long = 16
    while long:
        for at in range(0, len(tape), long):
            if any(tape[at : at + long]):
                zeros = (0,) * len(tape[at : at + long])
                found.append(tape[:at] + zeros + tape[at + long :])
        long //= 2
    # Half, then one less: few steps to the neighbourhood, then a walk. No more is spent on a
    # number: in a list of weighted names the next smaller one often means the same.
    for at, number in enumerate(tape):
        if number > 1:
            found += [(*tape[:at], less, *tape[at + 1 :]) for less in (number // 2, number - 1)]
    return found
