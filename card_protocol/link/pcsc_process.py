"""The process behind a PC/SC link, from outside: requests, answers, and its end at a deadline.

`pcsc_child` describes the protocol. It is JSON, so data from a card or reader are only strings
here: names and bytes are parsed, never trusted. Anything but an answer to the request is an
`UndecodedError`, and ends the process.
"""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final, Generic, Protocol, TypeAlias, TypeVar, final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from card_protocol.errors import LinkError, LinkErrorKind, UndecodedError, decoding
from card_protocol.link import pcsc_child

_Hex = Annotated[str, Meta(pattern=r"\A([0-9a-f]{2})*\Z")]
_Name = Annotated[str, Meta(min_length=1)]
_Done = TypeVar("_Done")


@final
class Connected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A card that was powered: its ATR in hex, and whether it speaks T=0."""

    atr: _Hex
    t0: bool


@final
class PcscAnswer(
    msgspec.Struct, Generic[_Done], frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Either what was `done`, or the PC/SC `call` that failed and the name of its `fault`."""

    done: _Done | UnsetType = UNSET
    call: _Name = ""
    fault: _Name = ""

    def __post_init__(self) -> None:
        if not (self.done is UNSET) == bool(self.call) == bool(self.fault):
            raise ValueError("expected either what was done, or the call and its fault")


_ANSWERS: Final[Mapping[str, msgspec.json.Decoder[PcscAnswer[Any]]]] = {
    "readers": msgspec.json.Decoder(PcscAnswer[list[str]]),
    "wait": msgspec.json.Decoder(PcscAnswer[bool]),
    "connect": msgspec.json.Decoder(PcscAnswer[Connected]),
    "transmit": msgspec.json.Decoder(PcscAnswer[_Hex]),
    "leave": msgspec.json.Decoder(PcscAnswer[None]),
}


def parse_answer(do: str, line: bytes) -> PcscAnswer[Any]:
    """Return the answer to a request `do`; raise `UndecodedError` if it is none."""
    with decoding():
        return _ANSWERS[do].decode(line)


START_MS: Final = 5_000  # ours: for an interpreter to start on a busy machine
GRACE_MS: Final = 1_000  # ours: its own alarm ends it at the deadline, we only if that fails
END_S: Final = 5.0  # ours: for a process that was asked to go, and then for one that was killed
PART_BYTES: Final = 65_536


class Child(Protocol):
    """A started process, with the methods needed here: a `Popen` is one."""

    def wait(self, timeout: float) -> int:
        """Return how it ended; raise `TimeoutExpired` when it has not in `timeout` seconds."""

    def kill(self) -> None:
        """Kill it."""


StartChild: TypeAlias = Callable[[], tuple[socket.socket, Child]]


def start_child() -> tuple[socket.socket, Child]:
    """Start the process that owns a reader; return our end of its standard input, and it."""
    ours, theirs = socket.socketpair()
    # -P: what lies in the current folder is no part of this program. A session of its own: an
    # interrupt at the terminal is for us, and the card is let go when we close the channel.
    command = [sys.executable, "-P", str(Path(pcsc_child.__file__))]
    try:
        process = subprocess.Popen(  # noqa: S603  our own program
            command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, start_new_session=True
        )
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    return ours, process


@final
class PcscProcess:
    """One process, started at the first request, and again after it was ended.

    `about` is the reader's name for people. One thread at a time may ask.
    """

    def __init__(self, about: str, *, start: StartChild = start_child) -> None:
        self.about = about
        self._start: Final = start
        self._process: Child | None = None
        self._channel: socket.socket | None = None

    def ask(self, do: str, limit_ms: int, **what: str | int) -> PcscAnswer[Any]:
        """Send a request and return its answer.

        Raise `LinkError`: TIMED_OUT if there is none within `limit_ms`, BROKEN if the process ended
        otherwise or gave no valid answer, OTHER if none can be started.
        """
        deadline_s = time.monotonic() + (limit_ms + GRACE_MS) / 1_000
        if self._channel is None:
            deadline_s += START_MS / 1_000
        channel = self._started()
        request = json.dumps({"do": do, "limit_ms": limit_ms, **what}).encode() + b"\n"
        line, patience_s = b"", 0.0
        status: int | None = None
        try:
            line = _exchanged(channel, request, deadline_s)
            patience_s = END_S
        except TimeoutError:
            pass  # its alarm has not ended it: we do
        except OSError:
            patience_s = END_S  # it has gone, or is going
        finally:
            # An interrupt comes through here too: an answer still to come would be taken for the
            # answer to the next question.
            answered = line.endswith(b"\n")
            if not answered:
                status = self._ended(patience_s)
        if answered:
            return self._understood(do, line)
        if status in {-signal.SIGALRM, None}:
            why = f"{self.about}: no answer within {limit_ms} ms"
            raise LinkError(LinkErrorKind.TIMED_OUT, why)
        why = f"{self.about}: the process that holds it ended with {status}"
        raise LinkError(LinkErrorKind.BROKEN, why)

    def close(self) -> None:
        """Let it unpower its card and end; harmless if there is none."""
        if self._process is not None:
            self._ended(END_S)

    def _started(self) -> socket.socket:
        if self._channel is not None:
            return self._channel
        try:
            channel, process = self._start()
        except OSError as error:
            why = f"{self.about}: no process for it can be started: {error}"
            raise LinkError(LinkErrorKind.OTHER, why) from error
        # Both or none: an interrupt before this line closes the channel, and the process ends.
        self._channel, self._process = channel, process
        return channel

    def _understood(self, do: str, line: bytes) -> PcscAnswer[Any]:
        try:
            return parse_answer(do, line)
        except UndecodedError as error:
            self._ended(END_S)
            why = f"{self.about}: the process that holds it gave no answer to {do}: {error}"
            raise LinkError(LinkErrorKind.BROKEN, why) from None

    def _ended(self, patience_s: float) -> int | None:
        """Close the channel and give the process time to end; return how, `None` if killed."""
        channel, process = self._channel, self._process
        assert channel is not None, "a process that was never started"
        assert process is not None, "a channel to nobody"
        self._channel = self._process = None
        channel.close()
        with suppress(subprocess.TimeoutExpired):
            return process.wait(patience_s)
        process.kill()
        with suppress(subprocess.TimeoutExpired):  # not even killed while the kernel holds it
            process.wait(END_S)
        return None


def _exchanged(channel: socket.socket, request: bytes, deadline_s: float) -> bytes:
    """Send a line and return the answer; an answer cut off has no line end.

    Raise `OSError` if the other side is gone or, as `TimeoutError`, late.
    """
    channel.settimeout(_left_s(deadline_s))
    channel.sendall(request)
    line = bytearray()
    while not line.endswith(b"\n") and len(line) < pcsc_child.LINE_BYTES_MAX:
        channel.settimeout(_left_s(deadline_s))
        part = channel.recv(PART_BYTES)
        if not part:
            break
        line += part
    return bytes(line)


def _left_s(deadline_s: float) -> float:
    """Return the time left until a deadline, never 0, which would mean no waiting at all."""
    left_s = deadline_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s
