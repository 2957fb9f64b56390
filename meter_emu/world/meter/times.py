"""True time, and how people write it: the only module of the world that knows zones.

True time is integer microseconds since 1970-01-01 00:00 UTC. People write legal time: date and wall
clock under a zone's rule. `datetime` and `zoneinfo` do the arithmetic here, on purpose: the
firmware has its own calendar in integers, and the two check each other.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from card_protocol.timestamp import Civil
from meter_emu.errors import ConfigError
from meter_emu.units import EPOCH_2000_US, SECOND_US
from meter_emu.zones import TimeZone

YEARS: Final = range(2000, 2100)  # the range of clock chips and generation 1 cards
END_US: Final = 4_102_444_800 * SECOND_US  # 2100-01-01 00:00 UTC

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_US: Final = timedelta(microseconds=1)


def to_us(when: datetime) -> int:
    """Return the instant of an aware datetime in true microseconds."""
    assert when.tzinfo is not None, "a civil time without zone names no instant"
    return (when - _EPOCH) // _ONE_US


def us_to_utc(us: int) -> datetime:
    """Return the instant as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=us)


def us_to_legal(us: int, zone: TimeZone) -> datetime:
    """Return the instant as an aware datetime under the zone's rule."""
    return us_to_utc(us).astimezone(zone.info)


def legal_to_us(when: datetime, zone: TimeZone, *, path: str, key: str) -> int:
    """Return the one instant of a time in a file, under the zone's rule.

    Without offset it must exist exactly once; with an offset, the zone must have that offset at
    that wall clock. It lies from 2000-01-01 00:00 UTC to the end of 2099. Otherwise raise
    `ConfigError` for `key` in the file `path`.
    """
    in_reach = when.year in YEARS
    us = to_us(_reading_meant(when, zone, path=path, key=key)) if in_reach else 0
    if not EPOCH_2000_US <= us < END_US:
        raise ConfigError(path, key, f"expected {YEARS[0]} to {YEARS[-1]}, also in UTC, got {when}")
    return us


def us_to_civil(us: int, zone: TimeZone) -> Civil:
    """Return the legal time of an instant, rounded down to the minute."""
    legal = us_to_legal(us, zone)
    return Civil(legal.year, legal.month, legal.day, legal.hour, legal.minute)


def us_to_iso(us: int, zone: TimeZone) -> str:
    """Return the instant as ISO 8601 with offset, rounded down to the second."""
    return us_to_legal(us, zone).isoformat(timespec="seconds")


def us_to_written(us: int, zone: TimeZone) -> str:
    """Return an instant as files write it: legal time, with its offset if ambiguous."""
    legal = us_to_legal(us, zone)
    wall = legal.replace(tzinfo=None)
    return (legal if len(_readings(wall, zone)) > 1 else wall).isoformat()


def _reading_meant(when: datetime, zone: TimeZone, *, path: str, key: str) -> datetime:
    wall = when.replace(tzinfo=None)
    readings = _readings(wall, zone)
    offsets = " or ".join(f"{reading:%H:%M}{_offset(reading)}" for reading in readings)
    if when.tzinfo is not None:
        for reading in readings:
            if reading.utcoffset() == when.utcoffset():
                return reading
        there = us_to_written(to_us(when), zone)
        raise ConfigError(path, key, f"{when.isoformat()} is {there} in {zone.key}, write that")
    if not readings:
        raise ConfigError(
            path, key, f"{wall} does not exist in {zone.key}: the clock jumps over it"
        )
    if len(readings) > 1:
        raise ConfigError(path, key, f"{wall} exists twice in {zone.key}, write {offsets}")
    return readings[0]


def _readings(wall: datetime, zone: TimeZone) -> list[datetime]:
    """Return the instants the wall clock names: none in a gap, two in a fold, else one."""
    found: list[datetime] = []
    for fold in (0, 1):
        reading = wall.replace(tzinfo=zone.info, fold=fold)
        exists = reading.astimezone(UTC).astimezone(zone.info).replace(tzinfo=None) == wall
        if exists and reading.utcoffset() not in [other.utcoffset() for other in found]:
            found.append(reading)
    return found


def _offset(when: datetime) -> str:
    text = when.strftime("%z")
    return f"{text[:3]}:{text[3:5]}"
