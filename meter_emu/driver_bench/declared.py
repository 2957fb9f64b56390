"""What a driver declares next to its routines: chip, years, numbers, zone, standard, alarm.

What is not declared has a default that most drivers share; a word that nobody knows is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from typing import Final, final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from card_protocol.timestamp.registry import CODECS
from meter_emu.driver_bench.chips import BENCH_CHIPS, ChipRow
from meter_emu.driver_bench.mapped import MAP, mapped_chip
from meter_emu.errors import ConfigError
from meter_emu.nearest import hint

BUSES: Final = ("circuitpython", "micropython", "smbus", "transfer")
ALARM_FIELDS: Final = ("second", "minute", "hour", "day", "weekday", "month")
_TIMES: Final = ("utc", "local", "standard")
_YEARS_MAX: Final = 800  # ours: every day of it is 0.3 million
_HUNDRED: Final = 100


@final
@dataclass(frozen=True, kw_only=True)
class Declared:
    """The declaration of what is under test. All of it may be left out."""

    name: str = "driver"
    chip: str = ""  # none: date routines alone
    registers: str = ""  # the map of a chip that is none of the bench's: `chip = "map"`
    address: int | None = None
    bus: str = "circuitpython"  # what `begin` is given
    years: tuple[int, int] = (2000, 2099)  # first and last
    year_base: int = 2000  # the year whose register holds 00
    century: int | None = None  # the century that a clear century bit means; none: not used
    century_set: int | None = None  # and a set one; one later where it is not given
    epoch: datetime = datetime(1970, 1, 1)
    unit: int = 1  # of a number, in seconds: 1, 60, 86,400
    number_bits: int = 0  # a count that ends: 31, 32; 0 ends with the years
    monday: int | None = None  # what a weekday routine calls Monday; none: found out
    first_yearday: int = 1
    zone: str = "Europe/Brussels"
    summer_of: str = "utc"  # what is-summer-time is given: utc, local, or standard time
    standard: str = ""
    alarm: int = 1
    alarm_fields: tuple[str, ...] = ()  # each in the order in which alarm_set is given it
    due_most: int = 86_400  # the longest `after` of due
    due_unit: int = 1  # of `after`, in seconds
    second_instance: bool = False

    @cached_property
    def row(self) -> ChipRow:
        """The chip, and its address."""
        mapped = ChipRow(mapped_chip(self.registers), 0x68) if self.chip == MAP else None
        row = mapped or BENCH_CHIPS[self.chip]
        return row if self.address is None else ChipRow(row.chip, self.address)

    @cached_property
    def zone_info(self) -> ZoneInfo:
        """The zone."""
        return ZoneInfo(self.zone)

    @property
    def first(self) -> datetime:
        """The first moment of its years."""
        return datetime(self.years[0], 1, 1)

    @property
    def last(self) -> datetime:
        """The last moment of its years, and of its numbers."""
        return datetime(self.years[1], 12, 31, 23, 59, 59)

    def digits(self, year: int) -> tuple[int, bool]:
        """Return the two digits of a year in the register, and its century bit."""
        if self.century is None:
            return (year - self.year_base) % _HUNDRED, False
        return year % _HUNDRED, year // _HUNDRED * _HUNDRED != self.century

    def full_year(self, digits: int, century: bool) -> int:
        """Return the year that digits and century bit mean; without the bit, the one declared."""
        if self.century is not None:
            later = self.century + _HUNDRED if self.century_set is None else self.century_set
            return digits + (later if century else self.century)
        first = self.years[0]
        return first + (digits + self.year_base - first) % _HUNDRED


def declared(name: str, said: Mapping[str, object]) -> Declared:
    """Parse a declaration, key by key; raise `ConfigError` for a mistake."""
    known = {field.name for field in fields(Declared)} - {"name"}
    values: dict[str, object] = {}
    for key, value in said.items():
        if key not in known:
            raise ConfigError(name, key, f"is not declared{hint(key, known)}")
        values[key] = _value(name, key, value)
    made = Declared(name=name, **values)  # type: ignore[arg-type]
    _check(made)
    return made


def _value(name: str, key: str, value: object) -> object:
    try:
        match key:
            case "years":
                return _years(value)
            case "epoch":
                return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
            case "alarm_fields":
                return _alarm_fields(value)
            case "second_instance":
                return value if isinstance(value, bool) else int(str(value)) == 1
            case "chip" | "registers" | "bus" | "zone" | "standard" | "summer_of":
                return str(value)
            case "century" | "century_set":
                return None if value is None else _whole(value) // _HUNDRED * _HUNDRED
            case "address" | "monday":
                return None if value is None else _whole(value)
    except ValueError as error:
        raise ConfigError(name, key, str(error)) from None
    try:
        return _whole(value)
    except ValueError as error:
        raise ConfigError(name, key, str(error)) from None


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        return int(str(value), 0)
    except ValueError:
        raise ValueError(f"expected a whole number, got {value!r}") from None


def _years(value: object) -> tuple[int, int]:
    if isinstance(value, range) and value.step == 1 and value:
        return value[0], value[-1]
    if isinstance(value, tuple | list) and len(value) == 2:
        return _whole(value[0]), _whole(value[1])
    found = re.fullmatch(r"(\d{1,4})\.\.(\d{1,4})", str(value))
    if found is None:
        raise ValueError(f"expected first and last, as 2000..2099, got {value!r}")
    return int(found[1]), int(found[2])


def _alarm_fields(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, tuple | list):
        raise ValueError(f"expected texts such as 'hour minute', got {value!r}")
    combined = []
    for one in value:
        words = str(one).replace("+", " ").split()
        if strange := set(words).difference(ALARM_FIELDS):
            raise ValueError(
                f"no alarm field {min(strange)!r}; there are {', '.join(ALARM_FIELDS)}"
            )
        combined.append(" ".join(dict.fromkeys(words)))
    return tuple(combined)


def _check(made: Declared) -> None:
    def require(met: bool, key: str, why: str) -> None:
        if not met:
            raise ConfigError(made.name, key, why)

    first, last = made.years
    require(
        1 <= first <= last <= 9999, "years", f"expected 1 to 9999 in order, got {first}..{last}"
    )
    require(last - first < _YEARS_MAX, "years", f"expected fewer than {_YEARS_MAX}")
    known = ", ".join(BENCH_CHIPS)
    require(
        made.chip in {"", MAP, *BENCH_CHIPS},
        "chip",
        f"no chip {made.chip!r}{hint(made.chip, BENCH_CHIPS)}; there are {known}",
    )
    require(made.bus in BUSES, "bus", f"expected one of {', '.join(BUSES)}, got {made.bus!r}")
    require(
        made.unit in {1, 60, 3600, 86_400},
        "unit",
        f"expected 1, 60, 3600 or 86400, got {made.unit}",
    )
    require(made.summer_of in _TIMES, "summer_of", f"expected one of {', '.join(_TIMES)}")
    require(made.due_most > 0, "due_most", "expected a number above 0")
    require(
        made.due_unit in {1, 60, 3600, 86_400},
        "due_unit",
        f"expected 1, 60, 3600 or 86400, got {made.due_unit}",
    )
    if made.standard:
        why = f"no codec {made.standard!r}{hint(made.standard, CODECS)}"
        require(made.standard in CODECS, "standard", why)
    try:
        ZoneInfo(made.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(made.name, "zone", f"no zone {made.zone!r}") from None
    require((made.chip == MAP) == bool(made.registers), "registers", 'is for chip = "map"')
    if made.chip == MAP:
        try:
            mapped_chip(made.registers)
        except ValueError as error:
            require(False, "registers", str(error))
    if made.chip:
        alarms = made.row.chip.ALARMS
        require(
            not made.alarm_fields or 1 <= made.alarm <= len(alarms),
            "alarm",
            f"this chip has {len(alarms)}, got {made.alarm}",
        )
        span = 2 * _HUNDRED if made.century is not None else _HUNDRED
        why = f"expected at most {span}, which its registers can tell apart"
        require(last - first < span, "years", why)
        _check_alarms(made)


def _check_alarms(made: Declared) -> None:
    if not made.alarm_fields:
        return
    has = {field.what for field in made.row.chip.ALARMS[made.alarm - 1]}
    for words in made.alarm_fields:
        if lacking := set(words.split()) - has:
            raise ConfigError(
                made.name, "alarm_fields", f"alarm {made.alarm} has no {min(lacking)}"
            )
