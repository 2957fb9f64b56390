"""Programs that fail, each in its own way, after they have done their work for an hour."""

import ctypes
import os
import signal
import sys
from time import sleep

from meter_emu.ports import Ports, Sleep

GOOD_POLLS = 60


class Healthy:
    """Reads its clock, says hello, and never asks for anything."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self._polls = 0

    def poll(self) -> Sleep | None:
        self.ports.rtc_read(2, 7)
        self.ports.display("HELLO")
        self._polls += 1
        return self.act() if self._polls > GOOD_POLLS else None

    def act(self) -> Sleep | None:
        return None


class Raises(Healthy):
    def act(self) -> Sleep | None:
        raise RuntimeError("boom\x1b[31m\nred")


class Returns(Healthy):
    def act(self) -> Sleep | None:
        return 42  # type: ignore[return-value]


class Zero(Healthy):
    def act(self) -> Sleep | None:
        return Sleep(0)


class PastMidnight(Healthy):
    def act(self) -> Sleep | None:
        return Sleep(86_401)


class NoSecond(Healthy):
    def act(self) -> Sleep | None:
        return Sleep("noon")  # type: ignore[arg-type]


class PastTheRegister(Healthy):
    def act(self) -> Sleep | None:
        return Sleep(86_400, 2**32)


class Loops(Healthy):
    """Swallows whatever is raised into it, so that only the end of its process helps.

    It idles, as the next one does: what is watched is that no port is called, and a processor that
    is kept busy for it is taken from other tests.
    """

    def act(self) -> Sleep | None:
        while True:
            try:
                while True:
                    sleep(0.01)
            except BaseException:  # noqa: BLE001  that is what it is for
                continue


class LoopsInC(Healthy):
    """Never gives the interpreter back: the lock of the interpreter is held in the call."""

    def act(self) -> Sleep | None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        ctypes.PyDLL(None).poll(None, 0, -1)
        return None


class CallsNothing:
    def __init__(self, ports: Ports) -> None:
        """Take the ports and forget them."""

    def poll(self) -> Sleep | None:
        return None


class CallsForEver(Healthy):
    def act(self) -> Sleep | None:
        while True:
            self.ports.card_present()


class WaitsForEver(Healthy):
    def act(self) -> Sleep | None:
        while True:
            self.ports.wait_ms(60_000)


class GoesOnAfterItsEnd(Healthy):
    def act(self) -> Sleep | None:
        try:
            while True:
                self.ports.card_present()
        except BaseException:  # noqa: BLE001  likewise
            return None


class Dies(Healthy):
    def act(self) -> Sleep | None:
        os._exit(3)


class Exits(Healthy):
    def act(self) -> Sleep | None:
        sys.exit(4)


class Misuses(Healthy):
    def act(self) -> Sleep | None:
        self.ports.rtc_read("two", 7)  # type: ignore[arg-type]
        return None


class IsNotBuilt:
    def __init__(self, ports: Ports) -> None:
        raise ValueError("no such meter")

    def poll(self) -> Sleep | None:
        return None
