"""The only ways a command writes a result: a whole file or none, and one JSON shape."""

import atexit
import errno
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, TypeAlias

import click

from meter_emu.errors import OutputError
from meter_emu.languages.speech import said

if TYPE_CHECKING:
    from rich.console import Console

    from meter_emu.cli.printed.base import Printed

_BLANKS: Final = "\u00a0\u202f"  # at which no line breaks: French has them in numbers
STDOUT: Final = "-"
WIDTH_MAX: Final = 120  # ours: wider lines are hard to follow
WIDTH_MIN: Final = 72  # ours: below, a column of a table of bytes has no room for its words
_PART_ATTEMPTS: Final = 8  # ours: it takes a race to need a second

# What file systems answer that have no locks, or no hard links.
_NO_LOCKS: Final = frozenset({errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK})
_NO_LINKS: Final = frozenset({errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EMLINK})

# Off Unix nothing is locked, as on a file system without locks; docs/where-it-runs.md.
LOCKS: Final = find_spec("fcntl") is not None
# A link, or a pipe that waits for a writer, under the name of one of our files: of Unix alone.
_AT_ONCE: Final = getattr(os, "O_NONBLOCK", 0)
_AS_A_FILE: Final = getattr(os, "O_NOFOLLOW", 0) | _AT_ONCE

Write: TypeAlias = Callable[[bytes], object]


@contextmanager
def atomic_writer(path: str | Path, *, private: bool = False) -> Iterator[Write]:
    """Give a function whose bytes become the file `path` when the block ends, or never.

    See `replacing`. What the file system refuses is an `OutputError`, at once; errors of the block
    pass through.
    """
    with replacing(path, private=private) as file:

        def write(data: bytes) -> None:
            with naming(path):
                file.write(data)

        yield write


@contextmanager
def replacing(
    path: str | Path, *, private: bool = False, fresh: bool = False
) -> Iterator[BinaryIO]:
    """Give a file that becomes the file `path` when the block ends, or never.

    The bytes go to a new file next to the target, reach the disk, and only then take its name, so
    neither a full disk nor a power cut nor an error in the block leaves half a file. A symbolic
    link stays and its target is replaced; an existing file keeps its mode; a read-only file is
    refused although the folder would allow the swap; other hard links keep the old bytes. What is
    no regular file (a pipe, a terminal) cannot be swapped and is written as it stands. A new file
    that is `private`, because keys are in it, is readable by its owner only. A `fresh` one must not
    be there when it is to take its name.

    The new file is locked for as long as it is open: so those that killed programs left behind are
    distinguished from those that somebody is writing, and go with the next write.
    """
    target = _real(path)
    with ExitStack() as undo:
        with naming(path):
            file, part = _open(target, 0o600 if private else None, undo)
        yield file
        with naming(path):
            file.flush()
            if part is not None:
                os.fsync(file.fileno())
                if not LOCKS:
                    file.close()  # an open file cannot be given another name there
                if fresh:
                    _name_anew(part, target)
                else:
                    part.replace(target)
    # It has the name. From here on nothing may fail: a clerk would do it twice.
    note_done(f"wrote {path}")
    if part is not None:
        _sync_folder(target.parent)
        _clear_abandoned(target)


def _real(path: str | Path) -> Path:
    try:
        return Path(os.path.realpath(path))
    except ValueError as error:  # a zero byte
        raise OutputError(str(path), str(error)) from error


def _link(part: Path, target: Path) -> None:
    if not hasattr(os, "link"):  # Python in a browser
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    os.link(part, target)


def _name_anew(part: Path, target: Path) -> None:
    """Give a file the name of one that is not there; raise `FileExistsError` if it is.

    Where a file system or a browser has no hard links, two programs that do this in the same
    instant are not seen: the second one's file stays.
    """
    try:
        _link(part, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from error
        part.replace(target)


def write_atomically(path: str | Path, data: bytes, *, private: bool = False) -> None:
    """Make `path` hold exactly `data`, or leave it as it was and raise `OutputError`."""
    with atomic_writer(path, private=private) as write:
        write(data)


def made_folder(folder: str | Path) -> Path:
    """Return a folder, made if it is not there; raise `OutputError` where it cannot be."""
    with naming(folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)


def print_json(value: "Printed", where: str) -> None:
    """Write `value` as JSON in ASCII to the file `where`, or to standard output for `-`."""
    from msgspec import to_builtins

    data = json_escaped(json.dumps(to_builtins(value), indent=2).encode() + b"\n")
    if where == STDOUT:
        echo(data.decode(), nl=False)
    else:
        write_atomically(where, data)
        say_written(where)


def escaped(text: str) -> str:
    """Return text that steers no terminal and hides nothing, its characters as Python writes them.

    Control, bidirectional and tag characters, and bytes of a name that are no text. The blanks
    within a number are no such thing.
    """
    return "".join(
        char if char.isprintable() or char in _BLANKS else _escape(char) for char in text
    )


def _escape(char: str) -> str:
    return char if char in "\n\t" else char.encode("unicode_escape").decode("ascii")


def json_escaped(data: bytes) -> bytes:
    """Return JSON that steers no terminal either, its characters as JSON writes them: the same."""
    text = data.decode()
    if text.replace("\n", "").isprintable():
        return data
    return "".join(char if char.isprintable() else _in_json(char) for char in text).encode()


def _in_json(char: str) -> str:
    return char if char in "\n\t" else json.dumps(char)[1:-1].replace("\x7f", "\\u007f")


def echo(text: object, *, err: bool = False, nl: bool = True) -> None:
    """Print text, or an error, so that it steers no terminal: see `escaped`."""
    click.echo(escaped(str(text)), err=err, nl=nl)


def say_written(*paths: str | Path) -> None:
    """Say on standard error that files are there: standard output may be somebody's data."""
    for path in paths:
        echo(said("meter-emu: wrote {path}", path=str(path)), err=True)


def wide_console() -> "Console":
    """Return a console that is wide enough for a table: a narrower terminal breaks its lines."""
    from rich.console import Console

    return Console(highlight=False, width=max(WIDTH_MIN, Console().width))


def stdout_refused(error: OSError | None) -> OutputError:
    """Return what to say where standard output takes no more; without an error its reader left."""
    why = "its reader has gone" if error is None else (error.strerror or str(error)).lower()
    return OutputError("standard output", why)


_done: Final[list[str]] = []  # by this command line: it outlives an answer that is lost


def note_done(deed: str) -> None:
    """Note what this command line has done, which is said where its answer cannot be shown."""
    _done.append(deed)


def done_now() -> list[str]:
    """Return what this command line has done so far."""
    return list(dict.fromkeys(_done))


def forget_done() -> None:
    """Begin another command line."""
    _done.clear()


def _open(target: Path, new_mode: int | None, undo: ExitStack) -> tuple[BinaryIO, Path | None]:
    """Return what to write to, and the name it has next to the target, if it is a new file.

    What makes it go again is in `undo` before it is there: a signal may come between any two steps.
    """
    try:
        mode: int | None = target.stat().st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        return _closing(open_as_it_is(target), undo), None
    if mode is not None and not os.access(target, os.W_OK):
        raise PermissionError(f"{target} is read-only")
    file, part = _locked_part(target, undo)
    wanted = new_mode if mode is None else stat.S_IMODE(mode)
    if wanted is not None:
        os.chmod(file.fileno() if os.chmod in os.supports_fd else part, wanted)  # noqa: PTH101
    return file, part


def open_as_it_is(path: str | Path) -> BinaryIO:
    """Open what has this name, or a new file, to be written; nothing of it is kept back.

    Raises:
        OSError: It cannot be, or is a pipe that nobody reads: who waits for a reader may wait for
            ever.
    """
    how = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0) | _AT_ONCE
    try:
        handle = os.open(path, how, 0o666)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(errno.ENXIO, "nobody reads this pipe or socket") from error
        raise
    if _AT_ONCE:
        os.set_blocking(handle, True)
    return os.fdopen(handle, "wb", buffering=0)


def _locked_part(target: Path, undo: ExitStack) -> tuple[BinaryIO, Path]:
    """Return a new file next to the target, and its name."""
    for _ in range(_PART_ATTEMPTS):
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        _gone_with(part, undo)
        file = _closing(part.open("xb"), undo)
        if lock(file.fileno()) and os.fstat(file.fileno()).st_nlink:
            return file, part
        file.close()  # another program took it for an abandoned one before it was locked
    raise OSError(errno.EBUSY, f"others remove what is written for {target}")


def _gone_with(part: Path, undo: ExitStack) -> None:
    """Have a file go with `undo`, or with this process: a signal may come while `undo` works."""

    def remove() -> None:
        with suppress(OSError):  # the next write clears what stays
            part.unlink(missing_ok=True)
        atexit.unregister(remove)

    atexit.register(remove)
    undo.callback(remove)


def _closing(file: BinaryIO, undo: ExitStack) -> BinaryIO:
    """Return the file, which `undo` closes: what it holds is flushed by then, or given up."""

    def close() -> None:
        with suppress(OSError):
            file.close()

    undo.callback(close)
    return file


def lock(handle: int) -> bool:
    """Lock an open file for this process, which loses it with its end; return whether it is ours.

    The lock binds those who ask for it, and belongs to the file, not to its name. On a file system
    without locks it binds nobody: who changes a file meanwhile is seen by what is in it.
    """
    if not LOCKS:
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True


def _clear_abandoned(target: Path) -> None:
    """Remove what killed programs left of their writing to the target."""
    name = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{8}}\.part")
    with suppress(OSError):  # what cannot be looked at stays, and the write was done
        for part in [one for one in target.parent.iterdir() if name.fullmatch(one.name)]:
            handle = os.open(part, os.O_RDONLY | _AS_A_FILE)
            try:
                if lock(handle):
                    part.unlink()
            finally:
                os.close(handle)


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut, where the folder can be opened for that.

    The swap has happened, so failing here is no reason to say that nothing was written.
    """
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Turn what the file system refuses into our error, with the path as it was given."""
    try:
        yield
    except OSError as error:
        raise OutputError(str(path), (error.strerror or str(error)).lower()) from error
