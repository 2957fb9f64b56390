"""SIGKILL at random moments of every verb that writes, alone and next to another on the same file.

`make test-kills` kills METER_EMU_KILLS times; the suite has a short form.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import click
import pytest

from meter_emu.cli.app import cli
from tests.kills.command_lines import OTHERWISE, SHORT, WRITES, Writes
from tests.kills.folders import Course, Files, course_of, done, files_in, folder_with, whole
from tests.kills.warm import Ended, Job, Warm

KILLS = int(os.environ.get("METER_EMU_KILLS", "0"))
CHOSEN = list(WRITES) if KILLS else SHORT
EACH = -(-KILLS // len(CHOSEN)) if KILLS else 2


def among(files: Files, *courses: Files) -> bool:
    """Whether each file is as one of these has it, and none is missing that all of them have."""
    names = set.intersection(*map(set, courses))
    return names <= files.keys() and all(
        any(other.get(name) == data for other in courses) for name, data in files.items()
    )


def killed_alone(warm: Warm, writes: Writes, course: Course, kill_us: int) -> Ended:
    """Kill it; nothing is lost of what was there or was said, and the next one finds it so."""
    with folder_with(course.before) as folder:
        (ended,) = warm.run(Job(list(writes.argv), str(folder), writes.typed, kill_us))
        left = files_in(folder)
        assert among(whole(left), course.before, course.after), (ended, left.keys())
        if not ended.killed:
            assert ended.status == writes.ends, ended
            assert left == course.after
        elif ended.out and writes.argv[0] in {"card", "desk", "image"}:
            for name in course.after.keys() - {"told.json"}:
                assert left[name] == course.after[name], "what it says that it has done is done"
        done(warm, writes, writes.again or writes.argv, folder)
        assert_next(writes, files_in(folder), course.next_, course.both)
    return ended


def killed_next_to_another(warm: Warm, writes: Writes, course: Course, kill_us: int) -> Ended:
    """Kill one of two on the same files; the other does its work whole."""
    with folder_with(course.before) as folder:
        words = list(writes.argv)
        ended, other = warm.run(
            Job(words, str(folder), writes.typed, kill_us), Job(words, str(folder), writes.typed)
        )
        refused = "there already" in other.err or "exists" in other.err
        assert other.status == writes.ends or (writes.again and refused), other
        assert_next(writes, whole(files_in(folder)), course.after, course.both)
        done(warm, writes, writes.again or writes.argv, folder)
        assert whole(files_in(folder)) == files_in(folder)
    return ended


def assert_next(writes: Writes, files: Files, *courses: Files) -> None:
    if writes.mixed:
        assert files.keys() == courses[0].keys()
    else:
        assert among(files, *courses), files.keys()


@pytest.mark.parametrize("verb", CHOSEN)
def test_a_verb_killed_at_any_moment_has_done_its_work_or_not(verb: str, warm: Warm) -> None:
    writes, chance = WRITES[verb], Random(verb)
    course = course_of(warm, writes)
    assert course.after != course.before, "it leaves something"
    ended = []
    for number in range(EACH):
        kill_us = chance.randrange(course.took_us)
        how = killed_next_to_another if number % 2 else killed_alone
        ended.append(how(warm, writes, course, kill_us))
    in_time = sum(one.killed for one in ended)
    print(f"{verb}: {len(ended)} kills, {in_time} before the end, nothing lost")  # noqa: T201
    assert in_time or EACH < 5, "the moments lie within the work"


def leaves(command: click.Command, name: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield all verbs of the program that have none under them."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for verb in command.list_commands(context):
            found = command.get_command(context, verb)
            assert found is not None
            yield from leaves(found, (*name, verb))
    else:
        yield " ".join(name)


@pytest.mark.slow("imports every command")
def test_every_verb_has_a_row_or_a_reason() -> None:
    verbs = set(leaves(cli))
    tried = {
        verb for verb in verbs for one in WRITES.values() if " ".join(one.argv).startswith(verb)
    }
    assert tried | OTHERWISE.keys() == verbs
    assert not tried & OTHERWISE.keys()


def test_what_is_lost_is_seen() -> None:
    """The check can fail."""
    before, after = {"a": b"1", "b": b"1"}, {"a": b"2", "b": b"1", "c": b"3"}
    assert among(before, before, after)
    assert among({**before, "c": b"3"}, before, after)
    assert not among({"a": b"1"}, before, after), "one is gone"
    assert not among({**before, "a": b""}, before, after), "half of one"
    assert not among({**before, "d": b"x"}, before, after), "one of nobody"
    assert whole({"a": b"", ".a.01234567.part": b""}) == {"a": b""}
    assert Path(__file__).name in files_in(Path(__file__).parent)
