"""What the shared options mean: the office's key, and times as a clerk writes them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from meter_emu.errors import ConfigError

if TYPE_CHECKING:
    from card_protocol.keys import Key
    from card_protocol.timestamp import Civil
    from meter_emu.desk.dates import CivilReading

KEY_DIGITS: Final = 32


def read_master_key(file: str | None) -> "Key":
    """Return the key in `file`, or the bench key; raise `ConfigError` without showing a digit."""
    from card_protocol.keys import Key
    from meter_emu.desk.bench_key import BENCH_MASTER_KEY

    if file is None:
        return BENCH_MASTER_KEY
    try:
        with Path(file).open("rb") as opened:
            text = opened.read(2 * KEY_DIGITS).decode("ascii").strip()
        if len(text) != KEY_DIGITS:
            raise ConfigError(file, "", f"want a key of {KEY_DIGITS} hex digits")
        return Key(bytes.fromhex(text))
    except OSError as error:
        raise ConfigError(file, "", (error.strerror or str(error)).lower()) from error
    except ValueError:  # neither ASCII nor hex; the text itself stays out of the message
        raise ConfigError(file, "", f"want a key of {KEY_DIGITS} hex digits") from None


def civil_time(text: str) -> "Civil":
    """Return a legal time as a clerk writes it, such as `2020-07-03 23:01`."""
    from meter_emu.desk.dates import DeskDates

    return DeskDates().parse(text)


def reading_meant(which: str | None) -> "CivilReading | None":
    """Return the reading that `--if-ambiguous` names."""
    from meter_emu.desk.dates import CivilReading

    return None if which is None else CivilReading(which)


def issued_at_min(text: str | None) -> int:
    """Return minutes since 2000-01-01 UTC of the instant in `text`, of now for `None`."""
    from meter_emu.desk.dates import DeskDates

    dates = DeskDates()
    instant = _instant(text)
    if isinstance(instant, str):
        return dates.minute_of(dates.parse(instant))
    return dates.minute_of_instant(instant)


def second_2000_meant(text: str | None, which: str | None) -> int:
    """Return seconds since 2000-01-01 UTC of the instant in `text`, of now for `None`."""
    from meter_emu.desk.dates import DeskDates

    dates = DeskDates()
    instant = _instant(text)
    if isinstance(instant, str):
        return 60 * dates.minute_of(dates.parse(instant), reading_meant(which))
    return (instant - datetime(2000, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def _instant(text: str | None) -> datetime | str:
    """Return the instant that is meant, now for `None`; legal time stays text for the desk."""
    if text is None:
        return datetime.now(UTC)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if instant.tzinfo is None else instant
