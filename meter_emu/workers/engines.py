"""Which engine does the work where nobody names one: this process, or processes of this machine.

A browser starts no process: there this one does all of it.
"""

from importlib.util import find_spec
from typing import Final

from meter_emu.workers.leash import INTERRUPTS_CAN_WAIT
from meter_emu.workers.work import Engine, Here

CAN_START: Final = find_spec("_multiprocessing") is not None


def processes(jobs: int | None) -> Engine:
    """Return so many processes, `None` is one a processor; this one where none can be started."""
    if not CAN_START:
        return Here()
    from meter_emu.workers.processes import Processes

    return Processes(jobs)


def here_or_processes(jobs: int | None) -> Engine:
    """Return the engine for so many processes, `None` is one a processor: one is this one.

    Off Unix an interrupt reaches the workers too, and this process does all of it.
    """
    return Here() if jobs == 1 or not INTERRUPTS_CAN_WAIT else processes(jobs)
