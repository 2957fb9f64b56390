"""The target in the dates of others: every timestamp codec."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from card_protocol.errors import TimestampError
from card_protocol.timestamp.counts import Count
from card_protocol.timestamp.encoding import Codec
from card_protocol.timestamp.registry import CODECS
from card_protocol.timestamp.stamp import Stamp, stamp_at
from meter_emu.fuzz.models.moments import SAID_BY, ReadMoment
from meter_emu.fuzz.reach import must, note, note_all
from meter_emu.fuzz.target import FuzzField, Target

_ALL: Final[Sequence[Codec]] = tuple(CODECS.values())
_BEFORE_29_FEBRUARY_MS: Final = (951_696_000_000, 4_107_456_000_000)  # of 2000, and of 2100
_SIZE_MAX: Final = max(codec.size_bytes for codec in _ALL)
# Codecs to which every value is a time, or none at all.
_EVERY_VALUE: Final = {"ntp-64"} | {
    codec.name for codec in _ALL if isinstance(codec, Count) and codec.bits == 8 * codec.size_bytes
}
# Bytes that stand on one side or the other of a check: digits, wildcards, months, signs.
_EDGES: Final = tuple(
    bytes.fromhex(text)
    for text in ("00", "01", "0a", "12", "13", "1f", "28", "29", "2a", "31", "32", "59", "60", "7f",
                 "80", "99", "9a", "fd", "fe", "ff")
)  # fmt: skip


def _codecs(data: bytes, _build: str) -> None:
    """Take the codec that the first byte names, and the bytes it wants of what follows."""
    if not data:
        return
    codec = _ALL[data[0] % len(_ALL)]
    raw = data[1 : 1 + codec.size_bytes]
    said = SAID_BY[codec.name](raw) if len(raw) == codec.size_bytes else None
    try:
        stamp = codec.decode(raw)
    except TimestampError as error:
        note(f"{codec.name} refused" if len(raw) == codec.size_bytes else "too short")
        must(said is None, "a date that there is is not refused", f"{raw.hex()}: {error}")
        return
    note_all(codec.name, "whole" if stamp.whole else "not whole")
    must(codec.encode(stamp) == raw, "a timestamp is written as it was read")
    must((said is not None) == stamp.whole, "what names a day is a date, and nothing else is",
         f"{codec.name} {raw.hex()}")  # fmt: skip
    if said is None:
        return
    times = (stamp.hour, stamp.minute, stamp.second, stamp.millisecond)
    when = (stamp.year, stamp.month, stamp.day, *(time or 0 for time in times))
    read = ReadMoment(when, stamp.offset_min, stamp.summer, stamp.weekday)  # type: ignore[arg-type]
    must(
        read == said,
        "it is the moment that the encoding's document says",
        f"{read}, expected {said}",
    )
    must(codec.first.total_ms <= stamp.total_ms <= codec.last.total_ms, "it is in its range")


@cache
def _seeds() -> tuple[bytes, ...]:
    """Return, of each codec, both ends, its special values and both sides of its checks."""
    found: list[bytes] = []
    for number, codec in enumerate(_ALL):
        head = bytes((number,))
        moments = [codec.first, codec.last, stamp_at(1_593_810_060_000, codec.step_ms)]
        found += [head + raw for stamp in moments if (raw := _written(codec, stamp))]
        for ms in _BEFORE_29_FEBRUARY_MS:
            raw = _written(codec, stamp_at(ms, codec.step_ms))
            found += [head + raw[:at] + bytes(((raw[at] + 1) & 0xFF,)) + raw[at + 1 :]
                      for at in range(len(raw))]  # fmt: skip
        found += [head + raw for raw, _ in codec.specials] + [head]
        found += [head + byte * codec.size_bytes for byte in (b"\x00", b"\x13", b"\x99", b"\xff")]
    return tuple(dict.fromkeys(found))


def _written(codec: Codec, stamp: Stamp) -> bytes:
    fields = {name: getattr(stamp, name) for name in Stamp.__slots__}
    more = {"offset_min": 120, "summer": True}
    said = {name: value for name, value in more.items() if name in codec.carries}
    try:
        return codec.encode(Stamp(**fields | said))
    except TimestampError:  # of a span that this one does not have
        return b""


def _slots(data: bytes) -> Iterator[FuzzField]:
    yield FuzzField(0, 1, tuple(bytes((number,)) for number in range(len(_ALL))))
    for at in range(1, len(data)):
        yield FuzzField(at, 1, _EDGES)


TARGETS: Final = (
    Target(
        id="timestamp-codecs",
        asks="a byte that names a codec, and what it may read",
        oracles="no date, or the moment that datetime says; in range; the same bytes written again",
        reaches=(
            "whole",
            "not whole",
            *CODECS,
            "too short",
            *(f"{codec.name} refused" for codec in _ALL if codec.name not in _EVERY_VALUE),
        ),
        size_max=1 + _SIZE_MAX,
        check=_codecs,
        seeds=_seeds,
        slots=lambda data: tuple(_slots(data)),
    ),
)
