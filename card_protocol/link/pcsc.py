"""A card in any PC/SC reader, through a process that can be ended at a deadline.

Any failure of a reader becomes a `LinkError` of one kind and one line that names the reader. After
any failure the link can be connected again: the card pulled out, the reader unplugged, pcscd
stopped and started, a card that never answered.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, final

from msgspec import UNSET

from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.link.pcsc_child import STATUS_BYTES
from card_protocol.link.pcsc_process import PcscProcess, StartChild, start_child
from card_protocol.t0 import tpdu

CALL_MS: Final = 10_000  # ours: resetting a card takes a second; a daemon busy with another, more
ANSWER_MS: Final = 30_000  # ours: a card may ask for time, and making keys takes some of them long
PART_MS: Final = 1_000  # ours: of a wait for a hand; an orphan learns between two that it is one


class _Meaning(NamedTuple):
    """What a PC/SC error means for a link, and in words."""

    kind: LinkErrorKind
    words: str = ""


_NO_SERVICE: Final = _Meaning(LinkErrorKind.BROKEN, "the PC/SC service (pcscd) is not running")
_STOPPED: Final = _Meaning(
    LinkErrorKind.BROKEN,
    "the PC/SC service (pcscd) has stopped, or is another version than its library",
)
_POWER_LOST: Final = _Meaning(LinkErrorKind.CARD_GONE, "or reset; was it pulled out and put back?")
_DENIED: Final = _Meaning(LinkErrorKind.OTHER, "access denied: polkit says who may use readers")
_UNREADABLE: Final = _Meaning(LinkErrorKind.BROKEN, "the reader cannot work with this card")

# The names are those of pcsclite.h; which of them comes of what is left to drivers and services.
MEANINGS: Final[Mapping[str, _Meaning]] = {
    "SCARD_E_NOT_TRANSACTED": _Meaning(LinkErrorKind.BROKEN, "the exchange with the card failed"),
    "SCARD_E_NO_SERVICE": _NO_SERVICE,
    "SCARD_E_NO_SMARTCARD": _Meaning(LinkErrorKind.NO_CARD),
    "SCARD_E_PROTO_MISMATCH": _UNREADABLE,
    "SCARD_E_READER_UNAVAILABLE": _Meaning(LinkErrorKind.NO_READER, "it was unplugged"),
    "SCARD_E_SERVICE_STOPPED": _STOPPED,
    "SCARD_E_SHARING_VIOLATION": _Meaning(LinkErrorKind.IN_USE),
    "SCARD_E_TIMEOUT": _Meaning(LinkErrorKind.TIMED_OUT),
    "SCARD_E_UNKNOWN_READER": _Meaning(LinkErrorKind.NO_READER, "it was unplugged"),
    "SCARD_F_COMM_ERROR": _NO_SERVICE,
    "SCARD_W_REMOVED_CARD": _Meaning(LinkErrorKind.CARD_GONE),
    "SCARD_W_RESET_CARD": _POWER_LOST,
    "SCARD_W_SECURITY_VIOLATION": _DENIED,
    "SCARD_W_UNPOWERED_CARD": _POWER_LOST,
    "SCARD_W_UNRESPONSIVE_CARD": _Meaning(LinkErrorKind.TIMED_OUT, "no answer to the reset"),
    "SCARD_W_UNSUPPORTED_CARD": _UNREADABLE,
}


@final
class PcscLink:
    """A link to the card in `reader`: its name, or any part that fits one reader only.

    A session holds the card exclusively, begins with the card powered afresh and ends with it
    unpowered, so that no right on it lasts from before or after. A card gets `answer_ms` for each
    answer. Close the link when it is no longer needed, or use it in a `with`; one thread at a time
    may use it. `start` starts the process that owns the reader.
    """

    def __init__(
        self, reader: str, *, answer_ms: int = ANSWER_MS, start: StartChild = start_child
    ) -> None:
        self._wanted: Final = reader
        self._answer_ms: Final = answer_ms
        self._process: Final = PcscProcess(reader, start=start)
        self._connected = False
        self._t0 = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def wait(self, *, present: bool, wait_ms: int) -> bool:
        """Wait until a card is in the reader, or is not; return whether that came in `wait_ms`.

        0 just looks. Raise `LinkError`: NO_READER when the reader is not there or goes, BROKEN
        when the PC/SC service is not running or stops.
        """
        reader, deadline_s = self._chosen(), time.monotonic() + wait_ms / 1_000
        while True:
            left_ms = max(0, int((deadline_s - time.monotonic()) * 1_000))
            part_ms = min(left_ms, PART_MS)
            if self._seen(reader, present=present, wait_ms=part_ms):
                return True
            if part_ms == left_ms:
                return False

    def connect(self) -> bytes:
        """Take and power the card and return its ATR; connecting again is a reset.

        Raise `LinkError`: NO_READER, NO_CARD, IN_USE when another program has the card or reader,
        TIMED_OUT for a card that does not answer a reset, OTHER when PC/SC denies access or is not
        installed.
        """
        self._connected = False
        powered = self._asked("connect", CALL_MS, reader=self._chosen())
        self._connected, self._t0 = True, powered.t0
        return bytes.fromhex(powered.atr)

    def exchange(self, command: bytes) -> bytes:
        """Send a C-APDU and return the R-APDU; the caller follows 61xx and 6Cxx of T=0.

        Over T=0 the command travels as its TPDU, so case 4 without Le, and one that T=0 cannot
        carry is an `ApduError`. Raise `LinkError`: CARD_GONE, TIMED_OUT when the card gave no
        answer in time and was let go, BROKEN for less than a status word, if the card stays in the
        reader, and before `connect`. The session is then over.
        """
        if not self._connected:
            raise LinkError(LinkErrorKind.BROKEN, f"{self._process.about}: not connected")
        sent = b"".join(tpdu(command)) if self._t0 else command
        self._connected = False
        response = bytes.fromhex(self._asked("transmit", self._answer_ms, command=sent.hex()))
        self._connected = True
        if len(response) < STATUS_BYTES:
            self.disconnect()
            # pcsc-lite before 2.0 takes no bytes from a card that is being pulled for its answer
            if self._seen(self._process.about, present=False, wait_ms=PART_MS):
                raise LinkError(LinkErrorKind.CARD_GONE, self._process.about)
            why = f"the card answered with {len(response)} bytes, expected 2 or more"
            raise LinkError(LinkErrorKind.BROKEN, f"{self._process.about}: {why}")
        return response

    def disconnect(self) -> None:
        """Unpower the card and let it go; harmless when it is already off, and never fails."""
        if self._connected:
            self._connected = False
            with suppress(LinkError):  # whatever failed, no process holds the card any more
                self._asked("leave", CALL_MS)

    def close(self) -> None:
        """Let everything go: the card, unpowered, and the process that held it."""
        self._connected = False
        self._process.close()

    def _seen(self, reader: str, *, present: bool, wait_ms: int) -> bool:
        """Wait for a card in a reader, or for none, and return whether that came."""
        what: dict[str, str | int] = {"present": present, "wait_ms": wait_ms}
        came: bool = self._asked("wait", wait_ms + CALL_MS, reader=reader, **what)
        return came

    def _asked(self, do: str, limit_ms: int, **what: str | int) -> Any:  # noqa: ANN401 - JSON
        return _asked(self._process, do, limit_ms, **what)

    def _chosen(self) -> str:
        """Return the reader's whole name, which may have changed since the last call."""
        self._process.about = self._wanted
        self._process.about = chosen_reader(self._wanted, _readers(self._process))
        return self._process.about


def reader_names() -> list[str]:
    """Return the names of all readers that PC/SC knows now.

    Raise `LinkError`: BROKEN when the service is not running, OTHER when it denies access or is
    not installed.
    """
    with closing(PcscProcess("readers")) as process:
        return _readers(process)


def chosen_reader(wanted: str, names: Sequence[str]) -> str:
    """Return the reader in `names` equal to `wanted`, else the only one that contains it."""
    if wanted in names:
        return wanted
    found = [name for name in names if wanted.casefold() in name.casefold()]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(repr(name) for name in found or names) or "no reader at all"
    why = f"{wanted!r} could be any of" if found else f"{wanted!r} is not there; there is"
    raise LinkError(LinkErrorKind.NO_READER, f"{why} {listed}")


def _readers(process: PcscProcess) -> list[str]:
    names: list[str] = _asked(process, "readers", CALL_MS)
    return names


def _asked(process: PcscProcess, do: str, limit_ms: int, **what: str | int) -> Any:  # noqa: ANN401
    """Return the process's result, or raise the `LinkError` for its PC/SC error."""
    answer = process.ask(do, limit_ms, **what)
    if answer.done is not UNSET:
        return answer.done
    what_failed = f"{answer.call}: {answer.fault}"
    kind, words = MEANINGS.get(answer.fault) or _Meaning(LinkErrorKind.OTHER, what_failed)
    raise LinkError(kind, f"{process.about}: {words}" if words else process.about)
