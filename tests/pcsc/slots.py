"""A card in a slot of the virtual reader, written from the wire protocol alone.

Length (two bytes, big-endian) and payload, both ways; a payload of one byte is a control. Here any
card can be in the slot, also one that no emulator should serve: silent, or lying about lengths.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

from card_protocol.card.virtual import VirtualCard
from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.link import pcsc_child
from card_protocol.link.pcsc import PcscLink
from card_protocol.serve.pcscd import PrivatePcscd
from tests.bounds import HANG_MS, HANG_S, until
from tests.workers.test_leader_killed import descendants

POWER_OFF, POWER_ON, RESET, GET_ATR = 0, 1, 2, 4
ATR_T1: Final = bytes.fromhex("3b80800101")
QUICKACK: Final = getattr(socket, "TCP_QUICKACK", 12)  # linux/tcp.h

_PLUGGING: Final = threading.Lock()  # the way into the namespace is one


def _asks() -> bool | None:
    """Whether a child of ours that owns a reader is blocked in a call of PC/SC; `None`: not yet."""
    for pid in descendants(os.getpid()):
        with suppress(OSError):
            about = Path(f"/proc/{pid}")
            call, *arguments = (about / "syscall").read_text("ascii").split()
            # At rest it reads its standard input; what it loads as it starts is read at once.
            if os.fsencode(pcsc_child.__file__) in (about / "cmdline").read_bytes():
                return True if call.isdigit() and arguments[0] != "0x0" else None
    return None


@contextmanager
def while_it_waits(deed: Callable[[], object]) -> Iterator[None]:
    """Do something once a link that the block calls waits for the daemon."""

    def then() -> None:
        until(_asks)
        deed()

    later = threading.Thread(target=then)
    later.start()
    yield
    later.join(HANG_S)


class Inserted(Protocol):
    """What can be in the slot."""

    def power_on(self) -> bytes: ...
    def power_off(self) -> None: ...
    def transmit(self, command: bytes) -> bytes: ...


class Wire(bytes):
    """An answer that goes onto the wire as it is, with whatever length it claims."""


class Slot:
    """A card in a slot until `pull`. `transmit` is called for what is no control."""

    def __init__(self, pcscd: PrivatePcscd, card: Inserted, slot: int = 0) -> None:
        self._card = card
        self._atr = card.power_on()
        card.power_off()
        with _PLUGGING:
            self._socket = pcscd.plug(slot)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def pull(self) -> None:
        """Take the card out, at once; also from inside `transmit`."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._card.power_off()

    def end(self) -> None:
        """Take it out and wait until nobody serves it any more."""
        self.pull()
        self._thread.join(HANG_S)
        assert not self._thread.is_alive(), "a card is still busy"
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):  # pulled, maybe in the middle of a message
            while size := int.from_bytes(self._read(2), "big"):
                answer = self._answer(self._read(size))
                if answer is not None:
                    framed = len(answer).to_bytes(2, "big") + answer
                    self._socket.sendall(answer if isinstance(answer, Wire) else framed)

    def _answer(self, message: bytes) -> bytes | None:
        if len(message) > 1:
            return self._card.transmit(message)
        if message[0] == GET_ATR:
            return self._atr
        if message[0] in {POWER_ON, RESET}:
            self._card.power_on()
        else:
            self._card.power_off()
        return None

    def _read(self, size: int) -> bytes:
        """Return so many bytes; raise `ConnectionError` where they end before. A delayed
        acknowledgement costs 40 ms.
        """
        read = b""
        while len(read) < size:
            self._socket.setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)
            part = self._socket.recv(size - len(read))
            if not part:
                raise ConnectionError
            read += part
        return read


@contextmanager
def inserted(pcscd: PrivatePcscd, card: Inserted, slot: int = 0) -> Iterator[Slot]:
    """Have a card in a slot for the length of a block."""
    made = Slot(pcscd, card, slot)
    try:
        yield made
    finally:
        made.end()


@contextmanager
def card_in(pcscd: PrivatePcscd, link: PcscLink, card: Inserted, slot: int = 0) -> Iterator[Slot]:
    """Have a card in a reader, seen by PC/SC before the block begins, gone to it when it ends.

    It is let go before it is pulled: a card that is swapped between two looks of pcscd while a
    session ends is not noticed by it (2.3.3), which nobody's hand is quick enough for.
    """
    assert link.wait(present=False, wait_ms=HANG_MS)  # the one before, if it was just pulled
    with inserted(pcscd, card, slot) as made:
        assert link.wait(present=True, wait_ms=HANG_MS)
        yield made
        link.disconnect()
    assert link.wait(present=False, wait_ms=HANG_MS)


class Odd:
    """A card that answers as its test says."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.transmit = answer

    def power_on(self) -> bytes:
        return ATR_T1

    def power_off(self) -> None:
        pass


class Pulled:
    """A card that is pulled out when it has obeyed `at` commands, before it can answer."""

    def __init__(self, card: VirtualCard) -> None:
        self._card = card
        self.power_on, self.power_off = card.power_on, card.power_off
        self.slot: Slot | None = None
        self.at = 0

    def transmit(self, command: bytes) -> bytes:
        answer = self._card.transmit(command)
        self.at -= 1
        if self.at:
            return answer
        assert self.slot is not None
        self.slot.pull()
        return b""


def kind_of_connecting(link: PcscLink) -> LinkErrorKind | None:
    """Connect, and return what kept us from it; `None` for nothing."""
    try:
        link.connect()
    except LinkError as error:
        return error.kind
    return None
