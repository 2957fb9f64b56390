"""The command line in a process of its own that is forked, not started: all is imported before.

A process that starts spends 0.3 s of processor time on imports, more than most sittings and served
cards take in all. One process a worker imports and then forks. What it forks is left by who forked
it, and this process takes it over, so that it is waited for like any child. Not as a person has it
are its name in /proc and its start: what is about those starts an interpreter.
"""

import atexit
import ctypes
import gc
import io
import json
import os
import random
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from fcntl import ioctl
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final, NoReturn, final

from tests.kills.warm import IMPORTED

ROOT: Final = Path(__file__).parents[1]
SERVED: Final = "meter_emu.cli.live.served"  # and what `run --web` imports besides
PROGRAM: Final = (sys.executable, "-m", "meter_emu")
_SET_CHILD_SUBREAPER: Final = 36  # linux/prctl.h
_MESSAGE_MAX: Final = 1 << 17  # ours: bytes of a command line and its environment
_EXIT_FLUSH: Final = 120  # what the interpreter ends with where it cannot flush


class Forked(subprocess.Popen[Any]):
    """A `Popen` of `python -m meter_emu`; all but how its process begins is that class's own."""

    controlled: ClassVar = False  # whether the terminal it is given controls its session
    closed: ClassVar[tuple[int, ...]] = ()  # which of its three streams are closed

    # Doubt: this routine is private to Python; tried on 3.11 and 3.13. A version that calls another
    # would start an interpreter for each command: slower, and the tests stay right.
    def _execute_child(
        self, args: Sequence[str], executable: object, preexec_fn: object, close_fds: object,
        pass_fds: object, cwd: Path | None, env: Mapping[str, str] | None, startupinfo: object,
        creationflags: object, shell: object, p2cread: int, p2cwrite: int, c2pread: int,
        c2pwrite: int, errread: int, errwrite: int, *more: Any,
    ) -> None:  # fmt: skip
        assert tuple(args[:3]) == PROGRAM
        ends = (p2cread, c2pwrite, errwrite)
        job = {
            "words": list(args[3:]),
            "folder": str(cwd or Path.cwd()),
            "environment": dict(os.environ if env is None else env),
            "session": more[-2],
            "controlled": self.controlled,
            "closed": self.closed,
        }
        self.pid = _forking().begin(
            job, [own if end == -1 else end for own, end in enumerate(ends)]
        )
        self._child_created = True
        close: Any = self._close_pipe_fds  # type: ignore[attr-defined]
        close(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)


def ran(*words: object, **how: Any) -> "subprocess.CompletedProcess[Any]":
    """Run a command line to its end, as `subprocess.run` with `capture_output` does."""
    limit_s = how.pop("timeout", None)
    command = [*PROGRAM, *map(str, words)]
    with Forked(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how) as process:
        try:
            out, err = process.communicate(timeout=limit_s)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


@contextmanager
def _adopting() -> Iterator[None]:
    """Be the parent of what is left by its own below this process, for a block."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    assert prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0, os.strerror(ctypes.get_errno())
    try:
        yield
    finally:
        prctl(_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@final
class Controlled(Forked):
    """One whose terminal controls it, as a shell's does: what is typed there can be a signal."""

    controlled: ClassVar = True


@final
class _Forking:
    """The process that imports and forks; it ends with this one."""

    def __init__(self) -> None:
        self._socket, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with there:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(there.fileno())],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                pass_fds=[there.fileno()], env={**os.environ, "PYTHONPATH": str(ROOT)},
            )  # fmt: skip

    def begin(self, job: Mapping[str, object], ends: Sequence[int]) -> int:
        """Return the number of a new child of this process."""
        with _adopting():
            socket.send_fds(self._socket, [json.dumps(job).encode()], ends)
            number = int(self._socket.recv(_MESSAGE_MAX) or b"0")
            assert number, "the process that forks has ended"
            assert self._socket.recv(_MESSAGE_MAX), "it has ended"
        return number

    def end(self) -> None:
        """Let it end."""
        self._socket.close()
        self._process.wait()


@cache
def _forking() -> _Forking:
    made = _Forking()
    atexit.register(made.end)
    return made


# In the process that forks ------------------------------------------------------------------------


def _serve(asked: socket.socket) -> None:
    for name in (*IMPORTED, SERVED):
        __import__(name)
    gc.freeze()
    while True:
        said, ends, _, _ = socket.recv_fds(asked, _MESSAGE_MAX, 3)
        if not said:
            return
        leaving = os.fork()
        if leaving == 0:
            child = os.fork()
            if child == 0:
                _be(json.loads(said), ends)
            asked.send(str(child).encode())
            os._exit(0)
        os.waitpid(leaving, 0)
        for end in ends:
            os.close(end)
        asked.send(b"left")


def _be(job: dict[str, Any], ends: Sequence[int]) -> NoReturn:
    """Be the command line, to the end of the process."""
    if job["session"]:
        os.setsid()
    for number, end in enumerate(ends):
        os.dup2(end, number)
    os.closerange(3, max(ends) + 64)
    if job["controlled"]:
        ioctl(0, termios.TIOCSCTTY, 0)
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environment"])
    time.tzset()
    random.seed()
    tempfile.tempdir = None
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # `nohup make test` ignores it
    found = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:1] = [str(Path.cwd()), *(one for one in found if one and one not in sys.path)]
    _open_streams(unbuffered=bool(os.environ.get("PYTHONUNBUFFERED")))
    for number in job["closed"]:
        os.close(number)
        name = ("stdin", "stdout", "stderr")[number]
        setattr(sys, name, None)
        setattr(sys, f"__{name}__", None)
    sys.argv = ["", *job["words"]]
    end_as(lambda: runpy.run_module("meter_emu", run_name="__main__", alter_sys=True))


def _open_streams(*, unbuffered: bool) -> None:
    """Have the three streams as the interpreter makes them, on the handles that were given."""
    stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), encoding="utf-8")
    sys.stdin = sys.__stdin__ = stdin  # type: ignore[misc]
    for number, name in ((1, "stdout"), (2, "stderr")):
        file = io.FileIO(number, "w", closefd=False)
        raw: Any = file if unbuffered else io.BufferedWriter(file)
        stream = io.TextIOWrapper(
            raw, encoding="utf-8", errors="strict" if number == 1 else "backslashreplace",
            line_buffering=number == 2 or os.isatty(number), write_through=unbuffered,
        )  # fmt: skip
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def end_as(does: Callable[[], object]) -> NoReturn:
    """Do that, and end this process with the status and last words of an interpreter."""
    status = 0
    try:
        does()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if not isinstance(end.code, int | None):
            sys.stderr.write(f"{end.code}\n")
    except BaseException:  # noqa: BLE001  as the interpreter shows it
        traceback.print_exc()
        status = 1
    shutdown: Any = threading._shutdown  # type: ignore[attr-defined]
    shutdown()
    atexit._run_exitfuncs()
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        status = _EXIT_FLUSH
    os._exit(status)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as served:
        _serve(served)
