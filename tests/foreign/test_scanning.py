"""Scanning a dump: what the quick look drops is what decoding refuses, and chance is as stated."""

from random import Random

import pytest

from card_protocol.errors import TimestampError
from card_protocol.timestamp.encoding import Codec
from card_protocol.timestamp.registry import CODECS
from card_protocol.timestamp.stamp import Stamp
from meter_emu.foreign.plausible import chance_of
from meter_emu.foreign.scanning import by_chance, scan

JULY_MS = 1_593_561_600_000  # 2020-07-01 00:00
MONTH_MS = 31 * 86_400_000
CENTURY_MS = 100 * 31_556_952_000


def dates(raw: bytes, codec: Codec, from_ms: int, to_ms: int) -> list[int]:
    """Return the offsets of dates, by decoding everything."""
    found = []
    for at in range(len(raw) - codec.size_bytes + 1):
        piece = raw[at : at + codec.size_bytes]
        if not piece.strip(b"\0") or not piece.strip(b"\xff"):
            continue
        try:
            stamp = codec.decode(piece)
        except TimestampError:
            continue
        if stamp.whole and not stamp.doubts() and from_ms <= stamp.total_ms < to_ms:
            found.append(at)
    return found


@pytest.mark.slow("scans many bytes")
@pytest.mark.parametrize(
    ("from_ms", "to_ms"),
    [(JULY_MS, JULY_MS + MONTH_MS), (JULY_MS - CENTURY_MS, JULY_MS + CENTURY_MS)],
    ids=["a month", "two centuries"],
)
def test_the_quick_look_loses_no_date(from_ms: int, to_ms: int) -> None:
    draw = Random(3)
    raw = draw.randbytes(500) + bytes(9)
    raw += b"".join(codec.encode(_at(codec)) for codec in CODECS.values() if _reaches(codec))
    for name, codec in CODECS.items():
        hits = [hit.offset for hit in scan(raw, [codec], from_ms, to_ms)]
        assert hits == dates(raw, codec, from_ms, to_ms), name
        assert hits or not _reaches(codec), name


def _reaches(codec: Codec) -> bool:
    return codec.first.total_ms <= JULY_MS <= codec.last.total_ms


def _at(codec: Codec) -> Stamp:
    fields = {"year": 2020, "month": 7, "day": 1}
    for name, step in (("hour", 86_400_000), ("minute", 3_600_000), ("second", 60_000)):
        if codec.step_ms < step:
            fields[name] = 0
    if codec.step_ms < 1000:
        fields["millisecond"] = 0
    more = {"offset_min": 120, "summer": True}
    return Stamp(**fields | {k: v for k, v in more.items() if k in codec.carries})  # type: ignore[arg-type]


@pytest.mark.slow("scans many random bytes")
def test_random_bytes_are_a_date_as_often_as_the_share_says() -> None:
    """Of the codecs by which that happens; the others show none in so few."""
    draw, tried = Random(11), 0
    for name, codec in CODECS.items():
        share = chance_of(codec, JULY_MS - CENTURY_MS, JULY_MS + CENTURY_MS)
        if share < 0.02:
            continue
        tried += 1
        count = 2000
        found = 0
        for _ in range(count):
            try:
                stamp = codec.decode(draw.randbytes(codec.size_bytes))
            except TimestampError:
                continue
            found += stamp.whole and not stamp.doubts()
            if stamp.whole and abs(stamp.total_ms - JULY_MS) > CENTURY_MS:
                found -= not stamp.doubts()
        assert abs(found / count - share) < 0.05, (name, found / count, share)
    assert tried >= 12
    assert by_chance(100, [CODECS["unix-u32"]], JULY_MS, JULY_MS + MONTH_MS) == pytest.approx(
        97 * MONTH_MS / 1000 / 2**32, rel=0.01
    )
