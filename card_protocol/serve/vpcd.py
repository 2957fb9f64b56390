"""A virtual card in a PC/SC reader, through the vpcd driver of the vsmartcard project.

The driver is a reader whose slots are TCP ports, and the card connects to one: connecting is
insertion, closing is removal. Messages either way are a length of two bytes, big-endian, and that
many bytes. A message of one byte is a control, anything else a C-APDU whose answer is the R-APDU
(vsmartcard manual, "Creating a Virtual Smart Card"). Three things are missing there and were
measured:

- The driver sends length and body in two writes, so an acknowledgement that is delayed, as is
  usual, costs 40 ms a command. Linux forgets `TCP_QUICKACK` whenever it likes: it is set before
  each message. The body needs none, its answer acknowledges it.
- It asks for the ATR several times a second: that is how it sees that the card is there.
- An empty answer stops pcscd for good. A card without an answer closes the connection.

A program can make the driver send a C-APDU of one byte, which looks like a control. It is answered
as that control: two of the four have no answer, and the program waits.

`PluggedCard` serves from a thread of its own. The card belongs to that thread from the moment it is
plugged in until `pull` has returned; only then may others look at it.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from struct import Struct
from time import monotonic
from types import TracebackType
from typing import Final, Self, final

from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.link.link import Slotted

HOST: Final = "127.0.0.1"
PORT: Final = 0x8C7B  # the packaged reader.conf: slot 0 here, slot 1 on the next port
MESSAGE_SIZE_MAX: Final = 0xFFFF  # bytes: the length field has two of them
MESSAGE_S: Final = 2.0  # ours: both ends are on one machine, so a message is there at once
# ours: the answer to a command for a card without power. A reader would report a failure, and the
# protocol has no word for that: 6F00, no precise diagnosis.
UNPOWERED: Final = b"\x6f\x00"
# ours: a session goes on without a `select` before each command, which costs a tenth of it
TURN_S: Final = 0.05
LOOK_S: Final = 0.02
CONNECT_S: Final = 2.0  # ours: likewise; on loopback the answer is immediate, yes or no

_LENGTH_SIZE: Final = 2
_TIMEVAL: Final = Struct("@ll")  # seconds and microseconds, for SO_RCVTIMEO and SO_SNDTIMEO
_QUICKACK: Final = getattr(socket, "TCP_QUICKACK", None)  # Linux alone has it


class Control(IntEnum):
    """The meaning of a one-byte message; only `GET_ATR` is answered."""

    POWER_OFF = 0
    POWER_ON = 1
    RESET = 2
    GET_ATR = 4


@final
class VpcdSlot:
    """The card's half of the protocol: bytes in, bytes out, and no socket.

    The card is unpowered when it comes and when it leaves. Its ATR is read once, here, because the
    driver requests it at any time and must not disturb the card. `unpowered_count` counts commands
    that came while the card had no power, from a program that continues without a reset after the
    card was taken out and put back. They are answered 6F00. Raise `LinkError` NO_CARD for a card
    that does not answer to reset.
    """

    def __init__(self, card: Slotted) -> None:
        self._card: Final = card
        self.atr: Final = card.power_on()
        card.power_off()
        if not self.atr:
            raise LinkError(LinkErrorKind.NO_CARD, "it does not answer to reset")
        self._received = b""
        self._powered = False
        self.unpowered_count = 0

    @property
    def waiting(self) -> bool:
        """Whether a message has begun that was not obeyed yet."""
        return bool(self._received)

    @property
    def whole(self) -> bool:
        """Whether that message is complete, so that `receive` needs no more bytes."""
        end = _LENGTH_SIZE + int.from_bytes(self._received[:_LENGTH_SIZE], "big")
        return len(self._received) >= end

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the driver, in pieces of any size, and return what to send to it.

        Messages are obeyed up to the first that has an answer; later ones wait for the next call.
        Raise `LinkError` for an empty message, and if the card has no answer or one above 65,535
        bytes: the protocol cannot carry these, so the card has to leave.
        """
        received, self._received = self._received + data, b""
        answer, at = b"", 0
        while not answer and len(received) - at >= _LENGTH_SIZE:
            begin = at + _LENGTH_SIZE
            end = begin + (received[at] << 8 | received[at + 1])
            if end == begin:
                raise LinkError(LinkErrorKind.BROKEN, "the reader sent a message without a byte")
            if len(received) < end:
                break
            answer = self._answer(received[begin:end])
            at = end
        self._received = received[at:]
        return answer

    def closed(self) -> None:
        """Take the card's power away: the connection is gone. Raise `LinkError` if mid-message."""
        self._powered = False
        self._card.power_off()
        cut_off, self._received = len(self._received), b""
        if cut_off:
            why = f"the reader left after {cut_off} bytes of a message"
            raise LinkError(LinkErrorKind.BROKEN, why)

    def _answer(self, message: bytes) -> bytes:
        if len(message) > 1 or message[0] not in _CONTROLS:
            return _framed(self._obey(message))
        if message[0] == Control.GET_ATR:
            return _framed(self.atr)
        self._powered = message[0] != Control.POWER_OFF
        if self._powered:
            self._card.power_on()
        else:
            self._card.power_off()
        return b""

    def _obey(self, command: bytes) -> bytes:
        answer = self._card.transmit(command)
        if answer or self._powered:
            return answer
        self.unpowered_count += 1
        return UNPOWERED


_CONTROLS: Final = frozenset(Control)


def _framed(answer: bytes) -> bytes:
    if not 0 < len(answer) <= MESSAGE_SIZE_MAX:
        why = (
            f"expected an answer of 1 to {MESSAGE_SIZE_MAX} bytes for the reader, got {len(answer)}"
        )
        raise LinkError(LinkErrorKind.BROKEN, why)
    return len(answer).to_bytes(_LENGTH_SIZE, "big") + answer


class _ReaderGoneError(Exception):
    """The other side has closed the connection, or died."""


@final
class VpcdLine:
    """A card plugged in: its slot, and the connected socket whose life is the card's stay.

    `keep` is called after the card has obeyed and before the answer is sent, for callers that store
    the card; its exceptions pass through, with the answer unsent.

    A caller with other things to wait for waits until `fileno` is readable, or writable if an
    answer is `held_up`, and at most until `due`, an instant of `monotonic`.
    """

    def __init__(
        self,
        connected: socket.socket,
        card: Slotted,
        keep: Callable[[], object] = lambda: None,
        *,
        message_s: float = MESSAGE_S,
    ) -> None:
        self._slot: Final = VpcdSlot(card)
        self.atr: Final = self._slot.atr
        self._socket: Final = connected
        self._keep: Final = keep
        self._message_s: Final = message_s
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The kernel's own limits: Python's would cost two more system calls for each of ours.
        connected.settimeout(None)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(LOOK_S))
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(LOOK_S))
        self._unsent = b""
        self.due: float | None = None

    @property
    def unpowered_count(self) -> int:
        """Return the number of commands that reached the card without power."""
        return self._slot.unpowered_count

    def fileno(self) -> int:
        """Return what `select` waits on until the driver has sent something."""
        return self._socket.fileno()

    @property
    def held_up(self) -> bool:
        """Whether the reader has not yet taken all of an answer; it is not read until then."""
        return bool(self._unsent)

    def turn(self) -> bool:
        """Answer what comes, for a short while (`TURN_S`); false when the reader has gone.

        Return if nothing comes, or nothing is taken, for `LOOK_S`. Raise `LinkError` if a message
        either way is not complete after `message_s`, and for messages that `VpcdSlot` refuses.
        """
        ends = monotonic() + TURN_S
        try:
            while True:
                data = b"" if self._unsent or self._slot.whole else self._read()
                if not self._unsent and data is not None and (answer := self._slot.receive(data)):
                    self._keep()
                    self._unsent, self.due = answer, None
                if self._unsent:
                    self._send()
                now = monotonic()
                self._watch(now)
                if data is None or self._unsent or now > ends:
                    return True
        except _ReaderGoneError:
            self._slot.closed()
            return False

    def _watch(self, now: float) -> None:
        """Check that a message under way ends in time."""
        if not self._unsent and (self._slot.whole or not self._slot.waiting):
            self.due = now if self._slot.whole else None
        elif self.due is None:
            self.due = now + self._message_s
        elif now >= self.due:
            why = "takes no answer" if self._unsent else "stopped in the middle of a message"
            raise LinkError(LinkErrorKind.TIMED_OUT, f"the reader {why}")

    def close(self) -> None:
        """Pull the card out; harmless when it is out."""
        with suppress(LinkError):  # we leave, so half a message from the reader is nothing
            self._slot.closed()
        self._socket.close()

    def _read(self) -> bytes | None:
        """Return the bytes there, `None` if there are none; raise `_ReaderGoneError` at the end."""
        try:
            if _QUICKACK is not None and not self._slot.waiting:
                self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
            data = self._socket.recv(_LENGTH_SIZE + MESSAGE_SIZE_MAX)
        except BlockingIOError:
            return None
        except OSError as error:
            raise _ReaderGoneError from error
        if not data:
            raise _ReaderGoneError
        return data

    def _send(self) -> None:
        """Send as much as the reader takes; raise `_ReaderGoneError` where it has gone."""
        try:
            self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:
            return
        except OSError as error:
            raise _ReaderGoneError from error


def _timeval(seconds: float) -> bytes:
    return _TIMEVAL.pack(int(seconds), int(seconds % 1 * 1_000_000))


def connect(host: str = HOST, port: int = PORT, bound_s: float = CONNECT_S) -> socket.socket:
    """Return a socket connected to a slot of the driver.

    Raise `LinkError` NO_READER if nothing listens there or the host is unreachable, TIMED_OUT if
    neither is known within `bound_s`.
    """
    try:
        return socket.create_connection((host, port), bound_s)
    except TimeoutError:
        raise LinkError(LinkErrorKind.TIMED_OUT, f"no answer from {host} port {port}") from None
    except UnicodeError:  # a label too long, or none
        raise LinkError(LinkErrorKind.NO_READER, f"{host[:80]!r} is no name of a host") from None
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LinkError(LinkErrorKind.NO_READER, f"{host} port {port}: {why}") from None


PULL_S: Final = 10.0  # ours: the card may be in the middle of a command, and its owner of saving it


@final
class PluggedCard:
    """A virtual card plugged into a PC/SC reader; pulled at the end of a `with`.

    `atr` is the ATR that the reader reports. `failure` is why the card left by itself; `None` if
    the reader closed the connection or the card is still in.

    Args:
        connected: A socket connected to a slot of the reader, as `PrivatePcscd.plug` returns it.
        card: The card that answers.
        keep: Called after each command and before its answer goes out, so that what the card has
            answered is kept.

    Raises:
        LinkError: NO_CARD, for a card that does not answer to reset.
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
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.pull()

    def pull(self) -> None:
        """Take the card out after the command under way.

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
