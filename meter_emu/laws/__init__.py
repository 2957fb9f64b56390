"""What must hold of any program on the ports, seen only at ports, card, panel and desk.

Laws of one kind share a file; `hazards/` has those with situations of their own, `paid/` those of a
device that is paid for by the day. `laws()` finds every `Law` of a device that a module here names;
`law.py` defines one. None shares a line with the firmware.
What `__all__` names is public, for laws of your own; `meter_emu.verify` asks all of them.

Examples:
    >>> from meter_emu.laws import laws
    >>> laws()["never-early"].says
    'an armed household keeps its supply until T'
"""

from functools import cache
from importlib import import_module
from pkgutil import walk_packages

from meter_emu.domain import BUDGET, DeviceName
from meter_emu.laws.law import Aside, Broken, Finding, Law, Trial

__all__ = ["Aside", "Broken", "Finding", "Law", "Trial", "laws"]


@cache
def laws(device: DeviceName = BUDGET) -> dict[str, Law]:
    """Return every law of a `device`, `budget` by default, by its id, in alphabetical order."""
    modules = [import_module(module.name) for module in walk_packages(__path__, f"{__name__}.")]
    found = [
        one
        for module in modules
        for one in vars(module).values()
        if isinstance(one, Law) and one.device == device
    ]
    return {law.id: law for law in sorted(found, key=lambda law: str(law.id))}


def laws_of_any_story(device: DeviceName) -> list[Law]:
    """Return the laws of a device that look at ordinary stories, and so can look at any.

    Others speak of stories of their own, and would take another for a breach.
    """
    known = laws(device)
    return [law for law in known.values() if law.draw is known["answers"].draw]
