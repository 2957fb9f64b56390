"""A process of its own in which a library reads a file of somebody else, under the system's limits.

A library believes what a file says of itself: 2 kB can ask it for 512 GB. No look at the file
beforehand helps, because the look and the library read it by different rules. So the library is
loaded in a process whose memory and processor time the system bounds, and only values come back.
Where the system does not keep such a bound (Windows, memory on macOS, a browser) nothing is read.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from enum import IntEnum, unique
from importlib import import_module
from typing import Any, Final, NamedTuple, TypeAlias

from msgspec.msgpack import Ext, decode, encode

from meter_emu.errors import ConfigError
from meter_emu.languages.speech import said
from meter_emu.last_words import printable, signal_name

READER_MEMORY_MAX_MB: Final = 1_024  # ours: address space; 200,000 rows of 40 numbers take 853
READER_PROCESSOR_MAX_S: Final = 60  # ours: those rows take 11
REPLY_MAX_MB: Final = 256  # ours: of values, as they are sent
ApartReader: TypeAlias = Callable[[bytes, Sequence[str]], Iterator[object]]
_MB: Final = 1 << 20
_LENGTH_SIZE: Final = 4
_VALUE, _WRONG, _MEMORY, _NO_LIMITS, _MISSING, _END = b"=", b"!", b"m", b"u", b"i", b"."
_MOMENT, _DAY = 1, 2  # what is sent as no value of MessagePack's own


@unique
class OddKind(IntEnum):
    """Why a cell has no value: part of a larger one, an error, a formula nobody reckoned."""

    MERGED = 3
    ERROR = 4
    NOT_RECKONED = 5


class OddCell(NamedTuple):
    """A cell that has no value, and what somebody sees there."""

    kind: OddKind
    seen: str

    def __str__(self) -> str:
        return self.seen


def read_apart(
    path: str, reader: ApartReader, raw_file: bytes, asked: Sequence[str], *, instead: Sequence[str]
) -> Generator[Any, None, None]:
    """Yield the values that a reader yields of a file, in a process under limits.

    Args:
        path: The file, for errors.
        reader: A function of a module, which loads its library when it is called.
        raw_file: What it reads.
        asked: Which part of it.
        instead: What can be done where the library is not installed, or cannot be bounded.

    Raises:
        ConfigError: A limit was reached, this system has none, or the library cannot read it.
    """
    limits = str(READER_MEMORY_MAX_MB), str(READER_PROCESSOR_MAX_S)
    command = [
        sys.executable,
        "-P",
        "-m",
        __name__,
        reader.__module__,
        reader.__name__,
        *limits,
        *asked,
    ]
    known = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "RUST_BACKTRACE": "0"}
    try:
        process = subprocess.Popen(  # noqa: S603  our own program
            command,
            env={**os.environ, **known},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # the keyboard's interrupt is for us, and we end it
        )
    except OSError as error:  # a browser starts none
        words = said("is not read: no process can be started ({error})", error=error.strerror or "")
        raise ConfigError(path, "", "; ".join((words, *instead[1:]))) from None
    try:
        yield from _heard(path, process, raw_file, instead)
    finally:
        process.kill()
        for end in (process.stdin, process.stdout, process.stderr):
            if end is not None:
                with suppress(OSError):
                    end.close()
        process.wait()


def _heard(
    path: str, process: "subprocess.Popen[bytes]", raw_file: bytes, instead: Sequence[str]
) -> Generator[Any, None, None]:
    assert process.stdin is not None, "it has a pipe"
    assert process.stdout is not None, "it has a pipe"
    with suppress(OSError):  # it has ended: what it said is read below
        process.stdin.write(raw_file)
        process.stdin.close()
    left = REPLY_MAX_MB * _MB
    while (head := process.stdout.read(1 + _LENGTH_SIZE))[:1] == _VALUE:
        size = int.from_bytes(head[1:], "big")
        left -= size
        if left < 0:
            why = said("has more than {mb} MB of values", mb=REPLY_MAX_MB)
            raise ConfigError(path, "", why)
        reply = process.stdout.read(size)
        if len(reply) < size:
            break
        yield decode(reply, ext_hook=_received)
    if head[:1] != _END:
        words = process.stdout.read(_MB).decode("utf-8", "replace")
        raise ConfigError(path, "", _refusal(process, head[:1], words, instead))


def _received(code: int, raw_cell: memoryview) -> object:
    text = bytes(raw_cell).decode()
    if code == _MOMENT:
        return datetime.fromisoformat(text)
    return date.fromisoformat(text) if code == _DAY else OddCell(OddKind(code), text)


def _refusal(
    process: "subprocess.Popen[bytes]", kind: bytes, words: str, instead: Sequence[str]
) -> str:
    """Return why a reader ended before its end."""
    if kind == _NO_LIMITS:
        why = said("is not read here, because this system bounds no program's memory")
        return "; ".join((why, *instead[1:]))
    if kind == _MISSING:
        return "; ".join(instead)
    if kind == _WRONG:
        return said("cannot be read: {error}", error=printable(words).lower())
    assert process.stderr is not None, "it has a pipe"
    last = process.stderr.read(_MB).decode("utf-8", "replace")
    status = process.wait()
    if kind == _MEMORY or "memory allocation" in last:
        return said("takes more than {mb} MB of memory to read", mb=READER_MEMORY_MAX_MB)
    if status == -getattr(signal, "SIGXCPU", 0):
        return said("takes more than {s} s of processor time to read", s=READER_PROCESSOR_MAX_S)
    how = signal_name(-status) if status < 0 else str(status)
    return said(
        "broke its reader ({how}): {error}",
        how=how,
        error=printable(last.strip().rpartition("\n")[2]),
    )


# In the process that reads -----------------------------------------------------------------------


def _main(module: str, function: str, memory_mb: str, processor_s: str, *asked: str) -> None:
    """Be the reader."""
    out = sys.stdout.buffer

    def say(kind: bytes, words: str = "") -> None:
        out.write(kind + bytes(_LENGTH_SIZE) + words.encode("utf-8", "replace"))

    if not _is_bounded(int(memory_mb) * _MB, int(processor_s)):
        say(_NO_LIMITS)
        return
    os.set_blocking(2, False)  # who would read this is waiting for something else
    try:
        reader: ApartReader = getattr(import_module(module), function)
        for value in reader(sys.stdin.buffer.read(), asked):
            reply = encode(value)
            out.write(_VALUE + len(reply).to_bytes(_LENGTH_SIZE, "big") + reply)
        say(_END)
    except MemoryError:
        say(_MEMORY)
    except ImportError:
        say(_MISSING)
    except Exception as error:  # noqa: BLE001  whatever the library raises is of the file
        say(_WRONG, str(error))


def _is_bounded(memory_bytes: int, processor_s: int) -> bool:
    """Set the limits, and return whether the system keeps that of memory: some only take it."""
    try:
        import resource
        from mmap import mmap

        for kind, most in (
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CPU, processor_s),
            (resource.RLIMIT_AS, memory_bytes),
        ):
            _, hard = resource.getrlimit(kind)
            soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (soft, hard))
    except (ImportError, AttributeError, OSError, ValueError):
        return False
    try:
        mmap(-1, memory_bytes).close()
    except OSError:
        return True
    return False


def sent(cell: object) -> object:
    """Return a cell as it is sent: days and moments stay what they are."""
    if isinstance(cell, str | int | float):
        return cell
    if isinstance(cell, date):  # a moment is one too
        code = _MOMENT if isinstance(cell, datetime) else _DAY
        return Ext(code, cell.isoformat().encode())
    return Ext(cell.kind.value, cell.seen.encode()) if isinstance(cell, OddCell) else str(cell)


if __name__ == "__main__":
    _main(*sys.argv[1:])
