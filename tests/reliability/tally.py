"""How many failures and forgeries were tried, and how many the meter survived: counted and printed.

A pytest plugin, because with several workers only the reports reach the process that prints.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_TRIED = "tried"


class Tried:
    """The tries of one test; the test ends at the first that is not survived."""

    def __init__(self, counts: dict[str, int]) -> None:
        self._counts = counts

    @contextmanager
    def one(self, what: str, where: object) -> Iterator[None]:
        """Count one try; what is wrong in it says `where` it was."""
        self._counts[what] = self._counts.get(what, 0) + 1
        try:
            yield
        except Exception as error:
            error.add_note(f"{what}: {where}")
            raise


@pytest.fixture
def tried(request: pytest.FixtureRequest) -> Tried:
    """Counts what a test tries, for the summary at the end of the run."""
    counts: dict[str, int] = {}
    request.node.user_properties.append((_TRIED, counts))
    return Tried(counts)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was tried and what was survived, a line a kind."""
    sums: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            for name, counts in getattr(report, "user_properties", ()):
                if name == _TRIED and counts:
                    sums.update(counts)
                    lost[list(counts)[-1]] += outcome == "failed"
    if sums:
        terminalreporter.section("reliability")
        for what in sorted(sums):
            survived = sums[what] - lost[what]
            terminalreporter.write_line(f"{what}: {sums[what]:,} tried, {survived:,} survived")
