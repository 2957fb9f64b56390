"""Sits at a live meter in another process: lines through pipes, keys through a pseudo-terminal."""

import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from fcntl import ioctl
from functools import partial
from pathlib import Path
from typing import Self

from tests.bounds import HANG_S
from tests.docs.pages import ROOT
from tests.forked import Controlled, Forked

MODEL = "electricity-pcf8563-utc"
JUNE = ("--start", "2020-06-29 07:00")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]")


def command(*args: str | Path) -> list[str]:
    return [sys.executable, "-m", "meter_emu", *map(str, args)]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **more}


class Sitting:
    """A running `run`: what it has said so far, and what can be typed at it.

    `named`: others find it by its name in the table of processes. `controlled`: by its terminal,
    where Ctrl-C is a signal.
    """

    def __init__(
        self, *args: str | Path, cwd: Path, terminal: bool = False, columns: int = 80,
        named: bool = False, controlled: bool = False,
    ) -> None:  # fmt: skip
        self._said = b""
        if terminal:
            self.fd, inner = pty.openpty()
            ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            self.mode_before = termios.tcgetattr(inner)
            self.inner = inner
            out = inner
        else:
            out = subprocess.PIPE
        begun = subprocess.Popen if named else Controlled if controlled else Forked
        self.process: subprocess.Popen[bytes] = begun(
            command("run", *args), cwd=cwd, env=environment(TERM="xterm-256color"),
            stdin=out, stdout=out, stderr=out if terminal else subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        if not terminal:
            assert self.process.stdout is not None
            self.fd = self.process.stdout.fileno()

    def type(self, keys: str) -> None:
        if self.process.stdin is None:
            os.write(self.fd, keys.encode())
        else:
            self.process.stdin.write(keys.encode())
            self.process.stdin.flush()

    def wait_for(self, wanted: str | Callable[[str], bool]) -> str:
        """Read until something has been said; return all that has."""
        end = time.monotonic() + HANG_S
        while True:
            said = self.said
            if wanted(said) if callable(wanted) else wanted in said:
                return said
            assert time.monotonic() < end, said
            ready, _, _ = select.select([self.fd], [], [], 0.5)
            if ready:
                try:
                    data = os.read(self.fd, 65_536)
                except OSError:  # the other side of a terminal has ended
                    data = b""
                assert data, f"ended with {self.process.wait()}: {said}"
                self._said += data

    def wait_until_shown(self, wanted: str) -> None:
        """Ask with `show` until it is so."""
        end = time.monotonic() + HANG_S
        while wanted not in self.said.rpartition("display ")[2]:
            assert time.monotonic() < end, self.said
            shown = partial(_more_than, self.said.count("next"))
            self.type("show\n")
            self.wait_for(shown)

    def end(self) -> int:
        """Wait until it has ended; return the exit status."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        end = time.monotonic() + HANG_S
        while self.process.poll() is None:
            assert time.monotonic() < end, "it does not end"
            self._take(wait_s=0.05)
        while self._take(wait_s=0):  # its last words may have come after the last look
            pass
        return self.process.returncode

    def _take(self, *, wait_s: float) -> bool:
        """Read what there is, or comes within so long; return whether that was anything."""
        ready, _, _ = select.select([self.fd] if self.fd >= 0 else [], [], [], wait_s)
        data = b""
        if ready:
            with suppress(OSError):  # the other side of a terminal has ended
                data = os.read(self.fd, 65_536)
        self._said += data
        return bool(data)

    def hang_up(self) -> None:
        """Take the terminal away."""
        os.close(self.fd)
        self.fd = -1

    @property
    def said(self) -> str:
        """All that has been said, as a person reads it."""
        return ESCAPES.sub("", self._said.decode("utf-8", "replace"))

    @property
    def raw(self) -> bytes:
        """All that has been said, escape sequences and all."""
        return self._said

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        if self.process.stdin is None:
            os.close(self.inner)
            if self.fd >= 0:
                os.close(self.fd)


def _more_than(plans: int, said: str) -> bool:
    """Whether the plan has been said more often than so."""
    return said.count("next") > plans
