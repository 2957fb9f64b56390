"""What cannot be made whole leaves nothing: no handle, process, thread or handler of a signal.

Each is made with no more handles than there are, then with one more, with two, until it can be: the
system refuses the first that it asks for, then the second, and so on, and in what it starts too.
"""

import gc
import os
import resource
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from itertools import count, islice
from pathlib import Path
from typing import Final

import pytest

from card_protocol.errors import CardProtocolError
from card_protocol.link.pcsc_process import start_child
from card_protocol.serve.pcscd import PrivatePcscd, can_be_apart
from meter_emu.cli.live.shell import listening
from meter_emu.driver_bench.host import HostDriver
from meter_emu.errors import ConfigError, MeterEmuError
from meter_emu.fuzz.side_by_side import WorkerProcess
from meter_emu.ports import VERSION
from meter_emu.world.meter.host.process import Host
from tests.bounds import HANG_S
from tests.leaks import Held
from tests.pcsc.needs import DAEMON, absent, refuse

MORE_MAX: Final = 40  # ours: handles; none of these needs as many
# CPython before 3.11.4 leaves the handles of a process that it could not start (gh-87474).
OWNED: Final = sys.version_info >= (3, 11, 4)
BY_SUBPROCESS: Final = {"driver", "fuzzing worker", "namespace", "ports"}

# Programs as the benches start them: they say what they are, and go when nobody asks more.
METER: Final = f"""
import os, sys
os.write(int(sys.argv[2]), b"METER {VERSION} \\n")
os.read(int(sys.argv[2]), 1)
"""
DRIVER: Final = """
import sys
sys.stdin.readline()
print("driver HELLO", flush=True)
sys.stdin.readline()
"""


def handles() -> dict[int, str]:
    """Return what each open handle is."""
    found = {}
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  numbers
        with suppress(OSError):  # it was for listing them
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")  # noqa: PTH115  no file
    return found


@contextmanager
def no_more_handles_than(more: int) -> Iterator[None]:
    """Let this process open so many handles besides those that it has."""
    have = handles()
    limit = next(islice((number for number in count() if number not in have), more, None))
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def program(folder: Path, text: str) -> str:
    """Write a program in Python; where that lies may have a blank in its name, `#!` may not."""
    path, python = folder / "program", shlex.quote(sys.executable)
    path.with_suffix(".py").write_text(text)
    path.write_text(f'#!/bin/sh\nexec {python} -S {shlex.quote(f"{path}.py")} "$@"\n')
    path.chmod(0o755)
    return str(path)


@contextmanager
def driver(folder: Path) -> Iterator[None]:
    made = HostDriver(program(folder, DRIVER.replace("HELLO", "offset=unknown")))
    made.end()
    yield


@contextmanager
def worker(_folder: Path) -> Iterator[None]:
    made = WorkerProcess(["-runs=0"], {})
    made.kill()
    list(made.lines())
    made.wait()
    yield


@contextmanager
def reader(_folder: Path) -> Iterator[None]:
    channel, process = start_child()
    channel.close()
    process.wait(HANG_S)
    yield


@contextmanager
def service(folder: Path, *, apart: bool) -> Iterator[None]:
    if why := absent(*DAEMON):
        refuse(why)
    if apart and not can_be_apart():
        pytest.skip("no namespace can be made here")
    for old in folder.glob("none"):
        old.rmdir()
    with PrivatePcscd(folder, apart=apart):
        yield


MADE: Final[dict[str, Callable[[Path], AbstractContextManager[object]]]] = {
    "program": lambda folder: closing(Host(program(folder, METER))),
    "driver": driver,
    "fuzzing worker": worker,
    "reader": reader,
    "namespace": lambda folder: service(folder, apart=True),
    "ports": lambda folder: service(folder, apart=False),
    "signals": lambda _: listening(0),
}


@pytest.mark.slow("starts a process for each handle that it needs", short=2)
@pytest.mark.parametrize("what", MADE)
def test_what_cannot_be_made_whole_leaves_nothing(what: str, tmp_path: Path) -> None:
    if what in BY_SUBPROCESS and not OWNED:
        pytest.skip("CPython before 3.11.4 leaves handles itself")
    with suppress(ConfigError), MADE[what](tmp_path):  # what it imports is there from now on
        pass
    handlers, held = [signal.getsignal(number) for number in signal.Signals], Held.now()
    collects = gc.isenabled()
    gc.disable()  # what is closed by the collector is left behind until then
    try:
        for more in range(MORE_MAX):
            before = handles()
            refused = suppress(OSError, CardProtocolError, MeterEmuError)
            with refused, no_more_handles_than(more), MADE[what](tmp_path):
                break
            assert handles() == before, f"with {more} handles"
            assert Held.now() == held, f"with {more} handles"
    finally:
        if collects:
            gc.enable()
    assert more > 0, "without a handle nothing is made"
    assert handlers == [signal.getsignal(number) for number in signal.Signals]


@pytest.mark.parametrize(
    "said", ["routines=nonsense", "chip=nonsense", "nonsense", "routines=get years=nonsense"]
)
def test_a_driver_that_is_refused_has_ended(said: str, tmp_path: Path) -> None:
    held, before = Held.now(), handles()
    with pytest.raises(ConfigError):
        HostDriver(program(tmp_path, DRIVER.replace("HELLO", said)))
    assert (Held.now(), handles()) == (held, before)


@pytest.mark.parametrize("said", [f"METER {VERSION + 1} ", "METER ", "METER", "METER nonsense"])
def test_a_program_that_is_refused_has_ended(said: str, tmp_path: Path) -> None:
    held, before = Held.now(), handles()
    path = program(tmp_path, METER.replace(f"METER {VERSION} ", said))
    with pytest.raises(ConfigError, match=r"speaks version|says nothing|exits with"):
        Host(path)
    assert (Held.now(), handles()) == (held, before)


def test_a_wait_for_a_program_that_is_interrupted_ends_it(tmp_path: Path) -> None:
    """Ctrl-C while it says nothing: here it presses it itself."""
    text = f"import os, sys\nos.kill({os.getpid()}, {int(signal.SIGINT)})\n"
    path = program(tmp_path, text + "os.read(int(sys.argv[2]), 1)\n")
    held, before = Held.now(), handles()
    with pytest.raises(KeyboardInterrupt):
        Host(path)
    assert (Held.now(), handles()) == (held, before)


def test_a_program_whose_host_has_gone_is_a_verdict_and_leaves_nothing(tmp_path: Path) -> None:
    with closing(Host(program(tmp_path, METER))) as host:
        os.kill(host._process.pid, signal.SIGKILL)
        os.waitid(os.P_PID, host._process.pid, os.WEXITED | os.WNOWAIT)
        before = handles()
        with pytest.raises(MeterEmuError, match="ended from outside"):
            host.power_up()
        assert handles() == before
