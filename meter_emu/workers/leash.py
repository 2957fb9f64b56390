"""Ends a worker when its leader is gone, however that went: with -9 too, and at once."""

import os
from signal import SIGKILL
from threading import Thread


def end_with(handle: int) -> None:
    """Have this process end when the pipe behind `handle` closes, whatever it is at.

    The other end is the leader's alone, so the system closes it when the leader is gone. One call
    into C that never gives the interpreter back holds up the end.
    """
    Thread(target=_wait, args=(handle,), name="leash", daemon=True).start()


def _wait(handle: int) -> None:
    while os.read(handle, 64):
        pass  # nobody writes: it is the end of the pipe that says something
    os.kill(os.getpid(), SIGKILL)  # nothing that a worker holds can break
