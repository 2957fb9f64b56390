"""What a timestamp says, by `datetime`: the one calendar here that is not ours.

Each encoding is read from the document that docs/timestamps.md names, in a line or two.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

_CYCLE_DAYS, _CYCLE_YEARS = 146_097, 400  # the Gregorian calendar begins again
_A_DAY: Final = {"days": 1, "minutes": 1_440, "seconds": 86_400}


class ReadMoment(NamedTuple):
    """A moment to the millisecond, its offset from UTC, summer time and weekday, where written."""

    when: tuple[int, ...]
    offset_min: int | None = None
    summer: bool | None = None
    weekday: int | None = None


def _moment(year: int, *rest: int, **more: Any) -> ReadMoment | None:  # noqa: ANN401 - of ReadMoment
    """Return year, month, day, hour, minute, second, ms as a moment; `None` where there is none."""
    if not 1 <= year <= 0xFFFE:
        return None
    *fields, ms = (*rest, *(0,) * (6 - len(rest)))
    try:
        datetime(2000 + year % _CYCLE_YEARS, *fields)  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        return None
    return ReadMoment((year, *fields, ms), **more)


def moment_since(year: int, unit: str, count: int, month: int = 1, day: int = 1) -> ReadMoment:
    """Return the moment so many `days`, `minutes` or `seconds` after a day."""
    cycles, rest = divmod(count, _CYCLE_DAYS * _A_DAY[unit])
    at = datetime(year, month, day) + timedelta(**{unit: rest})  # noqa: DTZ001
    return ReadMoment((at.year + _CYCLE_YEARS * cycles, *at.timetuple()[1:6], 0))


def _digits(pattern: str, pivot: int = 99) -> Callable[[bytes], ReadMoment | None]:
    places = {letter: re.search(f"{letter}+", pattern) for letter in "YMDJChms"}
    form = re.compile(re.sub("[A-EG-Zhms]", "[0-9]", pattern).replace("F", "f"))

    def read(raw: bytes) -> ReadMoment | None:
        text = raw.hex()
        if not form.fullmatch(text):
            return None
        found = {
            letter: int(text[at.start() : at.end()]) if at else 0 for letter, at in places.items()
        }
        year = found["Y"]
        if "C" in pattern:
            year += 1900 + 100 * found["C"]
        elif "YYYY" not in pattern:
            year += 2000 if year <= pivot else 1900
        month, day = found["M"], found["D"]
        if "J" in pattern:
            at = moment_since(year, "days", found["J"] - 1).when
            if at[0] != year:
                return None
            month, day = at[1:3]
        return _moment(year, month, day, found["h"], found["m"], found["s"])

    return read


def _bytewise(letters: str, *, bcd: bool) -> Callable[[bytes], ReadMoment | None]:
    """Read a byte a field; a weekday that is the date's own is not said."""

    def read(raw: bytes) -> ReadMoment | None:
        if bcd and not raw.hex().isdecimal():
            return None
        values = [int(raw[at : at + 1].hex()) if bcd else raw[at] for at in range(len(raw))]
        found = {"C": 20, "h": 0, "m": 0, "s": 0, **dict(zip(letters, values, strict=True))}
        year = (100 if bcd or "C" not in letters else 256) * found["C"] + found["Y"]
        said = _moment(year, *(found[letter] for letter in "MDhms"))
        if said is None or year > (9999 if "C" in letters else 2099) or found.get("W", 0) > 6:
            return None
        month, day = said.when[1:3]
        own = datetime(2000 + year % _CYCLE_YEARS, month, day).isoweekday()  # noqa: DTZ001
        written = (found["W"] or 7) if "W" in letters else own
        return said if written == own else said._replace(weekday=written)

    return read


def _gsm(raw: bytes) -> ReadMoment | None:
    quarters, sign = 10 * (raw[6] & 7) + (raw[6] >> 4), -1 if raw[6] & 8 else 1
    swapped = bytes((byte & 0xF) << 4 | byte >> 4 for byte in raw[:6])
    said = _digits("YYMMDDhhmmss", 69)(swapped)
    if said is None or raw[6] >> 4 > 9 or (sign < 0 and not quarters):
        return None
    return said._replace(offset_min=15 * quarters * sign)


def _count(
    year: int,
    unit: str,
    byte_order: str = "big",
    *,
    signed: bool = False,
    none: int | None = None,
    **more: int,
) -> Callable[[bytes], ReadMoment | None]:
    def read(raw: bytes) -> ReadMoment | None:
        count = int.from_bytes(raw, byte_order, signed=signed)  # type: ignore[arg-type]
        return None if count == none else moment_since(year, unit, count, **more)

    return read


def _bits(raw: bytes, *places: tuple[int, int]) -> list[int]:
    """Return numbers in an integer with the low byte first, each from a bit on and so wide."""
    value = int.from_bytes(raw, "little")
    return [value >> low & (1 << width) - 1 for low, width in places]


def _or_none(number: int, every: int) -> int:
    return 0 if number == every else number


def _mbus_f(raw: bytes) -> ReadMoment | None:
    places = ((0, 6), (8, 5), (16, 5), (24, 4), (21, 3), (28, 4), (13, 2), (15, 1))
    minute, hour, day, month, low, high, hundreds, summer = _bits(raw, *places)
    year = low + 8 * high
    year += 2000 if not hundreds and year <= 80 else 1900 + 100 * hundreds
    if low + 8 * high > 99:
        return None
    return _moment(year, month, day, _or_none(hour, 31), _or_none(minute, 63), summer=bool(summer))


def _two_digits_of_mbus(low: int, high: int) -> int:
    year = low + 8 * high
    return 0 if year > 99 else year + (2000 if year <= 80 else 1900)


def _mbus_g(raw: bytes) -> ReadMoment | None:
    day, low, month, high = _bits(raw, (0, 5), (5, 3), (8, 4), (12, 4))
    return _moment(_two_digits_of_mbus(low, high), month, day)


def _mbus_i(raw: bytes) -> ReadMoment | None:
    places = ((0, 6), (8, 6), (16, 5), (24, 5), (32, 4), (29, 3), (36, 4), (6, 1), (21, 3))
    second, minute, hour, day, month, low, high, summer, weekday = _bits(raw, *places)
    times = (_or_none(hour, 31), _or_none(minute, 63), _or_none(second, 63))
    year = _two_digits_of_mbus(low, high)
    return _moment(year, month, day, *times, summer=bool(summer), weekday=weekday or None)


def _cp56(raw: bytes) -> ReadMoment | None:
    places = ((0, 16), (16, 6), (24, 5), (32, 5), (40, 4), (48, 7), (31, 1), (37, 3))
    ms, minute, hour, day, month, year, summer, weekday = _bits(raw, *places)
    second, ms = divmod(ms, 1000)
    if year > 99:
        return None
    more = {"summer": bool(summer), "weekday": weekday or None}
    return _moment(2000 + year, month, day, hour, minute, second, ms, **more)


def _fat(raw: bytes) -> ReadMoment | None:
    second, minute, hour, day, month, year = _bits(
        raw, (0, 5), (5, 6), (11, 5), (16, 5), (21, 4), (25, 7)
    )
    return _moment(1980 + year, month, day, hour, minute, 2 * second)


def _packed(raw: bytes) -> ReadMoment | None:
    minute, hour, day, month, year = _bits(raw[::-1], (0, 6), (6, 5), (11, 5), (16, 4), (20, 7))
    return None if year > 99 else _moment(2000 + year, month, day, hour, minute)


def _day_and_minute(raw: bytes) -> ReadMoment | None:
    day, minute = int.from_bytes(raw[:2], "big"), int.from_bytes(raw[2:], "big")
    return None if minute > 1439 else moment_since(2000, "minutes", 1440 * day + minute)


def _cosem(raw: bytes) -> ReadMoment | None:
    deviation, status = int.from_bytes(raw[9:11], "big", signed=True), raw[11]
    weekday = None if raw[4] == 0xFF else raw[4]
    any_offset = deviation == -0x8000
    if not any_offset and abs(deviation) > 840:
        return None
    if (raw[8] > 99 and raw[8] != 0xFF) or weekday not in {None, 1, 2, 3, 4, 5, 6, 7}:
        return None
    times = (_or_none(byte, 0xFF) for byte in raw[5:8])
    return _moment(
        int.from_bytes(raw[:2], "big"), raw[2], raw[3], *times, 10 * _or_none(raw[8], 0xFF),
        offset_min=None if any_offset else -deviation,
        summer=None if status == 0xFF else status > 0x7F, weekday=weekday,
    )  # fmt: skip


def _seconds(tail: str, byte_order: str) -> dict[str, Callable[[bytes], ReadMoment | None]]:
    return {
        f"unix-u32{tail}": _count(1970, "seconds", byte_order),
        f"unix-i32{tail}": _count(1970, "seconds", byte_order, signed=True),
        f"s2000-u32{tail}": _count(2000, "seconds", byte_order, none=0xFFFFFFFF),
        f"s2000-i32{tail}": _count(2000, "seconds", byte_order, signed=True),
    }


def _ticks(
    year: int, per_s: int, bits: int, byte_order: str = "big"
) -> Callable[[bytes], ReadMoment | None]:
    def read(raw: bytes) -> ReadMoment | None:
        count = int.from_bytes(raw, byte_order)  # type: ignore[arg-type]
        if count >= 2**bits:
            return None
        seconds, finer = divmod(count, per_s)
        at = moment_since(year, "seconds", seconds)
        return at._replace(when=(*at.when[:6], 1000 * finer // per_s))

    return read


def _fat_date(raw: bytes) -> ReadMoment | None:
    day, month, year = _bits(raw, (0, 5), (5, 4), (9, 7))
    return _moment(1980 + year, month, day)


def _cosem_date(raw: bytes) -> ReadMoment | None:
    said = _cosem(raw + bytes.fromhex("00000000800000"))
    return None if said is None else said._replace(summer=None)


def _knx_date(raw: bytes) -> ReadMoment | None:
    day, month, year = (byte & mask for byte, mask in zip(raw, (0x1F, 0xF, 0x7F), strict=True))
    return None if year > 99 else _moment(year + (1900 if year >= 90 else 2000), month, day)


def _knx_date_time(raw: bytes) -> ReadMoment | None:
    times = (raw[3] & 0x1F, raw[4] & 0x3F, raw[5] & 0x3F)
    more = {"summer": raw[6] & 1 == 1, "weekday": raw[3] >> 5 or None}
    return _moment(1900 + raw[0], raw[1] & 0xF, raw[2] & 0x1F, *times, **more)


_WORDS: Final = {"C": "yy", "W": "ww", "h": "hh", "m": "mm", "s": "ss"}
_ORDERS: Final = (
    "YMD", "YMDhm", "YMDhms", "DMY", "DMYhm", "DMYhms", "CYMD", "CYMDhm", "CYMDhms", "DMCY",
    "DMCYhm", "DMCYhms", "mhDMY", "smhDMY", "hmsDMY", "WDMY", "YMDW", "YMDWhms", "smhWDMY",
    "smhDWMY",
)  # fmt: skip


def _families() -> Iterator[tuple[str, Callable[[bytes], ReadMoment | None]]]:
    for form in ("bcd", "bin"):
        for order in _ORDERS:
            words = "".join(_WORDS.get(one, 2 * one.lower()) for one in order)
            yield f"{form}-{words}", _bytewise(order, bcd=form == "bcd")


SAID_BY: Final[dict[str, Callable[[bytes], ReadMoment | None]]] = {
    "emv-yymmdd": _digits("YYMMDD", 49),
    "doy-yydddhhmm": _digits("0YYJJJhhmm"),
    "doy-cyyddd": _digits("0CYYJJJF"),
    "gsm-scts": _gsm,
    **_seconds("", "big"),
    **_seconds("-le", "little"),
    "ntp-u32": _count(1900, "seconds"),
    "min2000-u32": _count(2000, "minutes", none=0xFFFFFFFF),
    "min1970-u32": _count(1970, "minutes"),
    **{f"sts-tid-{year}": _count(year, "minutes") for year in (1993, 2014, 2035)},
    "min2000-u24": _count(2000, "minutes"),
    "min2000-u16": _count(2000, "minutes"),
    "days2000-u16": _count(2000, "days"),
    "mjd-u16": _count(1858, "days", month=11, day=17),
    "en1545-days": lambda raw: None if raw[0] > 0x3F else _count(1997, "days")(raw),
    "days2000-minute": _day_and_minute,
    "packed-minute": _packed,
    "fat-datetime": _fat,
    "mbus-f": _mbus_f,
    "mbus-g": _mbus_g,
    "mbus-i": _mbus_i,
    "cp56time2a": _cp56,
    "cosem-date-time": _cosem,
    "min2000-u32-le": _count(2000, "minutes", "little"),
    "min1970-u32-le": _count(1970, "minutes", "little"),
    "min2000-u24-le": _count(2000, "minutes", "little"),
    "days2000-u16-le": _count(2000, "days", "little"),
    "days1970-u16": _count(1970, "days"),
    "days1970-u16-le": _count(1970, "days", "little"),
    "fat-date": _fat_date,
    "cosem-date": _cosem_date,
    "knx-date": _knx_date,
    "knx-date-time": _knx_date_time,
    "ntp-64": _ticks(1900, 1 << 32, 64),
    "filetime": _ticks(1601, 10_000_000, 63, "little"),
    "unix-u64": _ticks(1970, 1, 40),
    "unix-u64-le": _ticks(1970, 1, 40, "little"),
    "unix-ms-u64": _ticks(1970, 1_000, 50),
    "unix-ms-u64-le": _ticks(1970, 1_000, 50, "little"),
    **dict(_families()),
}
