"""Readers that break what a room bounds, each in its own way; `asked` says how."""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Final

_PIPE: Final = 1 << 16  # bytes that a pipe takes


def misreads(raw_file: bytes, asked: Sequence[str]) -> Iterator[object]:
    """Yield one value, then do what was asked."""
    yield len(raw_file)
    yield from _DEEDS[asked[0]]()


def _loops() -> Iterator[object]:
    while True:
        pass


def _allocates() -> Iterator[object]:
    kept = [bytes(1 << 24)]
    while True:
        kept.append(bytes(1 << 24))


def _replies() -> Iterator[object]:
    return repeat("x" * (1 << 20))


def _aborts() -> Iterator[object]:
    sys.stderr.write("thread panicked\nat the end of its wits\x1b[2J\n")
    sys.stderr.flush()
    os.abort()


def _talks() -> Iterator[object]:
    for _ in range(100):
        try:
            os.write(2, bytes(_PIPE))
        except BlockingIOError:
            yield "refused"


def _writes() -> Iterator[object]:
    with tempfile.TemporaryFile(buffering=0) as file:
        yield file.write(b"x")


def _leaves() -> Iterator[object]:
    os._exit(3)


def _raises() -> Iterator[object]:
    raise BaseException("what no handler expects")  # as a panic in Rust is


def _fails() -> Iterator[object]:
    raise RuntimeError("what no\nhandler expects")


def _lacks() -> Iterator[object]:
    raise ImportError


def _promises() -> Iterator[object]:
    sys.stdout.buffer.write(b"=\xff\xff\xff\xff")
    sys.stdout.buffer.flush()
    os._exit(0)


def _waits() -> Iterator[object]:
    time.sleep(600)
    yield None


_DEEDS: Final[dict[str, Callable[[], Iterator[object]]]] = {
    "loops": _loops, "allocates": _allocates, "replies": _replies, "aborts": _aborts,
    "talks": _talks, "writes": _writes, "leaves": _leaves, "raises": _raises,
    "fails": _fails, "lacks": _lacks,
    "promises": _promises, "waits": _waits,
}  # fmt: skip
