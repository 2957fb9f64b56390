"""The only ways a verb leaves something behind: a whole file or nothing, and one JSON shape."""

import json
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import click

from meter_emu.errors import OutputError

STDOUT: Final = "-"


def write_atomically(path: str | Path, data: bytes, *, private: bool = False) -> None:
    """Make `path` hold exactly `data`, or leave it as it was and raise `OutputError`.

    The bytes go to a new file beside the target, reach the disk, and only then take its name, so
    neither a full disk nor a power cut leaves half a file. A symbolic link stays and its target is
    replaced; an existing file keeps its mode; a read-only file is refused although the folder
    would allow the swap; other hard links keep the old bytes. What is no regular file (a pipe, a
    terminal) cannot be swapped and is written as it stands. A new file that is `private`, because
    keys are in it, is readable by its owner only.
    """
    target = Path(os.path.realpath(path))
    try:
        _write(target, data, 0o600 if private else None)
    except OSError as error:
        raise OutputError(str(path), _why(error)) from error


def print_json(value: Any, where: str) -> None:  # noqa: ANN401 - whatever JSON can say
    """Write `value` as JSON to the file `where`, or to standard output for `-`."""
    text = json.dumps(value, indent=2) + "\n"
    if where == STDOUT:
        click.echo(text, nl=False)
    else:
        write_atomically(where, text.encode())


def _write(target: Path, data: bytes, new_mode: int | None) -> None:
    try:
        mode: int | None = target.stat().st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        target.write_bytes(data)  # a folder says so here
        return
    if mode is not None and not os.access(target, os.W_OK):
        raise PermissionError(f"{target} is read-only")
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("xb") as file:
            wanted = new_mode if mode is None else stat.S_IMODE(mode)
            if wanted is not None:
                os.fchmod(file.fileno(), wanted)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except BaseException:
        with suppress(FileNotFoundError):
            beside.unlink()
        raise
    _sync_folder(target.parent)


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


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
