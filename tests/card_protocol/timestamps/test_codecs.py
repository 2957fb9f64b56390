"""Every codec: published vectors, whole ranges or all their edges, oracles, refusals."""

import struct
import zipfile
from datetime import UTC, datetime, timedelta
from io import BytesIO
from random import Random

import pytest

from card_protocol.errors import TimestampError
from card_protocol.timestamp import decode_bcd_minute, unpack_minute
from card_protocol.timestamp.counts import Count
from card_protocol.timestamp.days import date_of, day_number, is_leap, month_days, weekday
from card_protocol.timestamp.encoding import Basis, Codec
from card_protocol.timestamp.registry import CODECS
from card_protocol.timestamp.stamp import DAY_MS, Stamp, stamp_at
from tests.card_protocol.timestamps.vectors import VECTORS, wrong
from tests.cells import each_cell

DAY = timedelta(days=1)
EDGES = (
    (1999, 12, 31),
    (2000, 2, 29),
    (2001, 2, 28),
    (2009, 12, 31),
    (2010, 1, 1),
    (2020, 2, 29),
    (2020, 3, 1),
    (2020, 12, 31),
    (2024, 11, 24),
    (2037, 12, 31),
    (2049, 12, 31),
)
TIMES_MS = (0, 60_000, 43_200_000, 72_060_000, 82_860_000, DAY_MS - 60_000, DAY_MS - 1_000)


def moments(codec: Codec) -> list[Stamp]:
    """Return both ends of a codec, edges of the calendar at edges of the day, and random ones."""
    low, high = codec.first.total_ms, codec.last.total_ms
    found = [low, low + codec.step_ms, high - codec.step_ms, high]
    found += [day_number(*date) * DAY_MS + ms for date in EDGES for ms in TIMES_MS]
    draw = Random(codec.name)
    found += [draw.randrange(low, high) for _ in range(200)]
    steps = (ms - ms % codec.step_ms for ms in found)
    return [codec.fitted(_carried(codec, ms)) for ms in steps if low <= ms <= high]


def _carried(codec: Codec, ms: int) -> Stamp:
    stamp = stamp_at(ms, codec.step_ms)
    more = {"offset_min": 120} if codec.basis is Basis.OFFSET else {}
    if "summer" in codec.carries:
        more["summer"] = ms % 7 == 0
    return Stamp(**{name: getattr(stamp, name) for name in Stamp.__slots__} | more)


@pytest.mark.slow("every day there is")
def test_day_numbers_are_those_of_datetime() -> None:
    date = datetime(1, 1, 1, tzinfo=UTC)
    number = (date - datetime(1970, 1, 1, tzinfo=UTC)).days
    for _ in range(300_000):  # to the year 411, then from 1850 past the end of 400 years
        assert day_number(date.year, date.month, date.day) == number, date
        assert date_of(number) == (date.year, date.month, date.day), date
        assert weekday(number) == date.isoweekday(), date
        date, number = date + DAY, number + 1
        if date.year == 411:
            date = datetime(1850, 1, 1, tzinfo=UTC)
            number = (date - datetime(1970, 1, 1, tzinfo=UTC)).days
    assert date.year > 2250, "both spans were walked"
    assert day_number(2100, 3, 1) - day_number(2100, 2, 28) == 1
    assert [is_leap(year) for year in (1900, 2000, 2024, 2100)] == [False, True, True, False]
    assert month_days(2024, 2) == 29


@each_cell("name", CODECS)
def test_what_others_published_is_read_so_and_written_back(name: str) -> None:
    codec = CODECS[name]
    assert wrong(name, codec.decode) == []
    for row in VECTORS:
        if row["codec"] == name:
            raw = bytes.fromhex(row["hex"])
            assert codec.encode(codec.decode(raw)) == raw, row["hex"]


def test_every_family_of_others_has_published_vectors() -> None:
    tested = {row["codec"] for row in VECTORS}
    assert {"cosem-date-time", "mbus-f", "mbus-g", "cp56time2a", "gsm-scts", "doy-cyyddd"} <= tested
    assert {f"sts-tid-{year}" for year in (1993, 2014, 2035)} <= tested


@pytest.mark.slow("all values of a codec")
@each_cell("codec", CODECS.values(), ids=CODECS)
def test_all_that_it_can_say_is_read_back(codec: Codec) -> None:
    said = moments(codec)
    assert len(said) >= 100, codec.name
    for stamp in said:
        raw = codec.encode(stamp)
        assert len(raw) == codec.size_bytes
        assert codec.decode(raw) == stamp, (codec.name, raw.hex())
    assert codec.decode(codec.encode(said[0])).total_ms == codec.first.total_ms


@pytest.mark.slow("tries every value")
@each_cell("name", [n for n, c in CODECS.items() if c.size_bytes == 2], short=2)
def test_two_bytes_are_tried_whole(name: str) -> None:
    codec, read = CODECS[name], 0
    step = 7 if isinstance(codec, Count) and codec.bits == 16 else 1
    for number in range(0, 0x10000, step):
        raw = number.to_bytes(2, "big")
        try:
            stamp = codec.decode(raw)
        except TimestampError:
            continue
        read += 1
        assert codec.encode(stamp) == raw, raw.hex()
    alone = {"en1545-days": 1 << 14, "mbus-g": MBUS_G_READ, "fat-date": FAT_DATES}
    want = alone.get(name, -(-0x10000 // step))
    assert read == want


def _mbus_g_read() -> int:
    """Count the dates and wildcards of type G without its codec, by datetime."""
    dates = (datetime(2081, 1, 1, tzinfo=UTC) - datetime(1981, 1, 1, tzinfo=UTC)).days
    any_day = 100 * 13 + 13  # of each month or any, in each year or any
    any_month = 31 * 100 + 31
    any_year = 366
    return dates + any_day + any_month + any_year


MBUS_G_READ = _mbus_g_read()
FAT_DATES = (datetime(2108, 1, 1, tzinfo=UTC) - datetime(1980, 1, 1, tzinfo=UTC)).days


@pytest.mark.slow("tries every value")
@each_cell("codec", CODECS.values(), ids=CODECS)
def test_bytes_by_chance_are_refused_or_written_back(codec: Codec) -> None:
    draw = Random(27)
    for _ in range(2000):
        raw = draw.randbytes(codec.size_bytes)
        try:
            stamp = codec.decode(raw)
        except TimestampError:
            continue
        assert codec.encode(stamp) == raw, (codec.name, raw.hex())


@each_cell("codec", CODECS.values(), ids=CODECS)
def test_outside_its_range_and_its_size_it_refuses(codec: Codec) -> None:
    for ms in (codec.first.total_ms - codec.step_ms, codec.last.total_ms + codec.step_ms):
        if codec.first.year == 1 and ms < codec.first.total_ms:
            continue  # before the year 1 there is no date to ask for
        with pytest.raises(TimestampError):
            codec.encode(codec.fitted(_carried(codec, ms)))
    for size in (0, codec.size_bytes - 1, codec.size_bytes + 1):
        with pytest.raises(TimestampError, match=f"expected {codec.size_bytes} bytes, got {size}"):
            codec.decode(bytes(size))


@each_cell("codec", CODECS.values(), ids=CODECS)
def test_what_would_be_lost_is_refused(codec: Codec) -> None:
    whole = _carried(codec, day_number(2010, 3, 4) * DAY_MS)
    finer = Stamp(
        **{name: getattr(whole, name) for name in Stamp.__slots__}
        | {"hour": 0, "minute": 0, "second": 0, "millisecond": 1}
    )
    if codec.step_ms > 1:
        with pytest.raises(TimestampError, match="would be lost"):
            codec.fitted(finer)
    for name, value in (("offset_min", 60), ("summer", True), ("weekday", 4), ("flags", ("x",))):
        if name not in codec.carries:
            odd = Stamp(**{n: getattr(whole, n) for n in Stamp.__slots__} | {name: value})
            with pytest.raises(TimestampError, match="no room"):
                codec.encode(odd)


def test_special_values_are_no_dates() -> None:
    shown = 0
    for codec in CODECS.values():
        for raw, meaning in codec.specials:
            stamp = codec.decode(raw)
            assert stamp == Stamp(special=meaning)
            assert codec.encode(stamp) == raw
            shown += 1
        with pytest.raises(TimestampError, match="no 'never'"):
            codec.encode(Stamp(special="never"))
    assert shown == 9


def test_counts_are_those_of_datetime() -> None:
    units = {1000: "seconds", 60_000: "minutes", DAY_MS: "days"}
    for codec in CODECS.values():
        if not isinstance(codec, Count):
            continue
        epoch = datetime(1970, 1, 1) + timedelta(milliseconds=codec.epoch_ms)  # noqa: DTZ001
        draw = Random(codec.name)
        low, high = (
            (-(1 << codec.bits - 1), 1 << codec.bits - 1) if codec.signed else (0, 1 << codec.bits)
        )
        for count in (low, high - 2, *(draw.randrange(low, high) for _ in range(200))):
            raw = count.to_bytes(codec.size_bytes, codec.order, signed=codec.signed)
            try:
                want = epoch + timedelta(**{units[codec.step_ms]: count})
            except OverflowError:  # datetime ends with the year 9999
                continue
            assert (
                str(codec.decode(raw))
                == want.strftime("%Y-%m-%d %H:%M:%S")[
                    : {1000: 19, 60_000: 16, DAY_MS: 10}[codec.step_ms]
                ]
            )


def test_unix_seconds_are_those_of_struct() -> None:
    at = int(datetime(2020, 7, 3, 21, 1, tzinfo=UTC).timestamp())
    for name, packed in (
        ("unix-u32", ">I"),
        ("unix-i32", ">i"),
        ("unix-u32-le", "<I"),
        ("unix-i32-le", "<i"),
    ):
        assert str(CODECS[name].decode(struct.pack(packed, at))) == "2020-07-03 21:01:00"


def test_fat_is_what_zip_files_carry() -> None:
    """The standard library writes the same four bytes into a local file header, at offset 10."""
    fat, draw = CODECS["fat-datetime"], Random(7)
    for _ in range(300):
        y, mo, d = draw.randint(1980, 2107), draw.randint(1, 12), draw.randint(1, 28)
        h, mi, s = draw.randrange(24), draw.randrange(60), 2 * draw.randrange(30)
        into = BytesIO()
        with zipfile.ZipFile(into, "w") as archive:
            archive.writestr(zipfile.ZipInfo("x", (y, mo, d, h, mi, s)), b"")
        raw = into.getvalue()[10:14]
        assert str(fat.decode(raw)) == f"{y}-{mo:02}-{d:02} {h:02}:{mi:02}:{s:02}"


def test_those_of_our_cards_agree_with_what_the_cards_use() -> None:
    draw = Random(5)
    bcd, packed = CODECS["bcd-yymmddhhmm"], CODECS["packed-minute"]
    for stamp in moments(bcd):
        assert str(decode_bcd_minute(bcd.encode(stamp))) == str(stamp)
        assert str(unpack_minute(int.from_bytes(packed.encode(stamp), "big"))) == str(stamp)
    with pytest.raises(TimestampError, match="no day 31"):
        bcd.decode(bytes.fromhex("2002310000"))
    assert draw is not None


@each_cell(
    ("name", "raw", "said"),
    [
        ("bcd-yymmddhhmm", "2002300000", "no day 30"),
        ("bcd-yymmddhhmm", "2a07032301", "a is no digit"),
        ("bcd-yymmddhhmm", "2007032401", "hour 24"),
        ("bcd-yymmddhhmm", "2013012301", "month 13"),
        ("emv-yymmdd", "230229", "no day 29"),
        ("doy-cyyddd", "0123366F", "day 366 of 2023"),
        ("doy-cyyddd", "0123365C", "expected F"),
        ("gsm-scts", "718013111245A3", "no digit of the zone"),
        ("gsm-scts", "71801311124508", "minus zero"),
        ("mbus-f", "3c37e12a", "minute 60"),
        ("mbus-g", "df2d", "month 13"),
        ("cp56time2a", "60EA0304650613", "second_ms 60000"),
        ("cosem-date-time", "07E40D01FF00030000FF8800", "month 13"),
        ("cosem-date-time", "07E40101FF19030000FF8800", "hour 25"),
        ("cosem-date-time", "07E40101FF00030000034900", "deviation 841"),
        ("cosem-date-time", "07E40101FF00030064FF8800", "hundredths 100"),
        ("days2000-minute", "000005A0", "minute of the day 1440"),
        ("en1545-days", "4000", "more than 14 bits"),
        ("fat-datetime", "1E000000", "second 30"),
    ],
)
def test_bytes_that_are_no_date_say_why(name: str, raw: str, said: str) -> None:
    with pytest.raises(TimestampError, match=said):
        CODECS[name].decode(bytes.fromhex(raw))


def test_wildcards_stay_wildcards() -> None:
    cosem = CODECS["cosem-date-time"]
    every = cosem.decode(bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF"))
    assert str(every) == "****-**-**"
    assert not every.whole
    begins = cosem.decode(bytes.fromhex("FFFFFEFE0702000000800000"))
    assert begins.flags == ("month in which it begins", "last day of the month")
    assert (begins.month, begins.day, begins.weekday) == (None, None, 7)
    assert cosem.encode(begins) == bytes.fromhex("FFFFFEFE0702000000800000")
    yearly = CODECS["mbus-f"].decode(bytes.fromhex("003ff1fc"))
    assert (yearly.year, yearly.month, yearly.day) == (None, 12, 17)


def test_a_weekday_of_another_day_is_a_doubt() -> None:
    cp56 = CODECS["cp56time2a"]
    assert cp56.decode(bytes.fromhex("01020304650613")).doubts() == ()
    assert "is not that day's, 3" in cp56.decode(bytes.fromhex("01020304450613")).doubts()[0]
    assert cp56.decode(bytes.fromhex("01028304650613")).doubts() == ("invalid",)
