"""The fuzz targets, by what they are about. `targets()` has them all; a module lists its own."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from meter_emu.fuzz.target import Target


@cache
def targets() -> dict[str, Target]:
    """Return every target by its id, in alphabetical order."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    found = [target for module in modules for target in module.TARGETS]
    assert len({target.id for target in found}) == len(found), "an id means one target"
    return {target.id: target for target in sorted(found, key=lambda target: target.id)}
