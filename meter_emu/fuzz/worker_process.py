"""The process of a worker, seen from outside: what it says, how it ends, the time it used."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from signal import SIGKILL, SIGUSR1
from threading import Lock, Timer
from typing import Final, NamedTuple, final

_LINE_MAX: Final = 10_000  # characters of one line of a worker
_LOOK_S: Final = 0.01


class WorkerEnd(NamedTuple):
    """How a worker ended: its status, negative for a signal, and the processor time it used."""

    status: int
    cpu_s: float


@final
class WorkerProcess:
    """One worker. `lines` is read by one thread to its end, then `wait`; any may end it."""

    def __init__(self, options: Sequence[str], known: Mapping[str, str]) -> None:
        path = os.pathsep.join(sys.path)
        self._process: Final = subprocess.Popen(  # noqa: S603 - our own worker
            [sys.executable, "-m", "meter_emu.fuzz.worker", *options],
            env={**os.environ, **known, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # the keyboard's interrupt is ours to pass on
        )
        self._lock: Final = Lock()
        self._over = False

    def lines(self) -> Iterator[str]:
        """Yield what it says until nobody is left to say more."""
        assert self._process.stderr is not None, "it was asked for"
        with self._process.stderr as said:
            while line := said.readline(_LINE_MAX):
                yield line.rstrip("\n")

    def ask_to_end(self, grace_s: float) -> None:
        """Have it end after the input it is at; kill it when it has not after `grace_s`."""
        self._send(SIGUSR1)
        killing = Timer(grace_s, self.kill)
        killing.daemon = True
        killing.start()

    def kill(self) -> None:
        """End it now."""
        self._send(SIGKILL)

    def wait(self) -> WorkerEnd:
        """Return how it ended, when it has."""
        while True:
            with self._lock:  # its number is its own until it was waited for, and no longer
                done, status, used = os.wait4(self._process.pid, os.WNOHANG)
                if done:
                    self._over = True
                    self._process.returncode = os.waitstatus_to_exitcode(status)
                    return WorkerEnd(self._process.returncode, used.ru_utime + used.ru_stime)
            time.sleep(_LOOK_S)

    def _send(self, number: int) -> None:
        with self._lock, suppress(ProcessLookupError):
            if not self._over:
                os.kill(self._process.pid, number)
