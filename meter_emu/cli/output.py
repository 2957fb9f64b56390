"""The only ways a verb leaves something behind: a whole file or nothing, and one JSON shape."""

import json
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeAlias

import click

from meter_emu.errors import OutputError

if TYPE_CHECKING:
    from rich.console import Console

STDOUT: Final = "-"
WIDTH_MIN: Final = 72  # ours: below, a column of a table has no room for its words

Write: TypeAlias = Callable[[bytes], object]


@contextmanager
def atomic_writer(path: str | Path, *, private: bool = False) -> Iterator[Write]:
    """Give a function whose bytes become the file `path` when the block ends, or never.

    The bytes go to a new file beside the target, reach the disk, and only then take its name, so
    neither a full disk nor a power cut nor an error in the block leaves half a file. A symbolic
    link stays and its target is replaced; an existing file keeps its mode; a read-only file is
    refused although the folder would allow the swap; other hard links keep the old bytes. What is
    no regular file (a pipe, a terminal) cannot be swapped and is written as it stands. A new file
    that is `private`, because keys are in it, is readable by its owner only.

    What the file system refuses is an `OutputError`, at once; errors of the block pass through.
    """
    target = Path(os.path.realpath(path))
    with _named(path):
        file, beside = _open(target, 0o600 if private else None)

    def write(data: bytes) -> None:
        with _named(path):
            file.write(data)

    try:
        yield write
        with _named(path):
            file.flush()
            if beside is not None:
                os.fsync(file.fileno())
                beside.replace(target)
    except BaseException:
        if beside is not None:
            with suppress(FileNotFoundError):
                beside.unlink()
        raise
    finally:
        with suppress(OSError):  # what was still to be written has been flushed, or given up
            file.close()
    if beside is not None:
        _sync_folder(target.parent)


def write_atomically(path: str | Path, data: bytes, *, private: bool = False) -> None:
    """Make `path` hold exactly `data`, or leave it as it was and raise `OutputError`."""
    with atomic_writer(path, private=private) as write:
        write(data)


def print_json(value: Any, where: str) -> None:  # noqa: ANN401 - whatever JSON can say
    """Write `value` as JSON to the file `where`, or to standard output for `-`."""
    text = json.dumps(value, indent=2) + "\n"
    if where == STDOUT:
        click.echo(text, nl=False)
    else:
        write_atomically(where, text.encode())


def wide_console() -> "Console":
    """Return a console that is wide enough for a table: a narrower terminal breaks its lines."""
    from rich.console import Console

    return Console(highlight=False, width=max(WIDTH_MIN, Console().width))


def stdout_refused(error: OSError) -> OutputError:
    """Return what to say where standard output takes no more, such as a file on a full disk."""
    return OutputError("standard output", (error.strerror or str(error)).lower())


def _open(target: Path, new_mode: int | None) -> tuple[BinaryIO, Path | None]:
    """Return what to write to, and the new file it is beside the target, if it is one."""
    try:
        mode: int | None = target.stat().st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        return target.open("wb"), None  # a folder says so here
    if mode is not None and not os.access(target, os.W_OK):
        raise PermissionError(f"{target} is read-only")
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    file = beside.open("xb")
    wanted = new_mode if mode is None else stat.S_IMODE(mode)
    if wanted is not None:
        os.fchmod(file.fileno(), wanted)
    return file, beside


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
def _named(path: str | Path) -> Iterator[None]:
    """Turn what the file system refuses into our error, with the path as it was given."""
    try:
        yield
    except OSError as error:
        raise OutputError(str(path), (error.strerror or str(error)).lower()) from error
