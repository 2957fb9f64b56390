"""Image files, read, and held while they are changed: read, work on it, write back, as one act.

Anyone who means to write an image holds it from before it is read until it is written. The lock is
on the file itself, so it goes with the process however that ends, and nothing lies next to the file
for it. Reading alone needs none: a file is replaced whole (`output`). A card image is then put into
the office's reader.
"""

import os
import secrets
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, TypeVar, final

from card_protocol.regular_file import open_regular
from meter_emu.cli.output import LOCKS, lock, naming, replacing, write_atomically
from meter_emu.cli.tracing import traced
from meter_emu.errors import ImageError, OutputError
from meter_emu.resources import read_file

WAIT_S: Final = 5.0  # ours: an act of the office takes a tenth of a second, and a queue has a few
_NO_HANDLE: Final = -1
_AT_ONCE: Final = getattr(os, "O_NONBLOCK", 0)  # of Unix: a pipe would wait for a writer
_LOOK_S: Final = 0.02  # ours: how often a file that is in use is looked at again
_COMMAND_CHARS_MAX: Final = 80  # ours: of the command line of the holder
IMAGE_SIZE_MAX: Final = 1 << 24  # bytes; a card of 255 files of 32,767 bytes fits
# How the files of this program begin, and which command explains them.
_KINDS: Final = (
    (b"MEMI", "a meter image", "image show"),
    (b"SC", "a card image", "card show"),
    (b"PC", "a card image", "card show"),
    (b"MC", "a card image", "card show"),
    (b'{"row":"trace"', "a trace", "trace show"),
)
_IMAGES: Final = frozenset({"a meter image", "a card image"})


def read_bytes(file: str, what: str) -> bytes:
    """Return the bytes of a file that should hold `what`; raise `ImageError`.

    A file of another kind is called what it is."""
    try:
        with open_regular(file) as opened:
            raw = opened.read(IMAGE_SIZE_MAX + 1)
    except OSError as error:
        raise unreadable(file, error) from error
    known = kind_of(raw)
    if known is not None and known[0] != what and what in _IMAGES:
        raise ImageError(file, f"is {known[0]}, expected {what}: meter-emu {known[1]} explains it")
    return raw


def kind_of(raw: bytes) -> tuple[str, str] | None:
    """Return what a file of this program is, and the command that explains it."""
    return next(((kind, words) for begins, kind, words in _KINDS if raw.startswith(begins)), None)


def unreadable(file: str, error: OSError | ValueError) -> ImageError:
    """Return what to say of a file that cannot be opened, or whose name has a zero byte."""
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return ImageError(file, f"cannot be read: {why.lower()}")


@final
class HeldFile:
    """An image file, for as long as nobody else may change it: until `release`."""

    def __init__(self, path: str, what: str) -> None:
        """Wait for the file, briefly; raise `ImageError` that says who has it, or what is wrong.

        `what` it should hold is what a person calls it.
        """
        self.path: Final = path
        self._lock = _hold(path, what)
        try:
            self.content = read_bytes(path, what)
        except BaseException:
            self.release()
            raise

    def write(self, data: bytes) -> None:
        """Make it hold exactly `data`, and go on holding it; raise `OutputError`.

        Programs that do not ask for the lock are seen by what they left: that is not overwritten.
        """
        there = self.content
        with suppress(OSError):  # it is gone, or will not be read: writing says what is wrong
            there = read_file(self.path)
        if there != self.content:
            raise OutputError(self.path, "another program changed it meanwhile")
        handle = _NO_HANDLE
        try:
            with replacing(self.path, private=True) as file, naming(self.path):
                file.write(data)
                if LOCKS:
                    handle = os.dup(file.fileno())  # the lock of what is to have the name
        except BaseException:
            if handle >= 0:
                _given_up(handle)
            raise
        before, self._lock, self.content = self._lock, handle, data
        with suppress(OSError):  # the file has its new bytes
            os.close(before)

    def is_named(self, path: str) -> bool:
        """Whether a name means this file."""
        return os.path.realpath(path) == os.path.realpath(self.path)

    def release(self) -> None:
        """Let others have it."""
        with suppress(OSError):  # it goes with the process at the latest
            os.close(self._lock)

    def __enter__(self) -> Self:
        """Hold it for a block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let it go, whatever happened."""
        self.release()


def check_free(path: str, *, force: bool) -> None:
    """Refuse to leave a file where there is one already, before any work is done for it."""
    if not force and os.path.lexists(path):
        raise OutputError(path, "it is there already, and --force was not given")


def leave_image(path: str, data: bytes, *, replace: bool) -> None:
    """Make `path` an image of these bytes; one that is there is an `OutputError`, or replaced.

    Who else holds what is to be replaced is waited for, as always.
    """
    with naming(path):
        there = os.path.lexists(path)
        is_file = there and Path(path).is_file()
    if not replace or not there:
        with replacing(path, private=True, fresh=True) as file, naming(path):
            file.write(data)
    elif is_file:
        with HeldFile(path, "a file to replace") as held:
            held.write(data)
    else:
        write_atomically(path, data, private=True)


def _hold(path: str, what: str) -> int:
    """Return the locked file that has this name now: locks stay with a file that is replaced."""
    give_up = time.monotonic() + WAIT_S
    while True:
        try:
            handle = os.open(path, os.O_RDONLY | _AT_ONCE)
        except (OSError, ValueError) as error:
            raise unreadable(path, error) from error
        try:
            there = os.fstat(handle)
            if not stat.S_ISREG(there.st_mode):
                raise ImageError(path, f"expected {what}, this is no regular file")
            if not LOCKS:
                os.close(handle)  # an open file cannot be replaced there
                return _NO_HANDLE
            if lock(handle) and _is_at(path, there):
                return handle
            if time.monotonic() >= give_up:
                holder = _holder(there.st_ino)
                out = ": pull the card out there first" if "meter-emu run" in holder else ""
                raise ImageError(path, f"is in use by {holder}{out}")
        except OSError as error:
            _given_up(handle)
            raise unreadable(path, error) from error
        except BaseException:
            _given_up(handle)
            raise
        _given_up(handle)
        time.sleep(_LOOK_S)


def _given_up(handle: int) -> None:
    with suppress(OSError):
        os.close(handle)


def _is_at(path: str, file: os.stat_result) -> bool:
    try:
        return os.path.samestat(Path(path).stat(), file)
    except OSError:
        return False


def _holder(inode: int) -> str:
    """Say who has locked a file, as well as this system shows it."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/locks").read_text("ascii").splitlines():
            _, kind, *_, process, where, _, _ = line.split()
            if kind == "FLOCK" and where.endswith(f":{inode}"):
                return f"process {process}{_command_of(process)}"
    return "another program"


def _command_of(process: str) -> str:
    try:
        raw = Path("/proc", process, "cmdline").read_bytes()
    except OSError:
        return ""
    text = raw.replace(b"\0", b" ").decode("utf-8", "replace").strip()
    shown = "".join(char if char.isprintable() else "?" for char in text)
    more = "..." if len(shown) > _COMMAND_CHARS_MAX else ""
    return f" ({shown[:_COMMAND_CHARS_MAX]}{more})" if shown else ""


if TYPE_CHECKING:
    from card_protocol.card.virtual import AnyImage
    from card_protocol.keys import Key
    from meter_emu.desk.desk import Desk, Exchange

_DoneT = TypeVar("_DoneT")

CARD_IMAGE: Final = "a card image"


def read_image(file: str) -> "AnyImage":
    """Return the card image in `file`; raise `ImageError` that says what is wrong with it."""
    return image_in(file, read_bytes(file, CARD_IMAGE))


def image_in(file: str, raw: bytes) -> "AnyImage":
    """Return the card image that these bytes of `file` are; raise `ImageError`."""
    from card_protocol.card.virtual import parse_image
    from card_protocol.errors import CardProtocolError

    try:
        return parse_image(raw)
    except CardProtocolError as error:
        raise ImageError(file, f"no card image: {error}") from error


def open_desk() -> None:
    """Import what a desk works with, which takes longer than the work."""
    for module in ("card_protocol.card.virtual", "card_protocol.link.link", "meter_emu.desk.desk"):
        import_module(module)


def at_the_desk(
    file: str,
    image: "AnyImage",
    key: "Key",
    do: "Callable[[Desk, Exchange], _DoneT]",
    trace_to: str | None = None,
) -> "tuple[_DoneT, AnyImage]":
    """Put the card of `file` into a desk's reader, `do` something, and return the card after it.

    The dialogue is recorded in the file `trace_to`, if there is one.
    """
    from meter_emu.desk.desk import Desk

    return in_process(file, image, lambda exchange: do(Desk(key), exchange), trace_to)


def in_process(
    file: str,
    image: "AnyImage",
    do: "Callable[[Exchange], _DoneT]",
    trace_to: str | None,
) -> "tuple[_DoneT, AnyImage]":
    """Power the card of `file`, `do` something with it, and return the card after it."""
    from card_protocol.card.virtual import card_of
    from card_protocol.errors import CardProtocolError
    from card_protocol.link.link import DirectLink

    card = card_of(image, secrets.token_bytes)
    with traced(DirectLink(card), file, trace_to) as link:
        link.connect()
        try:
            done = do(link.exchange)
        except CardProtocolError as error:
            raise ImageError(file, str(error)) from error
        finally:
            link.disconnect()
    return done, card.image
