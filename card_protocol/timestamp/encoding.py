"""What every timestamp codec states and does; each family is a subclass, each encoding one object.

A codec is given, or computes: its size, range, step, time basis and special values,
and from those the instants at which it ends. Bytes are read strictly: what is read is written back
as the same bytes, and a date that does not exist is refused.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from enum import Enum, unique
from typing import Final, final

from typing_extensions import override

from card_protocol.errors import TimestampError
from card_protocol.timestamp.days import day_number
from card_protocol.timestamp.stamp import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Stamp, stamp_at


@final
@unique
class Basis(Enum):
    """What the fields or the count are counted on."""

    UTC = "UTC"
    CIVIL = "wall clock, without an offset"
    OFFSET = "wall clock, with its offset from UTC"


@final
@unique
class EndKind(Enum):
    """What happens at an end."""

    LAST = "ends"
    SIGN_BIT = "sign bit"


@final
@dataclass(frozen=True, slots=True)
class End:
    """An instant from which on an encoding fails: `at` is the first moment that is not said right.

    `last` is the last one before it, and `then` what a reader sees from then on.
    """

    codec: str
    kind: EndKind
    last: Stamp
    at: Stamp
    then: str


_STEPS: Final = ((DAY_MS, "day"), (MINUTE_MS, "min"), (SECOND_MS, "s"), (1, "ms"))
_PARTS: Final = (
    ("hour", DAY_MS),
    ("minute", HOUR_MS),
    ("second", MINUTE_MS),
    ("millisecond", SECOND_MS),
)
NO_ZONE: Final = "the zone and whether it is summer time"
NO_CENTURY: Final = "the century"
WALL_MARKS: Final = frozenset({"summer", "flags"})
_CARRIED: Final = ("weekday", "offset_min", "summer", "flags", "extras")


@dataclass(frozen=True, kw_only=True)
class Codec(ABC):
    """One encoding of dates and times in a fixed number of bytes."""

    name: str
    title: str
    size_bytes: int
    basis: Basis
    step_ms: int
    source: str
    cannot: tuple[str, ...] = ()
    specials: tuple[tuple[bytes, str], ...] = ()
    carries: frozenset[str] = field(default_factory=frozenset)

    @property
    @abstractmethod
    def first(self) -> Stamp:
        """The first moment it can say."""

    @property
    @abstractmethod
    def last(self) -> Stamp:
        """The last moment it can say."""

    @property
    @abstractmethod
    def spellings(self) -> int:
        """How many byte strings say one moment without a mark: weekday and offset are free."""

    @abstractmethod
    def ends(self) -> tuple[End, ...]:
        """Return the instants at which it ends, or at which a careless reader of it does."""

    @abstractmethod
    def _read(self, raw: bytes) -> Stamp: ...

    @abstractmethod
    def _write(self, stamp: Stamp) -> bytes: ...

    @property
    def step(self) -> str:
        """The resolution in words, such as `2 s`."""
        size, unit = next(one for one in _STEPS if self.step_ms % one[0] == 0)
        return f"{self.step_ms // size} {unit}"

    def decode(self, raw: bytes) -> Stamp:
        """Return what the bytes say; raise `TimestampError` where they are no date."""
        if len(raw) != self.size_bytes:
            raise TimestampError(f"expected {self.size_bytes} bytes, got {len(raw)}")
        for special, meaning in self.specials:
            if raw == special:
                return Stamp(special=meaning)
        stamp = self._read(raw)
        stamp.check()
        return stamp

    def encode(self, stamp: Stamp) -> bytes:
        """Return the bytes that say exactly this; raise `TimestampError` where none do."""
        if stamp.special:
            for raw, meaning in self.specials:
                if stamp == Stamp(special=meaning):
                    return raw
            raise TimestampError(f"there is no {stamp.special!r} in this encoding")
        stamp.check()
        self._check_room(stamp)
        raw = self._write(stamp)
        if any(raw == special for special, _ in self.specials):
            raise TimestampError("its bytes mean something else")
        return raw

    def _check_room(self, stamp: Stamp) -> None:
        """Refuse what would be lost."""
        for name in _CARRIED:
            if getattr(stamp, name) not in (None, ()) and name not in self.carries:
                raise TimestampError(f"it has no room for {name.removesuffix('_min')}")
        if stamp.time_ms % self.step_ms:
            raise TimestampError(f"it counts in steps of {self.step}: the rest would be lost")

    def needs(self, stamp: Stamp) -> tuple[int, int, int]:
        """Return year, month and day; raise `TimestampError` where a field is not specified."""
        if stamp.year is None or stamp.month is None or stamp.day is None:
            raise TimestampError("it needs year, month and day")
        for name, unit_ms in _PARTS:
            if self.step_ms < unit_ms and getattr(stamp, name) is None:
                raise TimestampError(f"it needs the {name}")
        return stamp.year, stamp.month, stamp.day

    def fitted(self, stamp: Stamp) -> Stamp:
        """Return a whole date with the fields of this encoding: no time is 00:00.

        Raise `TimestampError` where it would lose something.
        """
        self._check_room(stamp_at(stamp.total_ms, 1))
        fitted = stamp_at(stamp.total_ms, self.step_ms)
        offset = stamp.offset_min if "offset_min" in self.carries else None
        summer = stamp.summer if "summer" in self.carries else None
        return replace(fitted, offset_min=offset, summer=summer)


@dataclass(frozen=True, kw_only=True)
class YearCodec(Codec):
    """One that says every moment of a range of years, and no other."""

    @property
    @abstractmethod
    def _year_range(self) -> tuple[int, int]:
        """The first year and the last."""

    @property
    @override
    def first(self) -> Stamp:
        return stamp_at(day_number(self._year_range[0], 1, 1) * DAY_MS, self.step_ms)

    @property
    @override
    def last(self) -> Stamp:
        after = day_number(self._year_range[1] + 1, 1, 1) * DAY_MS
        return stamp_at(after - self.step_ms, self.step_ms)


def need(value: int | None, what: str) -> int:
    """Return a value that must be there; raise `TimestampError`."""
    if value is None:
        raise TimestampError(f"it needs {what}")
    return value


def year_of_two_digits(digits: int, pivot: int) -> int:
    """Return the year of 00-99: up to the pivot 2000 and on, after it 1900 and on."""
    return digits + (2000 if digits <= pivot else 1900)


def two_digits_of_year(year: int, pivot: int) -> int:
    """Return 00-99; raise `TimestampError` outside the hundred years around the pivot."""
    if not 1901 + pivot <= year <= 2000 + pivot:
        raise TimestampError(f"year {year} is not {1901 + pivot}-{2000 + pivot}")
    return year % 100
