"""What must hold of any program on the ports, seen only at ports, card, panel and desk.

One file a law, and `hazards/` has those of situations of their own. Each module that ends in `LAW`
is one, and `laws()` finds it; `law.py` says what a law is made of. None shares a line with the
firmware.
"""

from functools import cache
from importlib import import_module
from pkgutil import walk_packages

from meter_emu.laws.law import Law


@cache
def laws() -> dict[str, Law]:
    """Return every law by its id, in alphabetical order."""
    modules = [import_module(module.name) for module in walk_packages(__path__, f"{__name__}.")]
    found = [module.LAW for module in modules if hasattr(module, "LAW")]
    return {law.id: law for law in sorted(found, key=lambda law: str(law.id))}
