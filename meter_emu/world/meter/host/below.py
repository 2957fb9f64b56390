"""What a program in C has started below its host, on Linux: how much it is, and its end.

Address space is no measure: a sanitizer reserves terabytes that it never touches. What is resident
counts, of all processes together.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

PROCESSES_MAX: Final = 16  # ours: a meter has one
MEMORY_MAX_MB: Final = 1_024  # ours: a meter's program has some kB, with a sanitizer some MB
_ROUNDS_MAX: Final = 100  # ours: of ending what starts others meanwhile
_MB: Final = 2**20
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4_096


def below(pid: int) -> list[int]:
    """Return the processes below one; none where the system does not say."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = list(_children(waiting.pop()))
        waiting += children
        found += children
    return found


def _children(pid: int) -> Iterator[int]:
    """Yield the children of all its threads; any of them may end at any moment."""
    tasks = Path(f"/proc/{pid}/task")
    with suppress(OSError):
        for task in tasks.iterdir():
            with suppress(OSError):
                yield from map(int, (task / "children").read_text("ascii").split())


def excess(pid: int) -> str | None:
    """Return what a program takes that no meter needs, if it does."""
    there = below(pid)
    if len(there) > PROCESSES_MAX:
        return f"it starts more than {PROCESSES_MAX} processes"
    if sum(map(_resident_bytes, there)) > MEMORY_MAX_MB * _MB:
        return f"it takes more than {MEMORY_MAX_MB} MB of memory"
    return None


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0


def end_below(pid: int) -> None:
    """End the processes below one, also those that others start meanwhile."""
    for _ in range(_ROUNDS_MAX):
        there = [one for one in below(pid) if not _has_ended(one)]
        if not there:
            return
        for one in there:
            with suppress(OSError):
                os.kill(one, signal.SIGKILL)


def _has_ended(pid: int) -> bool:
    """Whether it is there in name only, until its parent takes note."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2][1] == "Z"
    except (OSError, IndexError):
        return True
