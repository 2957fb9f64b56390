"""A driver under test, whatever it is written in: which routines it offers, and how one is called.

Its answers come out in one shape: a `Reading`, a number, a truth, bytes, or nothing. A driver that
refuses raises `RefusedError`, whatever it raised itself; one that has no end raises `NoEndError`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from time import struct_time
from typing import Any, Final, NamedTuple, TypeAlias, final

from typing_extensions import override

from meter_emu.driver_bench.buses import bus_for
from meter_emu.driver_bench.clock_bench import ClockBench, NoEndError
from meter_emu.driver_bench.declared import Declared, declared
from meter_emu.driver_bench.face import FIELDS
from meter_emu.errors import ConfigError
from meter_emu.last_words import printable
from meter_emu.nearest import hint


class RefusedError(Exception):
    """A driver that answers with an error of its own; the text is what it said."""


class CannotError(RefusedError):
    """A driver that says it cannot do this: `NotImplementedError`, in C `cannot`."""


@final
class Reading(NamedTuple):
    """A moment as a driver says it: any numbers; weekday and day of the year where it says them."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    weekday: int | None = None
    yearday: int | None = None
    fields: frozenset[str] | None = None  # of an alarm: those it waits for

    def __str__(self) -> str:
        """Return it as a date and time."""
        day = f"{self.year}-{self.month:02}-{self.day:02}"
        return f"{day} {self.hour:02}:{self.minute:02}:{self.second:02}"


Said: TypeAlias = Reading | int | bool | bytes | None
Argument: TypeAlias = datetime | int | str | bytes

# Which routines there are, what each is given, and the shape of its answer.
MOMENTS: Final = ("get", "moment", "local", "due", "decode", "next_day", "alarm_get")
NUMBERS: Final = (
    "now", "number", "weekday", "day_of_year", "year_of", "nth_weekday", "last_weekday",
    "days_in_month",
)  # fmt: skip
TRUTHS: Final = ("stopped", "is_summer", "is_leap", "reached")
NOTHINGS: Final = ("begin", "set", "mode", "alarm_set")
BYTES: Final = ("encode",)
ROUTINES: Final = (*NOTHINGS, *MOMENTS, *NUMBERS, *TRUTHS, *BYTES)


class Driver(ABC):
    """What laws call. `offers` are its routines, `declared` what it says of itself."""

    declared: Declared
    offers: frozenset[str]

    @abstractmethod
    def begin(self, bench: ClockBench | None, instance: int = 0) -> None:
        """Start the driver, or a second one, on a bench; `RefusedError` if it does not start."""

    @abstractmethod
    def call(self, routine: str, *args: Argument, instance: int = 0) -> Said:
        """Call a routine it offers."""

    def call_many(
        self, routine: str, many: Sequence[tuple[Argument, ...]]
    ) -> Iterable[Said | RefusedError]:
        """Call a routine that touches no bus many times; a refusal is in its place."""
        for args in many:
            try:
                yield self.call(routine, *args)
            except RefusedError as refused:
                yield refused

    def end(self) -> None:  # noqa: B027 - a class in this process holds nothing
        """Let go of what the driver holds."""


@final
class PythonDriver(Driver):
    """A class whose methods are routines and whose other attributes are its declaration."""

    def __init__(self, name: str, made_of: Callable[[], object]) -> None:
        self._made_of: Final = made_of
        said = public(made_of)
        self.offers = frozenset(key for key, value in said.items() if callable(value))
        for key in self.offers:
            if key not in ROUTINES:
                raise ConfigError(name, key, f"is no routine{hint(key, ROUTINES)}")
        words = {key: value for key, value in said.items() if not callable(value)}
        self.declared = declared(name, words)
        self._objects: dict[int, Any] = {}
        self._shape: Final = {routine: _shape_of(routine) for routine in ROUTINES}

    @override
    def begin(self, bench: ClockBench | None, instance: int = 0) -> None:
        """Make the driver anew and begin it."""
        try:
            made = self._objects[instance] = self._made_of()
            if "begin" in self.offers:
                bus = bus_for(self.declared.bus, bench) if bench is not None else None
                made.begin(bus)  # type: ignore[attr-defined]
        except Exception as error:
            raise RefusedError(_said(error)) from error

    @override
    def call(self, routine: str, *args: Argument, instance: int = 0) -> Said:
        """Call a method."""
        try:
            answer = getattr(self._objects[instance], routine)(*args)
            return self._shape[routine](answer)
        except NotImplementedError as error:
            raise CannotError(str(error) or routine) from error
        except Exception as error:
            raise RefusedError(_said(error)) from error


def public(made_of: Callable[[], object]) -> Mapping[str, object]:
    """Return the public attributes of a class, its bases' among them."""
    found: dict[str, object] = {}
    for base in reversed(getattr(made_of, "__mro__", (made_of,))):
        if base is not object:
            found.update(vars(base))
    return {
        key: getattr(value, "__func__", value)
        for key, value in found.items()
        if not key.startswith("_") and (callable(value) or not hasattr(value, "__get__"))
    }


def _said(error: Exception) -> str:
    return printable(f"{type(error).__name__}: {' '.join(str(error).split())}")


def _shape_of(routine: str) -> Callable[[Any], Said]:
    if routine in MOMENTS:
        return as_reading
    if routine in NUMBERS:
        return _number
    if routine in TRUTHS:
        return bool
    return bytes if routine in BYTES else lambda _: None


def _number(value: Any) -> int:  # noqa: ANN401 - whatever a driver returns
    whole = int(value)
    if whole != value:
        raise ValueError(f"expected a whole number, got {value!r}")
    return whole


def as_reading(value: Any) -> Reading | None:  # noqa: ANN401 - whatever a driver returns
    """Return a moment in one shape; `None`, and what is false and no moment, is no valid time."""
    if value is None or value is False:
        return None
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], str):
        alarm = as_reading(value[0])
        return alarm and alarm._replace(fields=frozenset(value[1].split()))
    if isinstance(value, struct_time):
        weekday, yearday = value[6:8]
        read = Reading(*value[:6])
        return read._replace(
            weekday=weekday if weekday >= 0 else None, yearday=yearday if yearday > 0 else None
        )
    if isinstance(value, datetime):
        return Reading(*value.timetuple()[:6])
    if isinstance(value, date):
        return Reading(value.year, value.month, value.day, 0, 0, 0)
    if isinstance(value, Mapping):
        value = [value.get(field) for field in (*FIELDS, "weekday", "yearday")]
    parts = tuple(value)
    if not 3 <= len(parts) <= 8:
        raise ValueError(f"expected year, month, day, hour, minute, second, got {value!r}")
    whole = [_number(one or 0) for one in parts[:6]]
    year, month, day, hour, minute, second = [*whole, 0, 0, 0][:6]
    extra = [None if one is None else _number(one) for one in parts[6:]]
    named = [*extra, None, None]
    return Reading(year, month, day, hour, minute, second, named[0], named[1])


__all__ = [
    "BYTES",
    "MOMENTS",
    "NOTHINGS",
    "NUMBERS",
    "ROUTINES",
    "TRUTHS",
    "Argument",
    "Driver",
    "NoEndError",
    "PythonDriver",
    "Reading",
    "RefusedError",
    "Said",
    "as_reading",
]  # fmt: skip
