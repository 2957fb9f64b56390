"""Times as tests write them: `"2020-07-03 23:01"` is legal time; or an aware `datetime`."""

from datetime import datetime, timedelta
from typing import TypeAlias

from card_protocol.timestamp import Civil
from meter_emu.errors import ConfigError
from meter_emu.units import MINUTE_US
from meter_emu.world.meter.times import legal_to_us, us_to_civil
from meter_emu.zones import TimeZone

When: TypeAlias = str | datetime
_ONE_US = timedelta(microseconds=1)


def when_us(when: When, zone: TimeZone, *, path: str, key: str) -> int:
    """Return the instant in true microseconds; `path` and `key` say in errors what it is for.

    A time the change of clocks repeats needs its offset: `"2020-10-25 02:30+01:00"`. Raise
    `ConfigError` for one that names no single instant.
    """
    if isinstance(when, str):
        try:
            when = datetime.fromisoformat(when)
        except ValueError:
            why = f"expected a time such as '2020-07-03 23:01', got {when!r}"
            raise ConfigError(path, key, why) from None
    elif when.tzinfo is not None:
        when = when.astimezone(zone.info)
    return legal_to_us(when, zone, path=path, key=key)


def minute_of(when: When, zone: TimeZone, *, path: str, key: str) -> tuple[Civil, int]:
    """Return a time that goes onto a card: as legal time, and its instant in microseconds."""
    us = when_us(when, zone, path=path, key=key)
    if us % MINUTE_US:
        raise ConfigError(path, key, f"expected whole minutes, as cards carry, got {when}")
    return us_to_civil(us, zone), us


def length_us(path: str, **parts: int) -> int:
    """Return a length of time, given as `days`, `hours`, `minutes` or `seconds`, above 0."""
    try:
        us = timedelta(**parts) // _ONE_US
    except (TypeError, OverflowError):
        us = 0
    if us <= 0:
        given = ", ".join(f"{name}={value}" for name, value in parts.items()) or "nothing"
        raise ConfigError(path, "", f"expected days, hours, minutes or seconds, got {given}")
    return us
