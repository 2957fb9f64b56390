"""What the inputs of a target have reached in this process, and how often each oracle held.

A target calls `note` with a mark of its own: a status word, an instruction, a row kind, a state, a
side of a check. `must` is an oracle; `moved` says whether what it compares had changed at all, so
that an oracle which only ever compared a thing with itself is seen. There is one `REACH` in a
process: a fuzzer calls a function of bytes, and nothing else could carry the counts.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, final


@final
class OracleError(AssertionError):
    """An input of which `what` does not hold, which must; `why` is what was seen."""

    def __init__(self, what: str, why: str = "") -> None:
        super().__init__(f"{what}: {why}" if why else what)
        self.what: Final = what


@final
class ReachCounts:
    """Counts: `met` by mark; by oracle `held`, where something had changed, and `idle`."""

    def __init__(self) -> None:
        self.met: Final[dict[str, int]] = {}
        self.held: Final[dict[str, int]] = {}
        self.idle: Final[dict[str, int]] = {}

    def clear(self) -> None:
        """Forget all counts."""
        for counts in (self.met, self.held, self.idle):
            counts.clear()

    def add(self, met: Mapping[str, int], held: Mapping[str, int], idle: Mapping[str, int]) -> None:
        """Take what another process counted."""
        for counts, more in ((self.met, met), (self.held, held), (self.idle, idle)):
            for what, times in more.items():
                counts[what] = counts.get(what, 0) + times

    def missing(self, declared: Sequence[str]) -> list[str]:
        """Return the declared marks that were not met, and the oracles that never saw a change."""
        vacuous = [
            f"{what} (never with something changed)" for what in self.idle if what not in self.held
        ]
        return [mark for mark in declared if mark not in self.met] + vacuous


REACH: Final = ReachCounts()
# A parser is tried 200,000 times a second, and these two are called for each: no more than needed.
# A `Counter` would take more than twice as long as a dictionary that nearly always has the key.
_MET: Final = REACH.met
_HELD: Final = REACH.held
_IDLE: Final = REACH.idle


# What a target did with an input, for people: lines, and the bytes behind them; `None` where nobody
# asks, as in a run.
_told: list[tuple[str, bytes]] | None = None


def tell(line: Callable[[], str], raw: bytes = b"") -> None:
    """Say what a target does, where somebody asks: a command and its answer, an event."""
    if _told is not None:
        _told.append((line(), raw))


@contextmanager
def overheard() -> Iterator[list[tuple[str, bytes]]]:
    """Have what targets do said, in a list that grows."""
    global _told  # noqa: PLW0603 - as with the counts, nothing else could carry it
    _told = []
    try:
        yield _told
    finally:
        _told = None


def note(mark: str) -> None:
    """Count that a mark was reached."""
    try:
        _MET[mark] += 1
    except KeyError:
        _MET[mark] = 1


def note_all(*marks: str) -> None:
    """Count that each mark was reached."""
    for mark in marks:
        note(mark)


def must_at(held: bool, what: str, mark: str) -> None:
    """Do what `note` and `must` do, in one call: for parsers tried 300,000 times a second."""
    if not held:
        raise OracleError(what)
    try:
        _HELD[what] += 1
    except KeyError:
        _HELD[what] = 1
    try:
        _MET[mark] += 1
    except KeyError:
        _MET[mark] = 1


def must(held: bool, what: str, why: str = "", moved: bool = True) -> None:
    """Raise `OracleError` unless `what` held; `why` is what was seen of this input."""
    if not held:
        raise OracleError(what, why)
    counts = _HELD if moved else _IDLE
    try:
        counts[what] += 1
    except KeyError:
        counts[what] = 1
