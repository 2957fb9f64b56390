"""The fixtures: a private pcscd with two readers, for every test that asks for one."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from card_protocol.serve.pcscd import SOCKET_VARIABLE, PrivatePcscd
from tests.pcsc.needs import DAEMON, absent, refuse


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
def pcscd(_private: PrivatePcscd) -> Iterator[PrivatePcscd]:
    """A daemon that has just started, with no card in either reader.

    Each test has its own: it looks for cards twice a second, and misses one that is taken out and
    put back in between, so waiting until an old one is clean would take longer.
    """
    _private.start()
    yield _private
    _private.kill()
