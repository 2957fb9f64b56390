"""What a fuzz target is: a function of bytes, inputs to begin with, what must hold of them.

`Trying` tries one input: bounded in time, and whatever the target raises is the answer.
"""

import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from types import FrameType, TracebackType
from typing import Final, NamedTuple, final

from card_protocol.layout import FieldInfo, Layout

_BCD_WRONG: Final = (b"\x0a", b"\x13", b"\x31", b"\x99")  # no digit, month 13, day 31, year 99


class FuzzField(NamedTuple):
    """A field of an input: where it lies, and bytes that are worth trying there."""

    at: int
    size_bytes: int
    values: tuple[bytes, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One fuzz target.

    `check` is given an input and the name of a build, which only targets with a meter in them use;
    whatever it raises is a find. `reaches` are the marks that its seeds and its corpus must reach,
    as `reach.note` has them. `seeds` are inputs that are right. `slots` are the fields of an
    input, which keeps its size if it is `fixed`. `seal` puts its check values right again, the
    innermost first: without them no mutation gets past the first CRC or MAC. `tags` are where a
    sealed input has them. `words` is for a fuzzer's dictionary. `campaign` is the campaign file
    that an input and a build are. One of `our_memory` compares what our own program has in its
    memory. A `raw` one is a bare parser: libFuzzer's own mutations reach as
    far into it as ours, and faster. Where choices are `drawn` from the bytes, or
    `events`, they are no format.
    """

    id: str
    asks: str
    oracles: str
    size_max: int
    check: Callable[[bytes, str], None]
    seeds: Callable[[], Sequence[bytes]]
    reaches: tuple[str, ...] = ()
    words: tuple[bytes, ...] = ()
    slots: Callable[[bytes], Sequence[FuzzField]] = lambda _data: ()
    seal: Callable[[bytes], bytes] | None = None
    tags: Callable[[bytes], Sequence[slice]] = lambda _data: ()
    campaign: Callable[[bytes, str], str] | None = None
    fixed: bool = False
    raw: bool = False
    drawn: bool = False
    events: bool = False
    canary: bool = False
    our_memory: bool = False


def drawn_seeds(size_bytes: int, numbers: Iterable[int]) -> tuple[bytes, ...]:
    """Return inputs from which choices are drawn: the first of each, then by these numbers."""
    return bytes(size_bytes), *(Random(number).randbytes(size_bytes) for number in numbers)


def last_bytes(count: int) -> Callable[[bytes], Sequence[slice]]:
    """Return the `tags` of an input whose one check value ends it; none where it is shorter."""
    return lambda data: [slice(len(data) - count, len(data))] if len(data) > count else []


def slots_of(  # any record
    layout: Layout,  # type: ignore[type-arg]
    at: int = 0,
    limits: Sequence[int] = (),
) -> list[FuzzField]:
    """Return the fields of a record that lies at `at`, with the values no desk would write.

    `limits` are numbers up to which some field may go: both sides of each are tried.
    """
    return [
        FuzzField(at + field.offset, field.size_bytes, values_of(field, limits))
        for field in layout.fields
    ]


def values_of(field: FieldInfo, limits: Sequence[int] = ()) -> tuple[bytes, ...]:
    """Return the edges of a field, and in bytes that may be digits what no calendar has."""
    size = field.size_bytes
    edges = [bytes(size), b"\xff" * size, b"\x7f" + b"\xff" * (size - 1), b"\x80" + bytes(size - 1)]
    edges += [(1).to_bytes(size, "big"), b"\xff" * (size - 1) + b"\xfe"]
    if field.kind == "bytes":
        edges += [
            bytes(at) + wrong + bytes(size - at - 1) for wrong in _BCD_WRONG for at in range(size)
        ]
    near = (sign * one + step for one in limits for sign in (1, -1) for step in (-1, 0, 1))
    most = 1 << 8 * size - 1
    edges += [
        (number % (2 * most)).to_bytes(size, "big")
        for number in near
        if field.kind != "bytes" and (-most <= number < most or 0 <= number < 2 * most)
    ]
    return tuple(dict.fromkeys(edges))


CASE_S: Final = 20  # ours: an input that takes longer hangs


@final
class Trying:
    """A context in which an input is tried; `error` is what did not hold, `None` where all did.

    The time is bounded where signals arrive: in a main thread.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self._before: Callable[[int, FrameType | None], object] | int | None = None

    def __enter__(self) -> "Trying":
        self._before = signal.signal(signal.SIGALRM, _hang)
        signal.setitimer(signal.ITIMER_REAL, CASE_S, CASE_S)  # again: a finaliser drops an error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)
        if isinstance(error, Exception):
            self.error = error
        return isinstance(error, Exception)


def _hang(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"no answer within {CASE_S} s")
