"""Instants as people read them: legal time first, UTC next to it.

Through `datetime` and `zoneinfo`, on purpose: the program that wrote the bytes has a calendar and a
zone of its own in integers, and what is explained here checks it.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from card_protocol.timestamp import Civil
from meter_emu.rows import Meaning
from meter_emu.zones import TimeZone

NO_MINUTE: Final = 0xFFFFFFFF
MINUTES_A_DAY: Final = 24 * 60
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_2000: Final = datetime(2000, 1, 1, tzinfo=UTC)


def moment(utc: datetime, zone: TimeZone, *, minutes: bool = False) -> str:
    """Return an instant as legal time and UTC; `minutes` leaves the seconds out."""
    legal = utc.astimezone(zone.info)
    clock = "%H:%M" if minutes else "%H:%M:%S"
    other = clock if utc.date() == legal.date() else f"%Y-%m-%d {clock}"
    return f"{legal:%Y-%m-%d {clock}} legal, {utc:{other}} UTC"


def legal_second_2000(value: int, zone: TimeZone) -> Meaning:
    """Explain seconds since 2000-01-01 00:00 UTC."""
    return Meaning(moment(_EPOCH_2000 + timedelta(seconds=value), zone))


def day_2000(value: int) -> Meaning:
    """Explain days since 2000-01-01."""
    return Meaning(f"{_EPOCH_2000 + timedelta(days=value):%Y-%m-%d}")


def legal_minute_2000(value: int, zone: TimeZone) -> str:
    """Return the words for minutes since 2000-01-01 00:00 UTC, 32 bits of them."""
    if value == NO_MINUTE:
        return "at a time unknown"
    return _minutes(_EPOCH_2000, value, zone)


def minute_1970(value: int, zone: TimeZone) -> Meaning:
    """Explain minutes since 1970-01-01 00:00 UTC, 32 bits of them."""
    return Meaning("none" if value == NO_MINUTE else _minutes(_EPOCH, value, zone))


def minute_of_day(value: int) -> Meaning:
    """Explain a minute of the legal day."""
    good = value < MINUTES_A_DAY
    return Meaning(f"{value // 60:02}:{value % 60:02} legal", "" if good else "expected 0 to 1439")


def later_minute_1970(when: Civil, zone: TimeZone) -> int | None:
    """Return the instant of a legal time, the later where it is two; `None` for no such date."""
    try:
        legal = datetime(*when, tzinfo=zone.info)
        readings = (legal, legal.replace(fold=1))
        return max(
            (reading.astimezone(UTC) - _EPOCH) // timedelta(minutes=1) for reading in readings
        )
    except (ValueError, OverflowError):
        return None


def _minutes(since: datetime, value: int, zone: TimeZone) -> str:
    try:
        return moment(since + timedelta(minutes=value), zone, minutes=True)
    except OverflowError:  # datetime ends with the year 9999, 32 bits in 10136
        return "after 9999"
