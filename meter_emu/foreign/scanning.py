"""Dates in a dump: every offset at which a codec reads a date of a span that was asked for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, final

from card_protocol.errors import TimestampError
from card_protocol.timestamp.counts import Count
from card_protocol.timestamp.encoding import Codec
from card_protocol.timestamp.stamp import Stamp
from meter_emu.foreign.plausible import chance_of

SCAN_SIZE_MAX: Final = 1 << 20  # ours: bytes; a minute of work with every codec


@final
@dataclass(frozen=True, slots=True)
class Hit:
    """A date at an offset."""

    offset: int
    codec: Codec
    raw: bytes
    stamp: Stamp


def scan(raw: bytes, codecs: Iterable[Codec], from_ms: int, to_ms: int) -> Iterator[Hit]:
    """Yield the dates from `from_ms` until before `to_ms`, by offset and then by codec.

    A date with a mark, a spare bit or another day's weekday is none here, and bytes that are all 00
    or all FF are never one.
    """
    wanted = [codec for codec in codecs if codec.last.total_ms >= from_ms]
    wanted = [codec for codec in wanted if codec.first.total_ms < to_ms]
    for at in range(len(raw)):
        for codec in wanted:
            piece = raw[at : at + codec.size_bytes]
            if (
                len(piece) < codec.size_bytes
                or not piece.strip(b"\x00")
                or not piece.strip(b"\xff")
            ):
                continue
            if isinstance(codec, Count):  # most bytes are one, and most of those are far away
                count = int.from_bytes(piece, codec.order, signed=codec.signed)
                if not from_ms <= codec.epoch_ms + count * codec.step_ms < to_ms:
                    continue
            stamp = _within(codec, piece, from_ms, to_ms)
            if stamp is not None:
                yield Hit(at, codec, piece, stamp)


def _within(codec: Codec, piece: bytes, from_ms: int, to_ms: int) -> Stamp | None:
    try:
        stamp = codec.decode(piece)
    except TimestampError:
        return None
    if not stamp.whole or stamp.doubts():
        return None
    return stamp if from_ms <= stamp.total_ms < to_ms else None


def by_chance(size_bytes: int, codecs: Iterable[Codec], from_ms: int, to_ms: int) -> float:
    """Return how many dates a dump of that size would show if its bytes were random."""
    return sum(
        max(0, size_bytes - codec.size_bytes + 1) * chance_of(codec, from_ms, to_ms - 1)
        for codec in codecs
    )
