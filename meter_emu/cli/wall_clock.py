"""The clock that a vending system counts minutes on, named by hand: UTC, or a zone's legal time."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from meter_emu.errors import ConfigError

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE: Final = timedelta(minutes=1)
_WHERE: Final = "--basis"


def basis_zone(name: str) -> ZoneInfo:
    """Return the zone of `utc` or of a name such as `Africa/Johannesburg`."""
    try:
        return ZoneInfo("UTC" if name.lower() == "utc" else name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        why = f"no zone {name!r}; expected utc, or a name such as Africa/Johannesburg"
        raise ConfigError(_WHERE, "", why) from None


def issue_min(text: str | None, zone: ZoneInfo) -> tuple[int, int]:
    """Return an instant in minutes since 1970 UTC, and how far the zone's clock is ahead of it.

    A time without an offset is what that clock shows; `None` is now. Raise `ConfigError` for a time
    that the clock shows twice or never.
    """
    if text is None:
        instant = datetime.now(UTC)
    else:
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            why = f"expected a time such as '2020-07-03 23:01' or 2020-07-03T23:01Z, got {text!r}"
            raise ConfigError("--issued-at", "", why) from None
        if instant.tzinfo is None:
            instant = _only_reading(instant, zone)
    try:
        ahead = instant.astimezone(zone).utcoffset()
    except OverflowError:
        raise ConfigError("--issued-at", "", f"{text} is out of range") from None
    assert ahead is not None, "the zone is known"
    return (instant - _EPOCH) // _MINUTE, ahead // _MINUTE


def _only_reading(wall: datetime, zone: ZoneInfo) -> datetime:
    found = readings(wall, zone)
    if len(found) != 1:
        times = "never" if not found else "twice"
        why = f"{zone.key} shows {wall:%Y-%m-%d %H:%M} {times}; write it with an offset or Z"
        raise ConfigError("--issued-at", "", why)
    return found[0]


def readings(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return the instants at which a zone's clock shows a time: none, one or two."""
    found = []
    for fold in (0, 1):
        try:
            instant = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        except OverflowError:
            continue
        if instant.astimezone(zone).replace(tzinfo=None) == wall and instant not in found:
            found.append(instant)
    return found


def shown(minute: int) -> str:
    """Return what a clock shows so many of its own minutes after 1970-01-01 00:00."""
    return f"{_on_the_wall(minute):%Y-%m-%d %H:%M}"


def _on_the_wall(minute: int) -> datetime:
    return datetime(1970, 1, 1) + minute * _MINUTE  # noqa: DTZ001  no zone is meant


def wall_words(minute: int, zone: ZoneInfo | None) -> str:
    """Return what the clock shows so many minutes after 1970, and the UTC of it if known."""
    text = shown(minute)
    if zone is None:
        return f"{text} on the vending system's clock"
    found = [f"{one:%Y-%m-%d %H:%M}" for one in readings(_on_the_wall(minute), zone)]
    if zone.key == "UTC":
        return f"{text} UTC"
    given = " or ".join(found) + " UTC" if found else "a time that it never shows"
    return f"{text} {zone.key}, {given}"
