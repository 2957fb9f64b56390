"""How a shell waits: for input, for the wall, for a signal, whichever comes first.

A signal never stops anything half-way: it is noted, ends the waiting, and the sitting ends in
order, with card and meter saved. Only a second Ctrl-C gives up without.
"""

import os
import select
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, Protocol, final

NS_A_S: Final = 1_000_000_000
_READ_BYTES: Final = 65_536


class Source(Protocol):
    """Where the bytes of commands come from: a file descriptor, or the page of a worker."""

    caught: int | None
    ended: bool

    def read(self, wait_ns: int | None) -> bytes:
        """Return what has come within so many ns, `None` being for ever; empty when nothing has."""
        ...


@final
class Input:
    """A file descriptor to read from, and the signals that end a sitting."""

    def __init__(self, fd: int, wake_fd: int) -> None:
        self.fd = fd
        self._wake_fd = wake_fd
        self.caught: int | None = None  # the number of the signal that came first
        self.ended = False  # whether the input has come to its end

    def note(self, number: int, _frame: FrameType | None) -> None:
        """Record a signal; the second Ctrl-C is meant."""
        if self.caught is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.caught = self.caught or number

    def read(self, wait_ns: int | None) -> bytes:
        """Return what has come within so many ns, `None` being for ever; empty when nothing has."""
        waited_s = None if wait_ns is None else wait_ns / NS_A_S
        if self.caught is not None:
            return b""
        readers = [self._wake_fd] if self.ended else [self.fd, self._wake_fd]
        ready, _, _ = select.select(readers, [], [], waited_s)
        if self._wake_fd in ready:
            os.read(self._wake_fd, _READ_BYTES)
        if self.fd not in ready:
            return b""
        try:
            data = os.read(self.fd, _READ_BYTES)
        except OSError:  # a terminal that has gone away says so like this
            data = b""
        self.ended = not data
        return data


@contextmanager
def listening(fd: int) -> Iterator[Input]:
    """Give the input on `fd`, with Ctrl-C, SIGTERM and SIGHUP noted instead of obeyed."""
    near, far = socket.socketpair()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    with near, far:
        near.setblocking(False)
        far.setblocking(False)
        source = Input(fd, near.fileno())
        before = {number: signal.signal(number, source.note) for number in numbers}
        woken = signal.set_wakeup_fd(far.fileno(), warn_on_full_buffer=False)
        try:
            yield source
        finally:
            signal.set_wakeup_fd(woken)
            for number, handler in before.items():
                signal.signal(number, handler)
