"""What a program in C has started below its host, on Linux: how much it is, its work, its end.

Address space is no measure: a sanitizer reserves terabytes that it never touches. What is resident
counts, of all processes together.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, final

PROCESSES_MAX: Final = 16  # ours: a meter has one
MEMORY_MAX_MB: Final = 1_024  # ours: a meter's program has some kB, with a sanitizer some MB
LOOKS_APART_S: Final = 0.1  # ours: how often silence is looked at, and what it takes
_ROUNDS_MAX: Final = 100  # ours: of ending what starts others meanwhile
_MB: Final = 2**20
_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
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


@final
class Silence:
    """How long a process and all below it have been idle, and what they have used, by looks.

    What would work and has no turn is not idle: its own time is its bound, not that of a wall.
    """

    def __init__(self, pid: int) -> None:
        self._pid: Final = pid
        self._began_ticks: int | None = None
        self._ticks = 0
        self.silent_s = 0.0

    @property
    def used_s(self) -> float:
        """What they have used since the first look, in user and system mode."""
        return (self._ticks - (self._began_ticks or 0)) / _TICKS_A_SECOND

    def look(self) -> None:
        """Look again, some `LOOKS_APART_S` after the last time."""
        # Doubt: where there is no /proc, a program that waits for a processor counts as silent, and
        # on a machine too busy for it for 10 s is called hung.
        has_turn, ticks = _work(self._pid)
        if self._began_ticks is None:
            self._began_ticks = self._ticks = ticks
        idle = not has_turn and ticks == self._ticks
        self.silent_s, self._ticks = self.silent_s + LOOKS_APART_S if idle else 0.0, ticks


def _work(pid: int) -> tuple[bool, int]:
    """Return whether one has a processor or waits for it, and all ticks, also of the ended."""
    has_turn, ticks = False, 0
    for one in [pid, *below(pid)]:
        with suppress(OSError, IndexError):
            said = Path(f"/proc/{one}/stat").read_text("utf-8", "replace").rpartition(")")[2]
            state, *fields = said.split()
            has_turn |= state == "R"
            ticks += sum(map(int, fields[10:14]))
    return has_turn, ticks


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
