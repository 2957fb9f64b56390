"""`meter-emu card serve` as a process of its own, listened to line by line."""

import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

BOUND_S = 20.0  # a process that starts on a busy machine; nothing here takes a second of it
ROOT = Path(__file__).parents[2]


class Serving:
    """A process that serves `file`. `command` is what starts it, such as an `nsenter`."""

    def __init__(
        self, file: Path, *options: str, command: Sequence[str] = (), stdin: int = subprocess.PIPE
    ) -> None:
        self.process = subprocess.Popen(
            [*command, sys.executable, "-m", "meter_emu", "card", "serve", str(file), *options],
            cwd=ROOT, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._lines: queue.Queue[str] = queue.Queue()
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait(BOUND_S)
        self._reading.join(BOUND_S)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def said(self) -> str:
        """Return the next line."""
        return self._lines.get(timeout=BOUND_S)

    def says(self, start: str) -> str:
        """Return the first line from here on that starts like this."""
        passed = []
        for _ in range(100):
            line = self.said()
            if line.startswith(start):
                return line
            passed.append(line)
        raise AssertionError(f"no {start!r} in {passed}")

    def do(self, command: str) -> None:
        """Type a command."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def end(self) -> int:
        """Close its input, wait for the end and return the exit status."""
        if self.process.stdin is not None:
            self.process.stdin.close()
            self.process.stdin = None
        return self.process.wait(BOUND_S)

    @property
    def complaint(self) -> str:
        """Return what it said on standard error, after it has ended."""
        assert self.process.stderr is not None
        return self.process.stderr.read()
