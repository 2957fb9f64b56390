"""COSEM date-time: twelve bytes with wildcards, an offset and the state of the clock.

DLMS UA Blue Book, 4.1.6.1, read in the public tests of u9n/dlms-cosem (`tests/test_time.py`) and in
the issues that `docs/date-bugs.md` names. The deviation is UTC minus local time, so UTC = local
time + deviation; `Stamp.offset_min` has the opposite sign.
"""

from dataclasses import dataclass, replace
from typing import Final, final

from typing_extensions import override

from card_protocol.errors import TimestampError
from card_protocol.timestamp.days import day_number
from card_protocol.timestamp.encoding import Basis, End, EndKind, YearCodec
from card_protocol.timestamp.stamp import DAY_MS, Stamp, stamp_at

NOT_SPECIFIED: Final = 0xFF
_YEAR_ANY: Final = 0xFFFF
_YEAR_LAST: Final = 0xFFFE
_DEVIATION_ANY: Final = -0x8000
DEVIATION_MIN_MAX: Final = 840  # minutes either way; older books have 720
_MONTHS: Final = {0xFD: "month in which summer time ends", 0xFE: "month in which it begins"}
_DAYS: Final = {0xFD: "second last day of the month", 0xFE: "last day of the month"}
STATUS: Final = {
    0x01: "invalid value",
    0x02: "doubtful value",
    0x04: "different clock base",
    0x08: "invalid clock status",
    0x10: "spare bit 4 of the status",
    0x20: "spare bit 5 of the status",
    0x40: "spare bit 6 of the status",
}
_SUMMER: Final = 0x80
_NO_STATUS: Final = "clock status not specified"


_DATE_BYTES: Final = 5
_NO_TIME: Final = bytes.fromhex("ffffffff8000ff")  # behind a date: nothing of it is specified


@final
@dataclass(frozen=True, kw_only=True)
class CosemDateTime(YearCodec):
    """year 2, month, day, weekday, hour, minute, second, hundredths, deviation 2, status.

    One of five bytes is a date alone, which ends with the weekday.
    """

    @property
    @override
    def _year_range(self) -> tuple[int, int]:
        return (1, _YEAR_LAST)

    @property
    @override
    def spellings(self) -> int:
        # Weekday or none, deviation, status.
        return 2 if self._alone else 2 * (2 * DEVIATION_MIN_MAX + 2) * 3

    @property
    def _alone(self) -> bool:
        return self.size_bytes == _DATE_BYTES

    @override
    def ends(self) -> tuple[End, ...]:
        at = stamp_at(day_number(_YEAR_LAST + 1, 1, 1) * DAY_MS, self.step_ms)
        then = "the year FFFF means not specified"
        return (End(self.name, EndKind.LAST, self.last, at, then),)

    @override
    def _read(self, raw: bytes) -> Stamp:
        if self._alone:
            stamp = self._whole(raw + _NO_TIME)
            return replace(stamp, flags=tuple(one for one in stamp.flags if one != _NO_STATUS))
        return self._whole(raw)

    def _whole(self, raw: bytes) -> Stamp:
        year = int.from_bytes(raw[:2], "big")
        if not year:
            raise TimestampError("year 0 is not 1-65534")
        deviation = int.from_bytes(raw[9:11], "big", signed=True)
        if deviation != _DEVIATION_ANY and abs(deviation) > DEVIATION_MIN_MAX:
            most = f"-{DEVIATION_MIN_MAX} to {DEVIATION_MIN_MAX} min"
            raise TimestampError(f"deviation {deviation} is not {most}")
        hundredths = raw[8]
        if hundredths > 99 and hundredths != NOT_SPECIFIED:
            raise TimestampError(f"hundredths {hundredths} is not 0-99")
        flags = [
            names[byte] for names, byte in ((_MONTHS, raw[2]), (_DAYS, raw[3])) if byte in names
        ]
        status = raw[11]
        if status == NOT_SPECIFIED:
            flags.append(_NO_STATUS)
        else:
            flags += [name for bit, name in STATUS.items() if status & bit]
        return Stamp(
            year=None if year == _YEAR_ANY else year,
            month=None if raw[2] in _MONTHS else _value(raw[2]),
            day=None if raw[3] in _DAYS else _value(raw[3]),
            weekday=_value(raw[4]),
            hour=_value(raw[5]),
            minute=_value(raw[6]),
            second=_value(raw[7]),
            millisecond=None if hundredths == NOT_SPECIFIED else 10 * hundredths,
            offset_min=None if deviation == _DEVIATION_ANY else -deviation,
            summer=None if status == NOT_SPECIFIED else bool(status & _SUMMER),
            flags=tuple(flags),
        )

    @override
    def _write(self, stamp: Stamp) -> bytes:
        year = _YEAR_ANY if stamp.year is None else stamp.year
        if not 1 <= year <= _YEAR_ANY or stamp.year == _YEAR_ANY:
            raise TimestampError(f"year {year} is not 1-65534")
        known = {*_MONTHS.values(), *_DAYS.values(), *STATUS.values(), _NO_STATUS}
        if unknown := [flag for flag in stamp.flags if flag not in known]:
            raise TimestampError(f"it has no mark {unknown[0]!r}")
        offset = stamp.offset_min
        if offset is not None and abs(offset) > DEVIATION_MIN_MAX:
            raise TimestampError(f"offset {offset} min is more than {DEVIATION_MIN_MAX}")
        ms = stamp.millisecond
        status = sum(bit for bit, name in STATUS.items() if name in stamp.flags)
        status |= _SUMMER if stamp.summer else 0
        if _NO_STATUS in stamp.flags:
            status = NOT_SPECIFIED
        elif stamp.summer is None and not self._alone:
            raise TimestampError("it needs the summer-time bit, or a status not specified")
        fields = (stamp.weekday, stamp.hour, stamp.minute, stamp.second)
        written = (
            year.to_bytes(2, "big")
            + bytes((_wild(stamp.month, _MONTHS, stamp), _wild(stamp.day, _DAYS, stamp)))
            + bytes(NOT_SPECIFIED if value is None else value for value in fields)
            + bytes((NOT_SPECIFIED if ms is None else ms // 10,))
            + (_DEVIATION_ANY if offset is None else -offset).to_bytes(2, "big", signed=True)
            + bytes((status,))
        )
        return written[: self.size_bytes]


def _value(byte: int) -> int | None:
    return None if byte == NOT_SPECIFIED else byte


def _wild(value: int | None, wildcards: dict[int, str], stamp: Stamp) -> int:
    """Return the byte of a month or day: its number, a wildcard that a flag names, or FF."""
    if value is not None:
        return value
    named = [byte for byte, name in wildcards.items() if name in stamp.flags]
    return named[0] if named else NOT_SPECIFIED


COSEM: Final = CosemDateTime(
    name="cosem-date-time",
    title="COSEM date-time",
    size_bytes=12,
    basis=Basis.OFFSET,
    step_ms=10,
    source="DLMS UA Blue Book, 4.1.6.1, as in the tests of u9n/dlms-cosem",
    carries=frozenset({"weekday", "offset_min", "summer", "flags"}),
)

COSEM_DATE: Final = CosemDateTime(
    name="cosem-date",
    title="COSEM date",
    size_bytes=_DATE_BYTES,
    basis=Basis.CIVIL,
    step_ms=DAY_MS,
    source="DLMS UA Blue Book, 4.1.6.1: the first five bytes of a date-time",
    cannot=("a time of day",),
    carries=frozenset({"weekday", "flags"}),
)
