"""A run can be drawn again: its seed is its first line, and above its count at the end.

What the seed draws: the order of tests, the cases of slow families, random numbers, and Hypothesis
with any profile but `ci`, which draws the same each time.
"""

import os
from collections.abc import Iterator

import hypothesis.core
import pytest

from tests.slow import is_whole_suite


@pytest.hookimpl(trylast=True)  # after the plugin that draws the seed
def pytest_configure(config: pytest.Config) -> None:
    """Have Hypothesis draw by the seed of the run."""
    if (seed := _seed(config)) is not None:
        hypothesis.core.global_force_seed = seed  # type: ignore[assignment]


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Say it before anything can go wrong."""
    if (seed := _seed(session.config)) is not None:
        _say(session.config, f"seed {seed}, load {load()}")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> Iterator[None]:
    """Say it below the list of what failed, with what to do about that."""
    yield
    seed = _seed(config)
    if seed is None:
        return
    stats = terminalreporter.stats
    red = [one.nodeid for outcome in ("failed", "error") for one in stats.get(outcome, ())]
    for line in said(seed, red, again(config)):
        terminalreporter.write_line(line)


def said(seed: int, red: list[str], same: str) -> list[str]:
    """Return the lines at the end of a run."""
    lines = [f"the same draws again: {same} SEED={seed} (load now: {load()})"]
    if red:
        alone = f".venv/bin/python -m pytest -n 0 --randomly-seed={seed} '{red[0]}'"
        lines[:0] = [
            f"one alone, with its draws: {alone}",
            "green alone? Then load or order decides, a mistake of ours: please report these lines",
        ]
    return lines


def load() -> str:
    """Return how busy the machine is: about 5 is usual for the gate alone on two cores."""
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def again(config: pytest.Config) -> str:
    """Return the command of this run."""
    paths = "" if is_whole_suite(config) else f" TEST_PATH='{' '.join(config.args)}'"
    return f"make test{paths}"


def _seed(config: pytest.Config) -> int | None:
    """Return the seed; `None` where nothing is drawn."""
    seed = config.getoption("randomly_seed", None)
    return seed if isinstance(seed, int) else None


def _say(config: pytest.Config, line: str) -> None:
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None and not hasattr(config, "workerinput"):
        reporter.write_line(line)
