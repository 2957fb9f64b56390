"""What the judge knows of a story that can go on in several ways: a fork for each of them.

A fork begins as the other stands, and shares no state with it.
"""

from collections.abc import Callable
from typing import Any, Final, Self


class Forks:
    """An object whose state is in its attributes: values, containers of values, or forks too."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        """Take in a class whose objects are state of others."""
        _FORKED[cls] = cls.fork

    def fork(self) -> Self:
        """Return one that goes on by itself from here."""
        new = object.__new__(type(self))
        if not hasattr(new, "__dict__"):
            names: tuple[str, ...] = self.__slots__
            for name in names:
                value = getattr(self, name)
                own = _FORKED.get(type(value))
                object.__setattr__(new, name, value if own is None else own(value))
            return new
        held = self.__dict__.copy()
        for name, value in held.items():
            if type(value) in _FORKED:
                held[name] = _FORKED[type(value)](value)
        new.__dict__ = held  # type: ignore[misc]  # of those without slots
        return new


def _list(of: list[Any]) -> list[Any]:
    return [one.fork() for one in of] if of and isinstance(of[0], Forks) else of.copy()


# How state is forked, by its class; all else are values.
_FORKED: Final[dict[type, Callable[[Any], Any]]] = {list: _list, set: set.copy, dict: dict.copy}
