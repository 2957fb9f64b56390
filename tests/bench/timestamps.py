"""Timestamps under all codecs: what decode tries of bytes, and how fast a dump is searched."""

from collections.abc import Iterator
from random import Random
from typing import Final

from card_protocol.errors import TimestampError
from card_protocol.timestamp.registry import CODECS
from meter_emu.foreign.plausible import guesses
from meter_emu.foreign.scanning import scan
from tests.bench.row import Row, best_s

AROUND_MS: Final = 1_593_810_060_000  # 3 July 2020, 21:01 UTC
_MONTH_MS: Final = 30 * 86_400_000


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the rows of timestamps."""
    count, rounds = (20, 1) if quick else (2_000, 3)
    draw = Random(1)
    inputs = [(codec, draw.randbytes(codec.size_bytes)) for codec in CODECS.values()]
    inputs *= count

    def decode_all() -> None:
        for codec, raw in inputs:
            try:
                codec.decode(raw)
            except TimestampError:
                continue

    each = len(inputs) / best_s(decode_all, rounds=rounds)
    yield Row(what="timestamps under all codecs, random bytes", measured=f"{each:,.0f}/s")
    four = [draw.randbytes(4) for _ in range(count // 10)]

    def guess() -> None:
        for raw in four:
            guesses(raw, CODECS.values(), AROUND_MS)

    asked = len(four) / best_s(guess, rounds=rounds)
    yield Row(what="four bytes ranked under all codecs", measured=f"{asked:,.0f}/s")
    size = 1 << 8 if quick else 1 << 14
    dump = draw.randbytes(size)
    span_s = best_s(
        lambda: list(scan(dump, CODECS.values(), AROUND_MS - _MONTH_MS, AROUND_MS)), rounds=rounds
    )
    yield Row(what="a dump scanned under all codecs", measured=f"{size / span_s / 1024:,.0f} KiB/s")
