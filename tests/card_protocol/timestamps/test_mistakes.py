"""Mistakes that others made with these encodings, planted: the published vectors find each."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest

from card_protocol.timestamp.bits import BitFields, at_bit
from card_protocol.timestamp.counts import Count
from card_protocol.timestamp.digits import Digits
from card_protocol.timestamp.registry import CODECS
from card_protocol.timestamp.stamp import MINUTE_MS, Stamp, stamp_at
from tests.card_protocol.timestamps.vectors import wrong
from tests.cells import each_cell

STS = cast("Count", CODECS["sts-tid-1993"])
CP56 = cast("BitFields", CODECS["cp56time2a"])
FAT = cast("BitFields", CODECS["fat-datetime"])
GSM = cast("Digits", CODECS["gsm-scts"])
EMV = cast("Digits", CODECS["emv-yymmdd"])
COSEM = CODECS["cosem-date-time"]


def summer_counted_twice(raw: bytes) -> Stamp:
    """Minutes by subtracting local times of a machine with summer time: 60 too few, read back."""
    stamp = STS.decode(raw)
    shift = 60 * MINUTE_MS if 4 <= (stamp.month or 0) <= 10 else 0
    return stamp_at(stamp.total_ms + shift, MINUTE_MS)


def deviation_with_the_wrong_sign(raw: bytes) -> Stamp:
    stamp = COSEM.decode(raw)
    return replace(stamp, offset_min=None if stamp.offset_min is None else -stamp.offset_min)


def deviation_8000_as_a_number(raw: bytes) -> Stamp:
    return replace(COSEM.decode(raw), offset_min=-int.from_bytes(raw[9:11], "big", signed=True))


@each_cell(
    ("name", "decode"),
    [
        ("sts-tid-2014", CODECS["sts-tid-1993"].decode),  # the base date of another epoch
        ("sts-tid-1993", summer_counted_twice),
        ("sts-tid-2014", replace(STS, epoch_ms=STS.epoch_ms + 60 * MINUTE_MS).decode),
        ("gsm-scts", replace(GSM, pivot=99).decode),  # two digits with another pivot
        ("cosem-date-time", deviation_with_the_wrong_sign),
        ("cosem-date-time", deviation_8000_as_a_number),
    ],
    ids=lambda value: value if isinstance(value, str) else getattr(value, "__name__", ""),
)
def test_the_published_vectors_find_it(name: str, decode: Callable[[bytes], Stamp]) -> None:
    try:
        assert wrong(name, decode)
    except ValueError:
        return  # what is refused is found too


def test_a_signed_count_of_24_bits_is_found_where_the_sign_bit_ends_it() -> None:
    signed = replace(STS, signed=True)
    sign_bit, _ = STS.ends()
    assert signed.decode(STS.encode(sign_bit.last)) == sign_bit.last
    assert signed.decode(STS.encode(sign_bit.at)).year == 1977
    assert [str(end.at) for end in signed.ends()] == [str(sign_bit.at)]


def test_wildcards_read_as_numbers_are_found() -> None:
    """Month FE as 254, day 0 as a day: no month and no day, where the reference says "any"."""
    careless = replace(
        CP56, fields=(*CP56.fields[:4], ("weekday", at_bit(37, 3)), *CP56.fields[5:])
    )
    raw = bytes.fromhex("0B0C0D0E0F0C13")
    assert CP56.decode(raw).weekday is None
    with pytest.raises(ValueError, match="weekday 0"):
        careless.decode(raw)
    last = COSEM.decode(bytes.fromhex("FFFF03FE07020000008000FF"))
    assert (last.day, last.flags[0]) == (None, "last day of the month")
    mbus = cast("BitFields", CODECS["mbus-g"])
    numbers = replace(
        mbus, fields=tuple((name, field._replace(every=None)) for name, field in mbus.fields)
    )
    assert mbus.decode(bytes.fromhex("e02c")).day is None
    with pytest.raises(ValueError, match="day 0"):
        numbers.decode(bytes.fromhex("e02c"))


def test_a_summer_time_bit_that_is_ignored_is_found() -> None:
    """The hour twice in October: only the bit tells one from the other."""
    deaf = replace(CP56, summer_bit=None, spare=(*CP56.spare, 31))
    first, second = (bytes.fromhex(h) for h in ("000000822F0A17", "000000022F0A17"))
    assert [CP56.decode(raw).summer for raw in (first, second)] == [True, False]
    assert CP56.decode(first) != CP56.decode(second)
    assert [deaf.decode(raw).summer for raw in (first, second)] == [None, None]


def test_seconds_that_are_not_doubled_are_found() -> None:
    single = replace(FAT, fields=(("second", at_bit(0, 5, 29)), *FAT.fields[1:]))
    raw = FAT.encode(Stamp(year=2020, month=7, day=3, hour=23, minute=1, second=58))
    assert FAT.decode(raw).second == 58
    assert single.decode(raw).second == 29


def test_another_pivot_is_found_in_the_first_year_after_it() -> None:
    late = replace(EMV, pivot=79)
    for year, raw in ((2049, "491231"), (1950, "500101")):
        assert EMV.decode(bytes.fromhex(raw)).year == year
    assert late.decode(bytes.fromhex("491231")).year == 2049, "the same until then"
    assert late.decode(bytes.fromhex("500101")).year == 2050
