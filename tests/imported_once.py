"""The workers of a run are forked from one process that has collected: each finds all imported.

Without this each worker begins with importing the suite. xdist is told by the interpreter that it
starts for a worker, as with `--tx popen//python=`: `hand_over.py`, which is small, and hands its
streams to the process that forks. Where that one cannot collect, as with a file that has a mistake,
workers are started as ever, and say why.
"""

import gc
import json
import os
import random
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import ModuleType
from typing import Any, Final, final

import pytest

from tests.forked import ROOT, end_as
from tests.shared import FOLDER

_READY: Final = b"ready"
_ALONE: Final = ("-n", "0", "--collect-only", "-q", "-q")
_COLLECTED: Final = {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
_MESSAGE_MAX: Final = 1 << 17  # ours: bytes of a folder and an environment
_ENDS_S: Final = 20.0  # ours: for a worker that was told to end; execnet gives it 15


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: list[Any]) -> None:
    """Begin the process that collects, and have each worker forked by it."""
    if len(specs) < 2 or config.pluginmanager.hasplugin("pytest_cov"):
        return  # nothing to share; coverage counts what an import runs
    address = Path(os.environ[FOLDER]) / "workers"
    words = [*map(str, config.invocation_params.args), *_ALONE]
    if (seed := config.getoption("randomly_seed", None)) is not None:
        words.append(f"--randomly-seed={seed}")
    here, there = socket.socketpair()
    with there:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(there.fileno()), str(address), *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[there.fileno()],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])},
            cwd=config.invocation_params.dir,
        )  # fmt: skip

    def end() -> None:
        here.close()
        process.wait()

    config.add_cleanup(end)
    if here.recv(len(_READY)) == _READY:
        door = Path(__file__).with_name("hand_over.py")
        python = shlex.join([sys.executable, "-I", "-S", str(door), str(address)])
        for spec in specs:
            spec.python = python


# In the process that forks ------------------------------------------------------------------------


@final
class _Refused:
    """Files that refused to be imported, as those that skip themselves: half a module is left."""

    def __init__(self) -> None:
        self._files: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Any:
        """Note who did not come to its end."""
        report = yield
        if report.outcome != "passed":
            self._files.add(str(collector.path))
        return report

    def forget(self) -> None:
        """Have each imported again by the worker that asks for it."""
        for name, module in list(sys.modules.items()):
            if getattr(module, "__file__", None) in self._files:
                del sys.modules[name]


def _collect_and_fork(told: socket.socket, address: str, words: list[str]) -> None:
    refused = _Refused()
    if pytest.main(words, [refused]) not in _COLLECTED:
        return
    refused.forget()
    assert threading.active_count() == 1, "who forks has one thread"
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # in a terminal it goes to the workers as well
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asked:
        asked.bind(address)
        asked.listen()
        told.send(_READY)
        workers = []
        while told not in select.select([asked, told], [], [])[0]:
            door, _ = asked.accept()
            with door:
                about, streams, _, _ = socket.recv_fds(door, _MESSAGE_MAX, 3)
            workers.append(os.fork())
            if workers[-1] == 0:
                for end in (asked, told):
                    end.close()
                _be_worker(json.loads(about), streams)
            for stream in streams:
                os.close(stream)
    for worker in workers:
        _wait_for(worker)


def _wait_for(worker: int) -> None:
    handle = os.pidfd_open(worker)
    if not select.select([handle], [], [], _ENDS_S)[0]:
        os.kill(worker, signal.SIGKILL)
    os.close(handle)
    os.waitpid(worker, 0)


def _be_worker(about: dict[str, Any], streams: list[int]) -> None:
    """Be what `python -c` is with execnet's line: its main module has no file to run again."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(about["folder"])
    os.environ.clear()
    os.environ.update(about["environment"])
    time.tzset()
    random.seed()
    tempfile.tempdir = None
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["-c"]
    sys.modules["__main__"] = main = ModuleType("__main__")
    end_as(lambda: exec(eval(sys.stdin.readline()), main.__dict__))


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as controller:
        _collect_and_fork(controller, sys.argv[2], sys.argv[3:])
