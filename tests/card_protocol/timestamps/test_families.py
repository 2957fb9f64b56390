"""One instant in all encodings that people expect, built by `datetime` and `struct` alone."""

import struct
from datetime import UTC, datetime, timedelta
from itertools import product

from card_protocol.timestamp.registry import CODECS
from card_protocol.timestamp.stamp import Stamp
from meter_emu.foreign.plausible import Guess, Rank, guesses
from tests.cells import each_cell

UTC_AT = datetime(2020, 7, 3, 21, 1, 6, tzinfo=UTC)  # in Brussels 23:01:06, a Friday
LEGAL = UTC_AT + timedelta(hours=2)
AROUND_MS = 1_593_810_060_000
FIELDS = {"C": 20, "Y": 20, "M": 7, "D": 3, "h": 23, "m": 1, "s": 6, "W": 5}
ORDERS = (
    "YMD", "YMDhm", "YMDhms", "CYMD", "CYMDhm", "CYMDhms", "DMY", "DMYhm", "DMYhms", "DMCY",
    "DMCYhm", "DMCYhms", "mhDMY", "smhDMY", "hmsDMY", "smhWDMY", "smhDWMY", "WDMY", "YMDW",
    "YMDWhms",
)  # fmt: skip


def bytewise(order: str, form: str) -> bytes:
    numbers = dict(FIELDS)
    if form == "bin" and "C" in order:
        numbers["C"], numbers["Y"] = divmod(2020, 256)
    return bytes(int(str(numbers[one]), 16 if form == "bcd" else 10) for one in order)


def since(year: int, month: int = 1, day: int = 1, *, at: datetime = UTC_AT) -> timedelta:
    return at - datetime(year, month, day, tzinfo=UTC)


def both(name: str, form: str, number: int) -> dict[str, bytes]:
    return {
        f"{name}, {order}": struct.pack(f"{end}{form}", number)
        for order, end in (("high byte first", ">"), ("low byte first", "<"))
    }


def counts() -> dict[str, bytes]:
    s1970, s2000 = (int(since(year).total_seconds()) for year in (1970, 2000))
    minutes, days = s2000 // 60, since(2000, at=LEGAL).days
    legal_min = int(since(2014, at=LEGAL).total_seconds()) // 60
    in_day = int(since(2020, 7, 3, at=LEGAL).total_seconds()) // 60
    return {
        **both("s since 1970", "I", s1970),
        **both("s since 2000", "I", s2000),
        **both("s since 1970, 64 bits", "Q", s1970),
        **both("ms since 1970", "Q", 1_000 * s1970),
        **both("min since 2000", "I", minutes),
        **both("min since 1970", "I", s1970 // 60),
        **both("days since 2000", "H", days),
        **both("days since 1970", "H", since(1970, at=LEGAL).days),
        "min since 2000, 24 bits": minutes.to_bytes(3, "big"),
        "min since 2000, 24 bits, low byte first": minutes.to_bytes(3, "little"),
        "STS of 2014": legal_min.to_bytes(3, "big"),
        "s since 1900": struct.pack(">I", int(since(1900).total_seconds())),
        "NTP": struct.pack(">II", int(since(1900).total_seconds()), 0x1234_5678),
        "FILETIME": struct.pack("<Q", int(since(1601).total_seconds()) * 10_000_000 + 17),
        "modified Julian day": struct.pack(">H", since(1858, 11, 17, at=LEGAL).days),
        "EN 1545": struct.pack(">H", since(1997, at=LEGAL).days),
        "day and minute": struct.pack(">HH", days, in_day),
        "s since 2001, Apple": struct.pack(">I", int(since(2001).total_seconds())),
        "s since 1980, GPS": struct.pack(">I", int(since(1980, 1, 6).total_seconds()) + 18),
        "days since 1899, OLE": struct.pack("<d", since(1899, 12, 30) / timedelta(days=1)),
    }


def standards() -> dict[str, bytes]:
    year = 20
    low, high = year % 8, year // 8
    fat = (2020 - 1980) << 9 | 7 << 5 | 3, 23 << 11 | 1 << 5 | 6 // 2
    text = LEGAL.strftime("%y%m%d%H%M%S")
    swapped = "".join(text[at + 1] + text[at] for at in range(0, 12, 2))
    days = LEGAL.timetuple().tm_yday
    return {
        "FAT": struct.pack("<HH", fat[1], fat[0]),
        "FAT, date first": struct.pack("<HH", *fat),
        "FAT, the date alone": struct.pack("<H", fat[0]),
        "M-Bus F, hundreds 0": bytes((1, 0x80 | 23, low << 5 | 3, high << 4 | 7)),
        "M-Bus F": bytes((1, 0x80 | 1 << 5 | 23, low << 5 | 3, high << 4 | 7)),
        "M-Bus G": bytes((low << 5 | 3, high << 4 | 7)),
        "M-Bus I": bytes((0x40 | 6, 1, 5 << 5 | 23, low << 5 | 3, high << 4 | 7, 0)),
        "CP56Time2a": struct.pack("<H", 6_000) + bytes((1, 0x80 | 23, 5 << 5 | 3, 7, year)),
        "COSEM": struct.pack(">HBBBBBBBhB", 2020, 7, 3, 5, 23, 1, 6, 0, -120, 0x80),
        "COSEM, the date alone": struct.pack(">HBBB", 2020, 7, 3, 5),
        "KNX": bytes((3, 7, year)),
        "KNX, with a time": bytes((120, 7, 3, 5 << 5 | 23, 1, 6, 0x01, 0x80)),
        "GSM": bytes.fromhex(swapped + "80"),
        "day of the year": bytes.fromhex(f"0{year}{days:03}2301"),
        "z/OS": bytes.fromhex(f"01{year}{days:03}F"),
        "packed minute": (year << 20 | 7 << 16 | 3 << 11 | 23 << 6 | 1).to_bytes(4, "big"),
        "SYSTEMTIME": struct.pack("<8H", 2020, 7, 5, 3, 23, 1, 6, 0),
        "seconds of one day": in_day().to_bytes(3, "big"),
        "year, week, weekday": bytes.fromhex("202705"),
    }


def in_day() -> int:
    return int(since(2020, 7, 3, at=LEGAL).total_seconds())


ENCODINGS = {
    **{f"{form} {order}": bytewise(order, form) for form, order in product(("bcd", "bin"), ORDERS)},
    **counts(),
    **standards(),
}
UNREAD = {
    "s since 2001, Apple", "s since 1980, GPS", "days since 1899, OLE", "FAT, date first",
    "SYSTEMTIME", "seconds of one day", "year, week, weekday",
}  # fmt: skip


def is_it(guess: Guess) -> bool:
    """Whether a reading is the instant, on the clock that its codec counts, as fine as it says."""
    stamp = guess.stamp
    at = UTC_AT if guess.codec.basis.value == "UTC" else LEGAL
    read = (stamp.year, stamp.month, stamp.day, stamp.hour, stamp.minute, stamp.second)
    want = at.timetuple()[:6]
    return all(one is None or one == wanted for one, wanted in zip(read, want, strict=True))


def best(raw: bytes) -> list[Guess]:
    found = guesses(raw, CODECS.values(), AROUND_MS)
    return [one for one in found if one.rank is Rank.LIKELY]


def test_of_87_encodings_of_one_instant_80_are_read() -> None:
    assert len(ENCODINGS) == 87
    read = {name for name, raw in ENCODINGS.items() if any(map(is_it, best(raw)))}
    assert ENCODINGS.keys() - read == UNREAD


@each_cell("name", [name for name in ENCODINGS if name not in UNREAD])
def test_what_is_read_comes_first(name: str) -> None:
    first = best(ENCODINGS[name])[0]
    assert is_it(first), (name, ENCODINGS[name].hex(), first.codec.name, str(first.stamp))


def test_a_weekday_that_is_the_dates_own_is_written_and_not_said_again() -> None:
    clock = CODECS["bcd-ssmmhhwwddmmyy"]
    raw = bytewise("smhWDMY", "bcd")
    assert clock.decode(raw).weekday is None
    assert clock.encode(clock.decode(raw)) == raw
    sunday = clock.decode(raw[:3] + b"\0" + raw[4:])
    assert (sunday.weekday, len(sunday.doubts())) == (7, 1)


def test_a_mark_that_many_meters_set_lowers_no_rank_and_another_does() -> None:
    usual, marked = ENCODINGS["M-Bus F, hundreds 0"], ENCODINGS["M-Bus F"]
    assert best(usual)[0].codec.name == "mbus-f"
    invalid = bytes((marked[0] | 0x80, *marked[1:]))
    assert "mbus-f" not in {one.codec.name for one in best(invalid)}


def test_what_is_finer_than_a_millisecond_is_kept() -> None:
    for name, codec in (("NTP", "ntp-64"), ("FILETIME", "filetime")):
        stamp = CODECS[codec].decode(ENCODINGS[name])
        assert isinstance(stamp, Stamp)
        assert dict(stamp.extras)["ticks after the millisecond"] > 0
        assert CODECS[codec].encode(stamp) == ENCODINGS[name]
