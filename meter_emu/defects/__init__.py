"""Date defects as named swaps: one file a defect, no trace of them in the reference.

A defect is a direct subclass of one part (of firmware, chip or desk) that overrides one or few
routines. Of what several parts share (all drivers, all chips, all hours of the week) it is a swap
in each of them. `fit` gives the class to build with; the reference part itself when there is
nothing to swap. Each module here ends in `DEFECT`, its entry in the catalogue.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TypeVar, final

from meter_emu.errors import ConfigError

PartT = TypeVar("PartT")


@final
@dataclass(frozen=True, slots=True)
class Defect:
    """One entry: `swap` is a direct subclass of `part`, `source` says where it was seen."""

    id: str
    title: str
    part: type
    swap: type
    source: str

    def __post_init__(self) -> None:
        assert self.swap.__bases__ == (self.part,), f"{self.id}: not a direct subclass of its part"
        assert self.routines, f"{self.id}: overrides nothing"

    @property
    def routines(self) -> frozenset[str]:
        """The names of the routines it overrides."""
        return frozenset(name for name in vars(self.swap) if callable(getattr(self.swap, name)))


@cache
def catalogue() -> dict[str, Defect]:
    """Return every defect by its id, in alphabetical order."""
    found = [import_module(f"{__name__}.{module.name}").DEFECT for module in iter_modules(__path__)]
    return {defect.id: defect for defect in sorted(found, key=lambda defect: str(defect.id))}


def fit(part: type[PartT], defects: Sequence[Defect]) -> type[PartT]:
    """Return `part` with the defects that concern it: itself when there are none.

    Raise `ConfigError` when two of them swap the same routine: neither would be what it says.
    """
    mine = tuple(defect for defect in defects if issubclass(part, defect.part))
    if not mine:
        return part
    whole: type = part
    fitted: type[PartT] = _composed(whole, mine)
    return fitted


@cache
def _composed(part: type, defects: tuple[Defect, ...]) -> type:
    taken: dict[str, str] = {}
    for defect in defects:
        for routine in defect.routines:
            if routine in taken:
                why = f"{taken[routine]} and {defect.id} both swap {part.__name__}.{routine}"
                raise ConfigError("build", "", why)
            taken[routine] = defect.id
    name = "+".join((part.__name__, *(defect.id for defect in defects)))
    return type(name, (*(defect.swap for defect in defects), part), {"__slots__": ()})
