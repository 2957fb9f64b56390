"""A card served from a thread of its own, for programs that have something else to do.

The card belongs to the thread from the moment it is plugged in until `pull` has returned; only
then may others look at it.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self, final

from card_protocol.errors import LinkError
from card_protocol.link.link import Slotted
from card_protocol.serve.vpcd import VpcdLine

PULL_S: Final = 10.0  # ours: the card may be in the middle of a command, and its owner of saving it


@final
class PluggedCard:
    """`card` behind `connected`, a socket connected to a slot; pulled at the end of a `with`.

    `keep` is as `VpcdLine` has it, `atr` what the reader reports of the card. `failure` is why the
    card left by itself, once it has: `None` when the reader closed the connection or the card is
    still in.
    """

    def __init__(
        self, connected: socket.socket, card: Slotted, keep: Callable[[], object] = lambda: None
    ) -> None:
        self._socket: Final = connected
        self._line: Final = VpcdLine(connected, card, keep)
        self.atr: Final = self._line.atr
        self.failure: LinkError | None = None
        self._thread: Final = threading.Thread(target=self._serve, name="card", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.pull()

    def pull(self) -> None:
        """Take the card out, and wait for a command it is at to be over.

        Called from within a command of the card itself, take it out before its answer.
        """
        with suppress(OSError):  # the reader was faster
            self._socket.shutdown(socket.SHUT_RDWR)
        if threading.current_thread() is not self._thread:
            self._thread.join(PULL_S)
            assert not self._thread.is_alive(), "a card obeys within bounds"

    def _serve(self) -> None:
        try:
            while self._line.turn():
                pass
        except LinkError as failure:
            self.failure = failure
        finally:
            self._line.close()
