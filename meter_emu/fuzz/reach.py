"""What the inputs of a target have reached in this process, and how often each oracle held.

A target calls `note` with a mark of its own: a status word, an instruction, a row kind, a state, a
side of a check. `must` is an oracle; `moved` says whether what it compares had changed at all, so
that an oracle which only ever compared a thing with itself is seen. There is one `REACH` in a
process: a fuzzer calls a function of bytes, and nothing else could carry the counts.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, final


@final
class OracleError(AssertionError):
    """An input of which `what` does not hold, which must; `why` is what was seen."""

    def __init__(self, what: str, why: str = "") -> None:
        super().__init__(f"{what}: {why}" if why else what)
        self.what: Final = what


@final
class Reach:
    """Counts: `met` by mark, `held` by oracle where something had changed, `asked` by oracle."""

    def __init__(self) -> None:
        self.met: Final[Counter[str]] = Counter()
        self.asked: Final[Counter[str]] = Counter()
        self.held: Final[Counter[str]] = Counter()

    def clear(self) -> None:
        """Forget all counts."""
        for counts in (self.met, self.asked, self.held):
            counts.clear()


REACH: Final = Reach()


def note(*marks: str) -> None:
    """Count that each mark was reached."""
    for mark in marks:
        REACH.met[mark] += 1


def must(held: bool, what: str, why: str = "", *, moved: bool = True) -> None:
    """Raise `OracleError` unless `what` held; `why` is what was seen of this input."""
    if not held:
        raise OracleError(what, why)
    REACH.asked[what] += 1
    if moved:
        REACH.held[what] += 1


def not_reached(
    declared: Sequence[str], met: "Counter[str]", asked: "Counter[str]", held: "Counter[str]"
) -> list[str]:
    """Return the declared marks that were not met, and the oracles that held of nothing changed."""
    vacuous = [f"{what} (never with something changed)" for what in asked if not held[what]]
    return [mark for mark in declared if not met[mark]] + vacuous
