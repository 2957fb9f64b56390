"""What the tests over PC/SC need, and the one line that installs it."""

import os
import shutil
from importlib.util import find_spec
from typing import Final, NoReturn

import pytest

from card_protocol.serve import pcscd

# Program or file -> the Debian package that has it.
PACKAGES: Final = {
    **pcscd.PACKAGES,
    "opensc-tool": "opensc",
    "pcsc_scan": "pcsc-tools",
    "scriptor": "pcsc-tools",
    "ykman": "yubikey-manager",
}
DAEMON: Final = tuple(pcscd.PACKAGES)


def absent(*wanted: str) -> str:
    """Return why the tests that want these cannot run, empty when they can."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    missing = {PACKAGES[one] for one in wanted if shutil.which(one, os.F_OK, path) is None}
    if missing:
        names = " ".join(sorted(missing))
        return f"not installed; as root: apt-get install {names}"
    return ""


def pyscard_absent() -> str:
    """Return why tests with a client of our own in Python cannot run, empty when they can."""
    if find_spec("smartcard"):
        return ""
    return "pyscard is not installed; make test installs it, after: apt-get install libpcsclite-dev"


def refuse(why: str) -> NoReturn:
    """Skip the test, or fail it where everything has to be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)
