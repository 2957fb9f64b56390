"""`meter-emu card serve` or `relay` as a process of its own, line by line, and its reader."""

import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bounds import HANG_S
from tests.forked import Forked

STUCK_S = 0.2  # who takes nothing for so long has stopped reading
ROOT = Path(__file__).parents[2]
GET_ATR, POWER_ON = b"\4", b"\1"


class Serving:
    """A process that serves a file. `command` is what starts it, such as an `nsenter`.

    `named`: others find it by its name in the table of processes.
    """

    def __init__(
        self,
        *words: object,
        verb: str = "serve",
        command: Sequence[str] = (),
        stdin: int = subprocess.PIPE,
        named: bool = False,
    ) -> None:
        program = (*command, sys.executable, "-m", "meter_emu", "card", verb)
        begun = subprocess.Popen if command or named else Forked
        self.process: subprocess.Popen[str] = begun(
            [*program, *map(str, words)],
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
        self.process.wait(HANG_S)
        self._reading.join(HANG_S)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def said(self) -> str:
        """Return the next line."""
        return self._lines.get(timeout=HANG_S)

    def says(self, start: str) -> str:
        """Return the first line from here on that starts like this."""
        passed = []
        for _ in range(100):
            line = self.said()
            if line.startswith(start):
                return line
            passed.append(line)
        raise AssertionError(f"no {start!r} in {passed}")

    def rest(self) -> str:
        """Return what it said besides, after it has ended."""
        self._reading.join(HANG_S)
        return "\n".join(self._lines.get() for _ in range(self._lines.qsize()))

    def do(self, command: str) -> None:
        """Type a command."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()

    def ended(self, by: signal.Signals) -> int:
        """Signal it, wait for the end and return the exit status; its input stays open."""
        self.process.send_signal(by)
        return self.process.wait(HANG_S)

    def end(self) -> int:
        """Close its input, wait for the end and return the exit status."""
        if self.process.stdin is not None:
            self.process.stdin.close()
            self.process.stdin = None
        return self.process.wait(HANG_S)

    @property
    def complaint(self) -> str:
        """Return what it said on standard error, after it has ended."""
        assert self.process.stderr is not None
        return self.process.stderr.read()


class Driver:
    """What the virtual reader does at one slot: listen, take a card, ask it things."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(HANG_S)
        self.port = self._server.getsockname()[1]
        self._card: socket.socket | None = None

    def take(self) -> bytes:
        """Accept a card and greet it; return its ATR."""
        if self._card is not None:
            self._card.close()
        self._card, _ = self._server.accept()
        self._card.settimeout(HANG_S)
        return self.ask(GET_ATR)

    def ask(self, message: bytes) -> bytes:
        self.send(message)
        assert self._card is not None
        size = int.from_bytes(self._card.recv(2, socket.MSG_WAITALL), "big")
        return self._card.recv(size, socket.MSG_WAITALL)

    def send(self, message: bytes) -> None:
        assert self._card is not None
        self._card.sendall(len(message).to_bytes(2, "big") + message)

    def blurt(self, raw: bytes) -> None:
        """Send bytes without a length, as far as the card takes them, and break off."""
        assert self._card is not None
        self._card.settimeout(STUCK_S)
        with suppress(TimeoutError, ConnectionError):
            self._card.sendall(raw)
        self._card.close()

    def ask_until_stuck(self, message: bytes) -> None:
        """Ask and take no answer, until the card takes no more questions."""
        assert self._card is not None
        framed = len(message).to_bytes(2, "big") + message
        self._card.settimeout(STUCK_S)
        with suppress(TimeoutError):
            for _ in range(100_000):
                self._card.sendall(100 * framed)
        self._card.settimeout(HANG_S)

    def gone(self) -> bool:
        """Wait for the card to leave."""
        assert self._card is not None
        try:
            return self._card.recv(1) == b""
        except ConnectionResetError:  # it left with something of ours unread
            return True

    def stop(self) -> None:
        """Listen no more."""
        if self._card is not None:
            self._card.close()
        self._server.close()

    def again(self) -> None:
        """Listen again on the same port."""
        self._server = socket.create_server(("127.0.0.1", self.port))
        self._server.settimeout(HANG_S)
