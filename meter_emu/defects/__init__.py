"""Date defects as named swaps: one file a defect, no trace of them in the reference.

A defect is a direct subclass of one part (of firmware, chip or desk) that overrides one or few
routines. Of what several parts share (all drivers, all chips, all hours of the week) it is a swap
in each of them. `fit` gives the class to build with; the reference part itself when there is
nothing to swap. The folders say where a mistake sits; each module in them ends in `DEFECT`, its
entry in the catalogue.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, unique
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from typing import TypeVar, final

from meter_emu.defects.showing import Showing
from meter_emu.errors import ConfigError

PartT = TypeVar("PartT")


@final
@unique
class Effect(Enum):
    """What a household meets, or who sees it."""

    EARLY = "cut early"
    LATE = "cut late"
    NEVER = "cut never"
    CUT_WRONGLY = "cut who is not to be"
    REFUSES = "refuses what it must accept"
    ACCEPTS = "accepts what it must refuse"
    NOT_RESTORED = "not fed again"
    CRASHES = "the program fails"
    HANGS = "the program never comes back"
    WRONG_MONEY = "wrong money"
    WRONG_DISPLAY = "wrong display"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One entry: `swap` is a direct subclass of its part, in a module of the defect's name.

    `law` is the id of the law that catches it, and `needs` what a meter or card must have for it to
    show at all, in the words of `verify`'s *not covered*. `shown` is a home in which it first
    shows; `blind` says when it does not show, `seen` where it was
    met, with the source, and `avoid` how to write it right.
    """

    mechanism: str
    swap: type
    effect: Effect
    law: str
    needs: tuple[str, ...] = ()
    shown: Showing
    blind: str
    seen: str
    avoid: str

    def __post_init__(self) -> None:
        assert self.routines, f"{self.id}: overrides nothing"

    @property
    def id(self) -> str:
        """Its name, which is that of its module."""
        return self.swap.__module__.split(".")[-1].replace("_", "-")

    @property
    def part(self) -> type:
        """The part that it is a swap of."""
        (part,) = self.swap.__bases__
        whole: type = part
        return whole

    @property
    def routines(self) -> frozenset[str]:
        """The names of the routines it overrides."""
        return frozenset(name for name in vars(self.swap) if callable(getattr(self.swap, name)))

    @property
    def where(self) -> str:
        """The folder it is in: where the mistake sits."""
        return self.swap.__module__.split(".")[-2]

    @property
    def build(self) -> str:
        """The build that has this defect and no other."""
        return f"reference+{self.id}"


@cache
def catalogue() -> dict[str, Defect]:
    """Return every defect by its id, in alphabetical order."""
    modules = [one for one in walk_packages(__path__, f"{__name__}.") if one.name.count(".") == 3]
    found = [import_module(module.name).DEFECT for module in modules]
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
