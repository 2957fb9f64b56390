"""What somebody else's program said, and how it ended, as a line that steers no terminal."""

import signal
from typing import Final

_TEXT_MAX: Final = 200  # ours: a program's own message is cut off here


def printable(text: str) -> str:
    """Return a message as one line, cut to length."""
    line = one_line(text)
    return line if len(line) <= _TEXT_MAX else f"{line[:_TEXT_MAX]}…"


def one_line(text: str) -> str:
    """Return text as one line, with what a terminal would obey, or a person not see, escaped."""
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    return " " if char.isspace() else char.encode("unicode_escape").decode("ascii")


def signal_name(number: int) -> str:
    """Return `SIGSEGV`, or `signal 37` for one without a name: Linux has thirty."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
