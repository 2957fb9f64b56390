"""The fuzz targets, by what they are about. `targets()` has them all; a module lists its own."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from meter_emu.fuzz.target import Target


@cache
def targets() -> dict[str, Target]:
    """Return every target by its id, in alphabetical order."""
    found = [target for _, target in _households()]
    assert len({target.id for target in found}) == len(found), "an id means one target"
    return {target.id: target for target in sorted(found, key=lambda target: target.id)}


def place_of(target: Target) -> str:
    """Return where a target is, as `MODULE:ID`."""
    return next(f"{module}:{one.id}" for module, one in _households() if one is target)


def target_at(place: str) -> Target:
    """Return the target of `MODULE:ID`; no other module is imported, which takes seconds."""
    module, _, target_id = place.partition(":")
    found: list[Target] = _listed(module)
    return next(target for target in found if target.id == target_id)


def _households() -> Iterator[tuple[str, Target]]:
    for module in iter_modules(__path__):
        for target in _listed(module.name):
            yield module.name, target


def _listed(module: str) -> list[Target]:
    return list(import_module(f"{__name__}.{module}").TARGETS)
