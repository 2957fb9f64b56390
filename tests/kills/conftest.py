"""The process that forks, once for all tests here."""

from collections.abc import Iterator

import pytest

from tests.kills.warm import Warm


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    with Warm() as made:
        yield made
