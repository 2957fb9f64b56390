"""Whether a defect was reached in a run, and whether its assembly answered as the reference's.

The run is one of the build with the defect, and complete. An *assembly* is the parts that a swap
is among: those of the program, of the office, or of the clock chip. Each call into it from outside
is also made on the reference's assembly, on copies, and compared: what is returned or raised, the
arguments as they are left, the state of what holds some, and the calls of the ports, which the
reference's assembly finds answered as they were. Up to the first that is otherwise the run is the
reference's, call by call.

Program, rules, memory, dialogues and the desk's service hold ports or cards and have no such edge:
a run in which the swapped routine was called counts as one with a difference.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass
from functools import cache
from types import FunctionType
from typing import Any, Final

from meter_emu.defects import Defect
from meter_emu.desk.dates import DeskCodec, DeskDates
from meter_emu.firmware.parts import Parts, assemble
from meter_emu.hardware.oscillator import Oscillator
from meter_emu.hardware.rtc.calendar_chip import CalendarChip, ChipCalendar
from meter_emu.world.meter import build as build_module
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS
from meter_emu.zones import BELGIAN

_HELD: Final = CalendarChip | ChipCalendar | Oscillator
_PORT: Final = "rtc_read"  # what has it is the ports, or what a driver needs of them


class OtherCall(BaseException):  # nothing of ours may catch it
    """The reference's assembly calls a port that the defect's did not."""


@dataclass(slots=True)
class Shadow:
    """What was seen of a defect so far."""

    reached: bool = False
    infected: bool = False
    inside: bool = False
    fault: Exception | None = None  # of our own: a run with one says nothing


@contextmanager
def shadowed(defect: Defect) -> Iterator[Shadow]:
    """Watch the assembly that a defect is in as long as the block runs."""
    shadow = Shadow()
    with ExitStack() as undo:
        for name in () if _has_edge(defect) else defect.routines:
            own = vars(defect.swap)[name]
            undo.callback(setattr, defect.swap, name, own)
            setattr(defect.swap, name, _counted(shadow, own))
        for kind in _classes(defect) if _has_edge(defect) else ():
            for name, own in list(vars(kind).items()):
                if isinstance(own, FunctionType) and not name.startswith("__"):
                    undo.callback(setattr, kind, name, own)
                    swapped = kind is defect.swap and name in defect.routines
                    setattr(kind, name, _heard(shadow, name, own, swapped=swapped))
        yield shadow


def _counted(shadow: Shadow, own: Callable[..., Any]) -> Callable[..., Any]:
    def counted(self: Any, *args: Any, **named: Any) -> Any:
        shadow.reached = shadow.infected = True
        return own(self, *args, **named)

    return counted


def _has_edge(defect: Defect) -> bool:
    return any(issubclass(part, defect.part) for group in _assemblies() for part in group)


def fresh_parts() -> None:
    """Forget the parts of every build: some remember answers, and would not be asked again."""
    build_module._parts.cache_clear()


def _classes(defect: Defect) -> list[type]:
    """Return the classes that the assembly of a defect is made of."""
    parts = next(group for group in _assemblies() if any(issubclass(p, defect.part) for p in group))
    bases = [kind for part in parts for kind in part.__mro__[:-1] if kind.__module__ != "abc"]
    return list(dict.fromkeys((*bases, defect.swap)))


@cache
def _assemblies() -> tuple[tuple[type, ...], ...]:
    chips = tuple(row.chip for row in CLOCK_CHIPS.values())
    return tuple(_program()), (DeskCodec, DeskDates), (*chips, ChipCalendar, Oscillator)


@cache
def _program() -> dict[type, Any]:
    """Return the reference's parts by their classes, the drivers of every chip among them."""
    found: dict[type, Any] = {}
    for row in CLOCK_CHIPS.values():
        parts = assemble(lambda part: part, row.driver, BELGIAN.rule)
        found |= {type(getattr(parts, name)): getattr(parts, name) for name in Parts.__slots__}
    return found


def _heard(
    shadow: Shadow, name: str, own: Callable[..., Any], *, swapped: bool
) -> Callable[..., Any]:
    def heard(self: Any, *args: Any, **named: Any) -> Any:
        shadow.reached |= swapped
        if shadow.infected or shadow.inside:
            return own(self, *args, **named)
        shadow.inside = True
        try:
            return _compared(shadow, name, own, self, [*args, *named.values()], list(named))
        finally:
            shadow.inside = False

    return heard


def _compared(
    shadow: Shadow, name: str, own: Callable[..., Any], self: Any, given: list[Any], keys: list[str]
) -> Any:
    """Return what the defect's assembly does; note whether the reference's does the same."""
    calls: list[_Call] = []
    heard = [_Noted(arg, calls) if hasattr(arg, _PORT) else arg for arg in given]
    right, copies = _right(self), [_copy(arg, calls) for arg in given]
    answer: Any = None
    error: BaseException | None = None
    try:
        answer = _call(own, self, heard, keys)
    except BaseException as raised:
        error = raised
        raise
    finally:
        if shadow.reached:
            try:
                left = (answer, type(error), *given, _state(self))
                wanted = _as_right(getattr(type(right), name), right, copies, keys)
                shadow.infected = left != wanted or not all(call.played for call in calls)
            except Exception as fault:  # noqa: BLE001  the program under test is not to blame
                shadow.fault = fault
    return answer


def _as_right(
    routine: Callable[..., Any], right: Any, copies: list[Any], keys: list[str]
) -> tuple[Any, ...] | None:
    """Return what comes of the reference's routine, `None` if it calls another port."""
    answer: Any = None
    error: BaseException | None = None
    try:
        answer = _call(routine, right, copies, keys)
    except OtherCall:
        return None
    except BaseException as raised:  # noqa: BLE001  whatever it raises is compared
        error = raised
    return (answer, type(error), *copies, _state(right))


def _call(routine: Callable[..., Any], self: Any, given: list[Any], keys: list[str]) -> Any:
    """Call with the last arguments by their names."""
    count = len(given) - len(keys)
    return routine(self, *given[:count], **dict(zip(keys, given[count:], strict=True)))


def _copy(arg: Any, calls: list["_Call"]) -> Any:
    """Return what the reference is given: a copy of what can be changed, else the same."""
    if hasattr(arg, _PORT):
        return _Played(calls)
    changes = isinstance(arg, bytearray | list | dict) or _is_record(arg)
    return copy(arg) if changes else arg


def _is_record(arg: Any) -> bool:
    """Whether it is a record that changes; the fields of one do not change themselves."""
    shape = getattr(type(arg), "__dataclass_params__", None)
    return shape is not None and not shape.frozen


def _part(item: Any) -> type:
    """Return the reference's class in place of a composed one."""
    kind = type(item)
    return kind.__bases__[-1] if "+" in kind.__name__ else kind


def _right(item: Any) -> Any:
    """Return the reference's part in place of one, in the same state where it has a state."""
    part = _part(item)
    if part in _program():
        return _program()[part]
    right: Any = object.__new__(part)
    for slot in _slots(item):
        value = getattr(item, slot)
        setattr(right, slot, _right(value) if isinstance(value, _HELD) else copy(value))
    return right


def _slots(item: Any) -> list[str]:
    kinds = type(item).__mro__
    return [slot for kind in kinds for slot in vars(kind).get("__slots__", ())]


def _state(item: Any) -> Any:
    """Return the state of what holds some itself; our program's parts hold nothing of a meter."""
    if _part(item) in _program():
        return None
    held = (getattr(item, slot) for slot in _slots(item))
    return [_state(one) if isinstance(one, _HELD) else one for one in held]


@dataclass(slots=True)
class _Call:
    """One call of a port: what was asked, and what came of it."""

    asked: tuple[Any, ...]
    answer: Any = None
    error: BaseException | None = None
    played: bool = False


class _Noted:
    """The ports, each call of which is noted."""

    def __init__(self, ports: Any, calls: list[_Call]) -> None:
        self._ports, self._calls = ports, calls

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            noted = _Call((name, *args))
            self._calls.append(noted)
            try:
                noted.answer = getattr(self._ports, name)(*args)
            except BaseException as error:
                noted.error = error
                raise
            return noted.answer

        return call


class _Played:
    """Ports that answer as they did before, and nothing else."""

    def __init__(self, calls: list[_Call]) -> None:
        self._calls = calls

    def __eq__(self, other: object) -> bool:
        return hasattr(other, _PORT)  # which ports they are says nothing

    __hash__ = None  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            noted = next((one for one in self._calls if not one.played), None)
            if noted is None or noted.asked != (name, *args):
                raise OtherCall
            noted.played = True
            if noted.error is not None:
                raise noted.error
            return noted.answer

        return call
