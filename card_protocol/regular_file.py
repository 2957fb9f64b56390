"""The one way in which a file that somebody names is opened to be read.

A pipe waits for a writer, a device may never end and a terminal waits for a person. So all that is
no regular file is refused, at once, by everybody. What a shell has in `<(...)` is a pipe too.
"""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

_HOW: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_KINDS: Final = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_regular(path: str | Path) -> BinaryIO:
    """Return a regular file, open to be read; whatever waits or never ends is refused.

    Raises:
        OSError: It cannot be opened, is no regular file, or its name has a zero byte.
    """
    try:
        _see_regular(Path(path).stat().st_mode)  # before it is opened: a device may act on that
        handle = os.open(path, _HOW)
    except ValueError as error:
        raise OSError(errno.EINVAL, str(error)) from None
    try:
        _see_regular(os.fstat(handle).st_mode)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def _see_regular(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    for is_it, kind in _KINDS:
        if is_it(mode):
            raise OSError(errno.EINVAL, f"it is {kind}, expected a regular file")
