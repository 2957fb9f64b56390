"""The repository is read and parsed before the first check, so it is no cost of that one."""

import gc

import pytest

from tests.tidy.repository import texts, trees, walked


@pytest.fixture(autouse=True, scope="session")
def read() -> None:
    """Read every file once for all checks; a worker without checks does not."""
    gc.disable()  # it would look at millions of nodes again and again, and they all stay
    texts()
    for tree in trees().values():
        walked(tree)
    gc.freeze()
    gc.enable()
