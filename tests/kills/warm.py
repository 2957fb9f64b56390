"""The command line in processes of their own that have imported everything: forked, not started.

A process that starts spends most of its time on imports, so most moments at which it could be
killed are dull ones. Here one process imports and then forks for each command line, so a random
moment falls into the work. `python -m tests.kills.warm` is that process: a job a line on its
standard input, what became of it a line on its output. Where it is root it gives all capabilities
away first, or no folder would be read-only to it.
"""

import atexit
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, NoReturn, Self, final

from tests.bounds import HANG_S

ROOT: Final = Path(__file__).parents[2]
# Whatever a command may import, so that no child has to.
IMPORTED: Final = (
    "meter_emu.cli.app", "meter_emu.cli.card", "meter_emu.cli.desk", "meter_emu.cli.image",
    "meter_emu.cli.rehearsing", "meter_emu.cli.verifying", "meter_emu.cli.trace",
    "meter_emu.cli.run", "meter_emu.cli.serve", "meter_emu.cli.send", "meter_emu.cli.replayed",
    "meter_emu.cli.live.start", "meter_emu.desk.desk", "meter_emu.report.page",
    "card_protocol.card.virtual", "card_protocol.serve.vpcd", "card_protocol.pcapng", "zoneinfo",
)  # fmt: skip
# The files in which a new file comes, takes its name and goes.
WRITING: Final = ("meter_emu/cli/output.py", "meter_emu/cli/held.py", "contextlib.py")
FIRST: Final = "_locked_part"  # the function in which it comes


@final
@dataclass(frozen=True)
class Job:
    """A command line, where it runs, and what happens to it.

    It is killed after `kill_us`. Where it has the `signal_at`-th line to run of what writes files,
    counted from where the new file comes, it gets SIGTERM. It writes no file larger than
    `size_max`.
    """

    argv: list[str]
    folder: str
    typed: str = ""
    kill_us: int | None = None
    signal_at: int | None = None
    size_max: int | None = None


@final
@dataclass(frozen=True)
class Ended:
    """How a command line ended: its exit status, below 0 by a signal, and what it said."""

    status: int
    took_us: int
    out: str
    err: str

    @property
    def killed(self) -> bool:
        """Whether the kill came before its end."""
        return self.status == -signal.SIGKILL


@final
class Warm:
    """The process that forks, for a block; it can have several jobs at once."""

    def __init__(self) -> None:
        unprivileged = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
        before = unprivileged if os.geteuid() == 0 and shutil.which("setpriv") else []
        self._process = subprocess.Popen(
            [*before, sys.executable, "-m", "tests.kills.warm"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def run(self, *jobs: Job) -> list[Ended]:
        """Begin all of them at once and return how each ended."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        print(json.dumps([asdict(job) for job in jobs]), file=process.stdin, flush=True)
        return [Ended(**one) for one in json.loads(process.stdout.readline())]


# In the process that forks ------------------------------------------------------------------------


def _serve() -> None:
    for name in IMPORTED:
        __import__(name)
    for line in sys.stdin:
        begun = [_Child(Job(**one)) for one in json.loads(line)]
        sys.stdout.write(json.dumps([asdict(child.ended()) for child in begun]) + "\n")
        sys.stdout.flush()


class _Child:
    """A command line that has begun."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._began_ns = time.monotonic_ns()
        pipes = [os.pipe() for _ in range(3)]
        os.write(pipes[0][1], job.typed.encode())
        self._said = [reading for reading, _ in pipes[1:]]
        self._number = os.fork()
        if self._number == 0:
            for number, end in enumerate((pipes[0][0], pipes[1][1], pipes[2][1])):
                os.dup2(end, number)
            os.closerange(3, max(map(max, pipes)) + 1)
            _be(job)
        with suppress(OSError):  # the child does the same, and who is first does not matter
            os.setpgid(self._number, self._number)
        for end in (*pipes[0], pipes[1][1], pipes[2][1]):
            os.close(end)

    def ended(self) -> Ended:
        """Wait for the end, or for the moment to kill it, with all it has started."""
        kill_us = self._job.kill_us
        limit_ns = int(HANG_S * 1e9) if kill_us is None else kill_us * 1_000
        handle = os.pidfd_open(self._number)
        left_ns = max(0, self._began_ns + limit_ns - time.monotonic_ns())
        if not select.select([handle], [], [], left_ns / 1e9)[0]:
            os.killpg(self._number, signal.SIGKILL)
        _, raw = os.waitpid(self._number, 0)
        took_us = (time.monotonic_ns() - self._began_ns) // 1_000
        os.close(handle)
        return Ended(os.waitstatus_to_exitcode(raw), took_us, *map(_read_all, self._said))


def _read_all(handle: int) -> str:
    """Return what was said into a pipe that nobody holds open any more."""
    with os.fdopen(handle, encoding="utf-8", errors="replace") as said:
        return said.read()


def _be(job: Job) -> NoReturn:
    """Be the command line, to the end of the process."""
    with suppress(OSError):
        os.setpgid(0, 0)
    os.chdir(job.folder)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, mode, encoding="utf-8") for number, mode in ((0, "r"), (1, "w"), (2, "w"))
    )
    if job.size_max is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (job.size_max, job.size_max))
    from meter_emu.cli import app

    sys.argv = ["meter-emu", *job.argv]
    status = 70
    try:
        if job.signal_at is not None:
            sys.settrace(_signalling(job.signal_at))
        app.main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001  what escapes is what the test wants to know
        traceback.print_exc()
    finally:
        sys.settrace(None)
        atexit._run_exitfuncs()  # as the interpreter does at its end
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(status)


def _signalling(at: int) -> Any:
    """Return a trace function that sends SIGTERM before the line number `at` that counts."""
    left, begun = at, False

    def trace(frame: FrameType, event: str, _arg: object) -> Any:
        nonlocal begun
        if not frame.f_code.co_filename.endswith(WRITING):
            return None
        begun = begun or frame.f_code.co_name == FIRST
        return line

    def line(frame: FrameType, event: str, _arg: object) -> Any:
        nonlocal left
        if begun and event == "line":
            if left == 0:
                os.kill(os.getpid(), signal.SIGTERM)
            left -= 1
        return line

    return trace


if __name__ == "__main__":
    _serve()
