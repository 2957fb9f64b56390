"""The fixtures: a private pcscd with two readers, for every test that asks for one."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.pcsc.needs import DAEMON, absent, refuse
from tests.pcsc.private import SOCKET_VARIABLE, PrivatePcscd


@pytest.fixture(scope="session")
def _private() -> Iterator[PrivatePcscd]:
    if why := absent(*DAEMON):
        refuse(why)
    with (
        TemporaryDirectory(prefix="pcsc-") as folder,
        PrivatePcscd(Path(folder)) as private,
        pytest.MonkeyPatch.context() as patch,
    ):
        # Here and not a test at a time: a client in this process reads it once and for all.
        patch.setenv(SOCKET_VARIABLE, str(private.socket_path))
        yield private


@pytest.fixture
def pcscd(_private: PrivatePcscd) -> PrivatePcscd:
    """A daemon that runs, with no card in either reader."""
    if not _private.running:
        _private.kill()
        _private.start()
    _private.wait_empty()
    return _private
