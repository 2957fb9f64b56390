"""What somebody else's program said, and how it ended, as a line that steers no terminal."""

import signal
from typing import Final

from card_protocol.one_line import one_line

_TEXT_MAX: Final = 200  # ours: a program's own message is cut off here


def printable(text: str) -> str:
    """Return a message as one line, cut to length."""
    line = one_line(text)
    return line if len(line) <= _TEXT_MAX else f"{line[:_TEXT_MAX]}…"


def signal_name(number: int) -> str:
    """Return `SIGSEGV`, or `signal 37` for one without a name: Linux has thirty."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
