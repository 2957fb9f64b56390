"""A folder in which a command runs: what is in it before, after, and after the next one."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.kills.command_lines import Words, Writes
from tests.kills.warm import Ended, Job, Warm

Files = Mapping[str, bytes]

_PART = re.compile(r"(.*/)?(\.[^/]+\.[0-9a-f]{8}\.part|[^/]+\.checkpoint)")


class Course(NamedTuple):
    """The files before a command, after it, and after what is done next, before which it was done.

    `next_` is what the next one leaves where the command did nothing. `took_us` is how long it
    takes.
    """

    before: Files
    after: Files
    both: Files
    next_: Files
    took_us: int


def files_in(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder by name."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def whole(files: Files) -> Files:
    """Return the files that have their names, without what is half written, or gone on with."""
    return {name: data for name, data in files.items() if not _PART.fullmatch(name)}


@contextmanager
def folder_with(files: Files) -> Iterator[Path]:
    """Give a folder that holds these files."""
    with TemporaryDirectory(prefix="meter-emu-kills-") as name:
        folder = Path(name)
        for path, data in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        yield folder


def done(warm: Warm, writes: Writes, words: Words, folder: Path) -> Ended:
    """Run a command line of a command to its good end."""
    (ended,) = warm.run(Job(list(words), str(folder), writes.typed))
    assert ended.status == writes.ends, ended
    return ended


def before_of(warm: Warm, writes: Writes) -> Files:
    """Return what a command works on."""
    with folder_with(dict(writes.given)) as folder:
        for words in writes.before:
            (made,) = warm.run(Job(list(words), str(folder)))
            assert made.status == 0, made
        return files_in(folder)


def course_of(warm: Warm, writes: Writes) -> Course:
    """Run a command, and what is done next, with nothing in their way."""
    before = before_of(warm, writes)
    with folder_with(before) as folder:
        ended = done(warm, writes, writes.argv, folder)
        after = files_in(folder)
        done(warm, writes, writes.again or writes.argv, folder)
        both = files_in(folder)
    next_ = after
    if writes.again:
        with folder_with(before) as folder:
            done(warm, writes, writes.again, folder)
            next_ = files_in(folder)
    for files in (before, after, both, next_):
        assert files == whole(files), "nothing is left of a command that ends"
    return Course(before, after, both, next_, ended.took_us)
