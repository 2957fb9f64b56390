"""Tests that go over the loopback are skipped where it is down, and say so: `pytest.mark.loopback`.

A container without a network has it down; so has `unshare --net`. Where everything has to be there
(CI=true) they fail at once, in the same words.
"""

import errno
import os
import socket
from functools import cache

import pytest

WHY = "127.0.0.1 is down: ip link set lo up, as root"


@cache
def loopback_is_up() -> bool:
    """Whether 127.0.0.1 can be reached: nobody listens there, and that is an answer."""
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", 9)) != errno.ENETUNREACH


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "loopback: goes over 127.0.0.1")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or refuse, before any fixture is made."""
    if item.get_closest_marker("loopback") and not loopback_is_up():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(WHY)
