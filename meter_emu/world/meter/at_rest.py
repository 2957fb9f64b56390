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
from collections.abc import Callable, Collection, Iterable
from enum import Enum, unique
from functools import cache, lru_cache
from itertools import zip_longest
from operator import is_
from random import Random
from types import BuiltinMethodType, MethodType
from typing import Any, Final, NamedTuple, final

from meter_emu.world.meter.bench import Bench

# Whose objects change; others (models, rows, records of a card) are values, or not ours.
_CHANGING: Final = (
    "meter_emu.hardware.",
    "meter_emu.world.",
    "meter_emu.firmware.program",
    "meter_emu.firmware.memory",
    "meter_emu.firmware.token.",
    "card_protocol.card.",
)
_NOT_OURS: Final = "meter_emu.world.meter.bus"  # who looks on is no part of the meter
_PLAIN: Final = frozenset({int, str, bytes, bool, type(None)})
_IN_PLACE: Final = (bytearray, list, set, dict, deque)
_PIECE: Final = 512  # ours: bytes; of a memory of 16 KiB a save changes one
_ABSENT: Final = object()
_BOUND: Final = (MethodType, BuiltinMethodType)


class Kept(NamedTuple):
    """One object and what it held: its contents, its attributes by name, or its next draws.

    `refers_to` are those of its values that may be kept as well; the very same tuple as before if
    each is where it was.
    """

    thing: Any
    held: Any
    refers_to: tuple[Any, ...] = ()


@final
class AtRest:
    """A meter between two polls, as it was when this was made.

    `bench` runs it; `others` are whatever else belongs to it, such as its observer, its office and
    its streams of chance. What has not changed since `before` is shared with it.
    """

    __slots__ = ("_bench", "at_us", "known")

    def __init__(self, bench: Bench, *others: object, before: "AtRest | None" = None) -> None:
        assert not bench.polling, "a meter rests between two polls"
        self.at_us: Final = bench.board.now_us
        self._bench: Final = bench
        self.known: Final[dict[int, Kept]] = _reached(
            (bench, *others), {} if before is None else before.known
        )

    @property
    def kept(self) -> Collection[Kept]:
        """Every object that can change, in the order in which they are reached."""
        return self.known.values()

    def of(self, thing: object) -> Kept | None:
        """Return what was kept of one object."""
        return self.known.get(id(thing))

    def resume(self) -> None:
        """Put everything back; a program that is not ours is built anew."""
        for thing, held, _ in self.known.values():
            kind: type = type(thing)
            sort = _sort(kind)
            if sort is _Sort.OBJECT:
                thing.__dict__.update(held)
            elif sort is _Sort.SLOTTED:
                for name, value in held.items():
                    object.__setattr__(thing, name, value)
            elif sort is _Sort.STREAM:
                words, place, version, gauss = held
                thing.setstate((version, (*words, place), gauss))
            else:
                _refill(thing, held)
        if id(self._bench.firmware) not in self.known:
            self._bench.rebuild()


def _reached(roots: tuple[object, ...], earlier: dict[int, Kept]) -> dict[int, Kept]:
    """Return every object that can change, once, by its identity; the same as earlier if it is."""
    kept: dict[int, Kept] = {}
    waiting: list[Any] = list(roots)
    while waiting:
        thing = waiting.pop()
        if type(thing) in _BOUND:
            thing = thing.__self__
        kind: type = type(thing)
        if kind is tuple:
            waiting += _referred(thing)
        elif id(thing) not in kept and _changes(kind):
            now = kept[id(thing)] = _now(thing, earlier.get(id(thing)))
            waiting += now.refers_to
    return kept


def _now(thing: Any, before: Kept | None) -> Kept:  # noqa: ANN401 - anything that changes
    """Return what an object holds now; the very same as before if that is what it held."""
    kind: type = type(thing)
    sort = _sort(kind)
    if before is None:
        held = _holds(thing, kind, sort, None)
        return Kept(thing, _copied(held), _references(held, sort))
    old = before.held
    held = _holds(thing, kind, sort, old)
    if _is_same(held, old, sort):
        return before
    referred = _references(held, sort) if _moved(held, old, sort) else before.refers_to
    return Kept(thing, _copied(held), referred)


def _referred(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(one for one in values if _leads(one))


def _moved(contents: Any, before: Any, sort: "_Sort") -> bool:  # noqa: ANN401 - what is kept
    """Whether an object refers to something else, or elsewhere, than before."""
    if sort in _LEADS_NOWHERE:
        return False
    if len(contents) != len(before):
        return True
    if isinstance(contents, dict):
        if contents.keys() != before.keys():
            return True
        contents, before = contents.values(), map(before.__getitem__, contents)
    changed = [(new, old) for new, old in zip(contents, before, strict=True) if new is not old]
    return any(_leads(new) or _leads(old) for new, old in changed)


def _references(contents: Any, sort: "_Sort") -> tuple[Any, ...]:  # noqa: ANN401 - what is kept
    if sort in _LEADS_NOWHERE:
        return ()
    return _referred(contents.values() if isinstance(contents, dict) else contents)


def _is_same(contents: Any, before: Any, sort: "_Sort") -> bool:  # noqa: ANN401 - what is kept
    """Whether an object holds the very same; an equal list is another list."""
    if sort in _LEADS_NOWHERE:
        return bool(contents == before)
    if isinstance(contents, dict):
        same = len(contents) == len(before) and all(map(is_, contents.values(), before.values()))
        return same and contents.keys() == before.keys()
    return len(contents) == len(before) and all(map(is_, contents, before))


@cache
def _changes(kind: type) -> bool:
    """Whether the objects of a class are kept."""
    if issubclass(kind, (Random, *_IN_PLACE)):
        return True
    if issubclass(kind, type | Enum):
        return False
    modules = [one.__module__ for one in kind.__mro__]
    if _NOT_OURS in modules or not any(module.startswith(_CHANGING) for module in modules):
        return False
    rule = getattr(kind, "__dataclass_params__", getattr(kind, "__struct_config__", None))
    return rule is None or not rule.frozen


def _leads(value: Any) -> bool:  # noqa: ANN401 - anything at all
    """Whether a value is something that is kept, or leads to one."""
    kind: type = type(value)
    if kind is tuple:
        return any(map(_leads, value))
    return kind not in _PLAIN and (kind in _BOUND or _changes(kind))


@final
@unique
class _Sort(Enum):
    """What an object is kept by."""

    STREAM = "its next draws"
    BYTES = "pieces of its bytes"
    CONTAINER = "what is in it"
    OBJECT = "its attributes"
    SLOTTED = "its attributes, and its filled slots"


_LEADS_NOWHERE: Final = (_Sort.STREAM, _Sort.BYTES)


@cache
def _sort(kind: type) -> _Sort:
    if issubclass(kind, Random):
        return _Sort.STREAM
    if issubclass(kind, _IN_PLACE):
        return _Sort.BYTES if issubclass(kind, bytearray) else _Sort.CONTAINER
    plain = kind.__dictoffset__ and not _slots(kind)  # type: ignore[arg-type]  # a class has a hash
    return _Sort.OBJECT if plain else _Sort.SLOTTED


@cache
def _slots(kind: type) -> tuple[str, ...]:
    return tuple(name for one in kind.__mro__ for name in getattr(one, "__slots__", ()))


@lru_cache(maxsize=256)
def _shared(words: tuple[int, ...]) -> tuple[int, ...]:
    """Return words of a stream once for all who hold equal ones: they are 25 kB."""
    return words


def _copied(contents: Any) -> Any:  # noqa: ANN401 - what is kept
    return dict(contents) if isinstance(contents, dict) else tuple(contents)


def _holds(thing: Any, kind: type, sort: _Sort, before: Any) -> Any:  # noqa: ANN401 - anything
    """Return what an object holds now: its contents, or its `__dict__` and filled slots."""
    if sort is _Sort.OBJECT:
        return thing.__dict__
    if sort is _Sort.CONTAINER:
        return thing
    if sort is _Sort.STREAM:
        version, drawn, gauss = thing.getstate()
        words = drawn[:-1]
        same = before is not None and before[0] == words
        return before[0] if same else _shared(words), drawn[-1], version, gauss
    if sort is _Sort.BYTES:  # a save changes one piece of a memory
        pieces = (bytes(thing[at : at + _PIECE]) for at in range(0, len(thing), _PIECE))
        pairs = zip_longest(pieces, before or ())
        return tuple(old if old == new else new for new, old in pairs if new is not None)
    held = dict(getattr(thing, "__dict__", ()))
    for name in _slots(kind):
        value = getattr(thing, name, _ABSENT)
        if value is not _ABSENT:
            held[name] = value
    return held


def _refill(thing: Any, contents: Any) -> None:  # noqa: ANN401 - one of `_IN_PLACE`
    if isinstance(thing, bytearray):
        thing[:] = b"".join(contents)
        return
    fill: Callable[[Any], object]
    fill = thing.update if isinstance(thing, set | dict) else thing.extend
    thing.clear()
    fill(contents)
