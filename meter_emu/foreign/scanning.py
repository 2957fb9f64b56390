"""Dates in a dump: every offset at which a codec reads a date of a span that was asked for."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, final

from card_protocol.errors import TimestampError
from card_protocol.timestamp.bits import BitFields
from card_protocol.timestamp.counts import Count
from card_protocol.timestamp.digits import Digits
from card_protocol.timestamp.encoding import Codec
from card_protocol.timestamp.families import ByteFields
from card_protocol.timestamp.stamp import DAY_MS, Stamp, stamp_at
from card_protocol.timestamp.ticks import Ticks
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
    wanted = [
        (codec, _glance(codec, from_ms, to_ms))
        for codec in codecs
        if codec.last.total_ms >= from_ms and codec.first.total_ms < to_ms
    ]
    for at in range(len(raw)):
        for codec, may_be in wanted:
            piece = raw[at : at + codec.size_bytes]
            if len(piece) < codec.size_bytes or not may_be(piece):
                continue
            if not piece.strip(b"\x00") or not piece.strip(b"\xff"):
                continue
            stamp = _within(codec, piece, from_ms, to_ms)
            if stamp is not None:
                yield Hit(at, codec, piece, stamp)


def _glance(codec: Codec, from_ms: int, to_ms: int) -> Callable[[bytes], bool]:
    """Return a quick look at bytes that are no date of the span; decoding decides about the rest.

    Of the others it need not be right: most bytes are far away, and decoding takes longer.
    """
    if isinstance(codec, Count):
        low = -(-(from_ms - codec.epoch_ms) // codec.step_ms)
        high = -(-(to_ms - codec.epoch_ms) // codec.step_ms)
        order, signed = codec.order, codec.signed
        return lambda piece: low <= int.from_bytes(piece, order, signed=signed) < high
    years = range(_year(from_ms), _year(to_ms - 1) + 1)
    if isinstance(codec, BitFields):
        field, order = codec.year_field, codec.order
        allowed = frozenset(
            number for number in range(field.top + 1) if codec.may_mean(number, years)
        )
        return lambda piece: field.cut(int.from_bytes(piece, order)) in allowed
    if isinstance(codec, Ticks):
        begins, ends, little = codec.at(from_ms), codec.at(to_ms), codec.order
        return lambda piece: begins <= int.from_bytes(piece, little) < ends
    if isinstance(codec, ByteFields):
        year_at, written = codec.year_at, frozenset(map(codec.year_byte, years))
        return lambda piece: piece[year_at] in written
    if isinstance(codec, Digits) and codec.pattern.startswith("YYM"):
        digits = {f"{year % 100:02}" for year in years}
        first = frozenset(int(two[::-1] if codec.swapped else two, 16) for two in digits)
        return lambda piece: piece[0] in first
    return lambda _piece: True


def _year(ms: int) -> int:
    year = stamp_at(ms, DAY_MS).year
    assert year is not None, "a stamp of a moment has a year"
    return year


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
