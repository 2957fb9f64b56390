"""Hypothesis profiles by HYPOTHESIS_PROFILE: dev (fast), ci (same every run), night (long).

Our own plugin is named here, so that a checkout that is not installed has its fixtures as well.
"""

import gc
import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.cells import few

# The laws that tests share: pytest shows values only of the modules it rewrites.
pytest.register_assert_rewrite(
    *(f"tests.reliability.{name}" for name in ("cutting", "kinds", "stage", "tearing"))
)

pytest_plugins = [
    "pytester",
    "meter_emu.pytest_plugin",
    "tests.imported_once",
    "tests.leaks",
    "tests.left_over",
    "tests.loopback",
    "tests.reliability.tally",
    "tests.slow",
    "tests.seed",  # after what it imports
]

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

settings.register_profile(
    "dev", deadline=None, max_examples=few(60, short=30), suppress_health_check=_SLOW
)
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    max_examples=60,
    print_blob=True,
    suppress_health_check=_SLOW,
)
settings.register_profile(
    "night",
    deadline=None,
    max_examples=20_000,
    suppress_health_check=_SLOW,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Keep what is collected, to the end: else each full collection of garbage looks through it."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(autouse=True, scope="session")
def interruptible():
    """Undo what a script's background job starts with: SIGINT ignored, in what it starts too."""
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
