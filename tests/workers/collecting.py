"""Opens clusters, good and bad by turns, while garbage is collected as often as Python can.

Run as a process of its own: where it fails, threads wait for each other for ever.
"""

import faulthandler
import gc
import sys
import threading
from contextlib import suppress
from typing import Final

from distributed.utils import LoopRunner

from meter_emu.errors import ConfigError
from meter_emu.workers.cluster import cluster
from tests.bounds import HANG_S

ENDS_S: Final = 10.0  # ours: for a thread that is about to end; only a leak takes as long
ADDRESSES: Final = ("nowhere", "local:1", "nowhere")


def main() -> None:
    """Say what was collected when it must not be, and which threads were left."""
    faulthandler.dump_traceback_later(HANG_S, exit=True)
    locked: list[str] = []

    def looked(phase: str, _info: object) -> None:
        # There a client that somebody forgot would wait for this thread, and this thread for it.
        if phase == "start" and LoopRunner._lock.locked():
            locked.append(threading.current_thread().name)

    gc.callbacks.append(looked)
    gc.set_threshold(10, 1, 1)
    for address in ADDRESSES:
        with suppress(ConfigError), cluster(address):
            pass
        assert gc.isenabled()
    for one in threading.enumerate():
        if one is not threading.main_thread():
            one.join(HANG_S / 2)  # a thread of Dask ends after the process that it watched
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            thread.join(ENDS_S)  # Dask's own, which looks after a process that has just ended
    names = [one.name for one in threading.enumerate()]
    sys.stdout.write(f"{len(locked)} {' '.join(names)}\n")


if __name__ == "__main__":
    main()
