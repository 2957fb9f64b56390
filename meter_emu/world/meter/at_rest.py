"""Saves a meter between two polls with all that belongs to it, and puts it back as it was.

An image holds what outlives a power cut. This holds more: the panel, the limiter, ticks, the poll's
cadence and sleep hint, outages to come, the card in the slot, what the observer has seen, and the
streams of chance. So the same acts after it give the same bytes and events, as often as one likes.
"""

# How it is done
# --------------
#
# All state lies in the attributes of a few objects that refer to each other. They are walked from
# some roots, and every attribute is kept; nobody lists them, so none can be forgotten. What changes
# in place (a bytearray, a list, a stream of chance) is copied. Putting back writes into the very
# same objects, so everybody who refers to them sees the meter as it was.
#
# Of our program its own memory is kept too: which page the blue button shows next. A program that
# is not ours is built anew; one that keeps facts in its own memory loses them, as by a reset. Who
# cannot have that runs its story again (`meter_emu/explore/lives.py`).
#
# A defect is a subclass in a module of its own: what its parts remember is kept as well, so a class
# is judged by all that it is made of.

from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum
from functools import cache
from random import Random
from types import BuiltinMethodType, MethodType
from typing import Any, Final, NamedTuple, TypeAlias, final

from meter_emu.firmware.program import Program
from meter_emu.world.meter.bench import Bench

# Whose objects change; others (models, rows, records of a card) are values, or not ours.
_CHANGING: Final = (
    "meter_emu.hardware.",
    "meter_emu.world.",
    "meter_emu.firmware.program",
    "meter_emu.firmware.memory",
    "card_protocol.card.",
)
_NOT_OURS: Final = "meter_emu.world.meter.bus"  # who looks on is no part of the meter
_PLAIN: Final = frozenset({int, str, bytes, bool, type(None)})
_IN_PLACE: Final = bytearray | list | set | dict | deque
_ABSENT: Final = object()
_Copy: TypeAlias = "bytes | tuple[Any, ...]"


class Kept(NamedTuple):
    """One object and what it held: a copy of its contents, its attributes, or its next draws."""

    thing: Any
    copy: Any


@final
class AtRest:
    """A meter between two polls, as it was when this was made.

    `bench` runs it; `others` are whatever else belongs to it, such as its observer, its office and
    its streams of chance. What has not changed since `before` is shared with it.
    """

    __slots__ = ("_bench", "at_us", "kept")

    def __init__(self, bench: Bench, *others: object, before: "AtRest | None" = None) -> None:
        assert not bench.polling, "a meter rests between two polls"
        self.at_us: Final = bench.board.now_us
        self._bench: Final = bench
        known = {} if before is None else {id(kept.thing): kept for kept in before.kept}
        self.kept: tuple[Kept, ...] = tuple(
            known[id(thing)]
            if id(thing) in known and known[id(thing)].copy == copy
            else Kept(thing, copy)
            for thing, copy in _reached((bench, *others))
        )

    def resume(self) -> None:
        """Put everything back; a program that is not ours is built anew."""
        for thing, copy in self.kept:
            if isinstance(thing, Random):
                thing.setstate(copy)
            elif isinstance(thing, _IN_PLACE):
                _refill(thing, copy)
            else:
                for name, value in copy:
                    object.__setattr__(thing, name, value)
        if not any(isinstance(one.thing, Program) for one in self.kept):
            self._bench.rebuild()


def _reached(roots: tuple[object, ...]) -> Iterator[tuple[Any, Any]]:
    """Yield every object that can change, once, and a copy of what it holds."""
    seen: set[int] = set()
    waiting: list[Any] = list(roots)
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, MethodType | BuiltinMethodType):
            thing = thing.__self__
        if isinstance(thing, tuple):
            waiting += [one for one in thing if type(one) not in _PLAIN]
            continue
        kind: type = type(thing)
        if id(thing) in seen or not _changes(kind):
            continue
        seen.add(id(thing))
        if isinstance(thing, Random):
            yield thing, thing.getstate()
        elif isinstance(thing, _IN_PLACE):
            copy = _contents(thing)
            yield thing, copy
            if not isinstance(copy, bytes):
                waiting += [one for one in copy if type(one) not in _PLAIN]
        else:
            held = tuple(_attributes(thing))
            yield thing, held
            waiting += [value for _, value in held if type(value) not in _PLAIN]


@cache
def _changes(kind: type) -> bool:
    """Whether the objects of a class are kept."""
    if issubclass(kind, Random | _IN_PLACE):
        return True
    if issubclass(kind, type | Enum):
        return False
    modules = [one.__module__ for one in kind.__mro__]
    if _NOT_OURS in modules or not any(module.startswith(_CHANGING) for module in modules):
        return False
    rule = getattr(kind, "__dataclass_params__", getattr(kind, "__struct_config__", None))
    return rule is None or not rule.frozen


@cache
def _slots(kind: type) -> tuple[str, ...]:
    return tuple(name for one in kind.__mro__ for name in getattr(one, "__slots__", ()))


def _attributes(thing: object) -> Iterator[tuple[str, Any]]:
    yield from getattr(thing, "__dict__", {}).items()
    for name in _slots(type(thing)):  # type: ignore[arg-type]  # a class has a hash
        value = getattr(thing, name, _ABSENT)
        if value is not _ABSENT:
            yield name, value


def _contents(thing: Any) -> _Copy:  # noqa: ANN401 - one of `_IN_PLACE`
    if isinstance(thing, bytearray):
        return bytes(thing)
    return tuple(thing.items()) if isinstance(thing, dict) else tuple(thing)


def _refill(thing: Any, copy: Any) -> None:  # noqa: ANN401 - one of `_IN_PLACE`
    fill: Callable[[Any], object]
    if isinstance(thing, bytearray):
        thing[:] = copy
        return
    fill = thing.update if isinstance(thing, set | dict) else thing.extend
    thing.clear()
    fill(copy)
