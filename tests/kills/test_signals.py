"""SIGTERM before any line of what writes a file, from the one on with which the new file comes.

What the process has begun goes with it: the old file or the new one is there, and nothing else.
"""

import os
import signal
from itertools import count

import pytest

from tests.kills.command_lines import WRITES
from tests.kills.folders import course_of, files_in, folder_with
from tests.kills.test_kills import among
from tests.kills.warm import Job, Warm

EVERY = bool(os.environ.get("METER_EMU_KILLS"))
STEP = 1 if EVERY else 9  # in the suite every so many lines, and each of the first
FIRST = 24
LINES_MAX = 2_000
COMMANDS = ["card new", *(["list", "desk load", "image new --force"] if EVERY else [])]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_signal_at_any_line_leaves_no_half_of_a_file(command: str, warm: Warm) -> None:
    writes = WRITES[command]
    course = course_of(warm, writes)
    ended_by_it = 0
    for line in count():
        assert line < LINES_MAX
        if line > FIRST and line % STEP:
            continue
        with folder_with(course.before) as folder:
            (ended,) = warm.run(Job(list(writes.argv), str(folder), writes.typed, signal_at=line))
            left = files_in(folder)
            assert among(left, course.before, course.after), (line, ended, left.keys())
        if ended.status == writes.ends:
            break
        assert ended.status == 128 + signal.SIGTERM, (line, ended)
        ended_by_it += 1
    assert ended_by_it > FIRST
