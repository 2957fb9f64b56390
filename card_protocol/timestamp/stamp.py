"""What a timestamp on a wire says, field by field, whichever codec read it."""

from dataclasses import dataclass
from typing import Final, final

from card_protocol.errors import TimestampError
from card_protocol.timestamp.days import date_of, day_number, month_days, weekday

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
MINUTE_MS: Final = 60_000
SECOND_MS: Final = 1_000

NO_HUNDREDS: Final = "hundreds of the year 0"
USUAL: Final = frozenset({NO_HUNDREDS})  # of M-Bus type F: the standard advises masters of it

_LIMITS: Final = (
    ("month", 1, 12),
    ("day", 1, 31),
    ("hour", 0, 23),
    ("minute", 0, 59),
    ("second", 0, 59),
    ("millisecond", 0, 999),
    ("weekday", 1, 7),
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A date and time as it was written: `None` is what the bytes do not say.

    A field is `None` because the encoding has no room for it, or because the bytes say "not
    specified". `offset_min` is local time minus UTC, as in `+02:00`. `summer` is the wire's own
    summer-time bit, and `hour` already includes it. `flags` are marks such as "invalid" and bits
    that should not be set; `extras` are numbers of one encoding alone. Where the bytes mean no
    date at all, `special` says what they mean and every field is `None`.
    """

    year: int | None = None
    month: int | None = None
    day: int | None = None
    hour: int | None = None
    minute: int | None = None
    second: int | None = None
    millisecond: int | None = None
    weekday: int | None = None
    offset_min: int | None = None
    summer: bool | None = None
    flags: tuple[str, ...] = ()
    extras: tuple[tuple[str, int], ...] = ()
    special: str = ""

    @property
    def whole(self) -> bool:
        """Whether it names one day."""
        return None not in (self.year, self.month, self.day)

    @property
    def day_number(self) -> int:
        """Days since 1970-01-01; only of a whole date."""
        assert self.year is not None, "only a whole date has a day number"
        assert self.month is not None, "only a whole date has a day number"
        assert self.day is not None, "only a whole date has a day number"
        return day_number(self.year, self.month, self.day)

    @property
    def total_ms(self) -> int:
        """Milliseconds since 1970-01-01 00:00 of the clock it was read on; no time is 00:00."""
        return self.day_number * DAY_MS + self.time_ms

    @property
    def time_ms(self) -> int:
        """Milliseconds since 00:00; a field that is not there counts as 0."""
        of_minute = (self.second or 0) * SECOND_MS + (self.millisecond or 0)
        return (self.hour or 0) * HOUR_MS + (self.minute or 0) * MINUTE_MS + of_minute

    def check(self) -> None:
        """Raise `TimestampError` for a field out of range and a day that its month does not have.

        Without a year, February has 29 days; without a month, any month has 31.
        """
        for name, low, high in _LIMITS:
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise TimestampError(f"{name} {value} is not {low}-{high}")
        if self.month is None or self.day is None:
            return
        most = month_days(2000 if self.year is None else self.year, self.month)
        if self.day > most:
            raise TimestampError(f"there is no day {self.day} in that month, it has {most}")

    def doubts(self) -> tuple[str, ...]:
        """Return what speaks against a date that was read: marks, and a weekday of another day.

        What many devices write all the time (`USUAL`) speaks against none.
        """
        found = [flag for flag in self.flags if flag not in USUAL]
        if self.weekday is not None and self.whole and weekday(self.day_number) != self.weekday:
            found.append(f"weekday {self.weekday} is not that day's, {weekday(self.day_number)}")
        return tuple(found)

    def __str__(self) -> str:
        """Return it as `2020-07-03 23:01`; what is not specified is `**`."""
        if self.special:
            return self.special
        year = "****" if self.year is None else f"{self.year:04}"
        text = f"{year}-{_two(self.month)}-{_two(self.day)}"
        if (self.hour, self.minute, self.second, self.millisecond) == (None,) * 4:
            return text
        text += f" {_two(self.hour)}:{_two(self.minute)}"
        if self.second is not None or self.millisecond is not None:
            text += f":{_two(self.second)}"
        return text if self.millisecond is None else f"{text}.{self.millisecond:03}"


def _two(value: int | None) -> str:
    return "**" if value is None else f"{value:02}"


def stamp_at(total_ms: int, step_ms: int) -> Stamp:
    """Return the stamp of a time since 1970-01-01 00:00, with the fields that a step leaves.

    A step of a day has no time, one of minutes no seconds.
    """
    days, rest = divmod(total_ms, DAY_MS)
    year, month, day = date_of(days)
    if step_ms >= DAY_MS:
        return Stamp(year=year, month=month, day=day)
    hour, rest = divmod(rest, HOUR_MS)
    minute, rest = divmod(rest, MINUTE_MS)
    second, millisecond = divmod(rest, SECOND_MS)
    return Stamp(
        year=year,
        month=month,
        day=day,
        hour=hour,
        minute=minute,
        second=second if step_ms < MINUTE_MS else None,
        millisecond=millisecond if step_ms < SECOND_MS else None,
    )
