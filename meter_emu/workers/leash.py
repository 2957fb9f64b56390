"""Ends a worker when its leader is gone, with -9 too, at once; no keyboard interrupts one.

While a worker starts, what ends its leader waits: a worker that has half of what it is sent would
end with a traceback of its own.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Final

# Where they cannot be, an interrupt of the leader would end its workers before it decides.
INTERRUPTS_CAN_WAIT: Final = hasattr(signal, "pthread_sigmask")
_AT_ONCE: Final = getattr(
    signal, "SIGKILL", signal.SIGTERM
)  # off Unix this cannot be caught either

# What ends a leader that is told to; what nohup started ignores a hangup, and goes on to do so.
ENDS: Final = {getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)}


def end_with(handle: int) -> None:
    """Have this process end when the pipe behind `handle` closes, whatever it is at.

    The other end is the leader's alone, so the system closes it when the leader is gone. One call
    into C that never gives the interpreter back holds up the end. A signal ends it too, from now.
    """
    if INTERRUPTS_CAN_WAIT:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
    Thread(target=_wait, args=(handle,), name="leash", daemon=True).start()


def _wait(handle: int) -> None:
    while os.read(handle, 64):
        pass  # nobody writes: it is the end of the pipe that says something
    os.kill(os.getpid(), _AT_ONCE)  # nothing that a worker holds can break


@contextmanager
def interrupts_wait(*ends: int) -> Iterator[None]:
    """Block the keyboard's interrupt, and `ends`, here and in what is started meanwhile."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, *ends})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
