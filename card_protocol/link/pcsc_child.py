"""The process that owns a reader: one PC/SC call after another, for `pcsc` at the other end.

SCardTransmit has no timeout: a card that never answers would block its caller for ever. So the
caller is this process. Each request has a time limit, and an alarm ends the process after it, even
an orphan: no reader stays blocked.

Run as a script, it needs the standard library and pyscard and nothing else. Its standard input is a
socket: a JSON object a line in, one a line out, bytes in hex. `{"do": …, "limit_ms": …}` with the
arguments of a method of `Owner` is answered by `{"done": …}` or by `{"call": …, "fault": …}`, the
PC/SC call that failed and the name of its error. When the other end closes, the card is unpowered
and the process ends.
"""

import json
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from io import BufferedRWPair
from typing import Any, Final, final

_INSTALL: Final = "python -m pip install pyscard installs it, with the headers of libpcsclite"
LINE_BYTES_MAX: Final = 140_000  # the longest R-APDU, 65,538 bytes, in hex, and what is around it
LEAVE_S: Final = 5.0  # ours: for unpowering the card when nobody waits any more
RESETS_MAX: Final = 3  # ours: pcscd resets a card once by itself
KNOCKS_MAX: Final = 20  # ours: of refusals in quick succession, up to three in four give no reason
STATUS_BYTES: Final = 2  # SW1 and SW2: the shortest answer (ISO/IEC 7816-4)
BREATHS_MAX: Final = 10  # ours: how often a service that denies access is asked whether it lives
BREATH_S: Final = 0.1  # ours: between them
SETTLE_MS: Final = 1_000  # ours: pcscd looks for removal several times a second

_Answer = dict[str, Any]


@final
class Fault(Exception):
    """A PC/SC call that failed, with its code."""

    def __init__(self, call: str, code: int) -> None:
        super().__init__(call, code)
        self.call = call
        self.code = code


@final
class Owner:
    """A program's PC/SC context, and during a session one card, exclusively.

    After any fault both are given up and acquired anew when next needed. So it does not matter
    which of them survives an unplugged reader or a stopped pcscd: a context does not, and reports
    that in several ways (pyscard issue 27).
    """

    def __init__(self, scard: Any) -> None:  # noqa: ANN401 - pyscard has no types
        self._scard: Final = scard
        self._context: Any = None
        self._card: Any = None
        self._reader = ""
        self._pci: Any = None

    def obey(self, do: str, **what: Any) -> _Answer:  # noqa: ANN401 - what JSON can say
        """Execute one request and return the answer to it."""
        calls: dict[str, Callable[..., Any]] = {
            "readers": self._readers,
            "wait": self._wait,
            "connect": self._connect,
            "transmit": self._transmit,
            "leave": self.leave,
        }
        try:
            return {"done": calls[do](**what)}
        except Fault as fault:
            self._give_up()
            cause = self._cause(fault)
            return {"call": cause.call, "fault": self._name(cause.code)}

    def _cause(self, fault: Fault) -> Fault:
        """Return the fault, or that of a service that has gone: its last breath denies access.

        It may take a few more, on a machine that is busy, until its door is closed.
        """
        now = fault
        for _ in range(BREATHS_MAX):
            if now.code != self._scard.SCARD_W_SECURITY_VIOLATION:
                return now
            try:
                self._taken()
            except Fault as again:
                now = again
                time.sleep(BREATH_S)
            else:
                return fault
        return now

    def _readers(self) -> list[str]:
        """Return the names of all readers."""
        try:
            (names,) = self._call("SCardListReaders", self._taken(), [])
        except Fault as fault:
            if fault.code != self._scard.SCARD_E_NO_READERS_AVAILABLE:
                raise
            return []
        return list(names)

    def _wait(self, reader: str, present: bool, wait_ms: int) -> bool:
        """Wait until a card is in the reader, or is not; return whether it was in time."""
        scard, context = self._scard, self._taken()
        deadline_s = time.monotonic() + wait_ms / 1_000
        known = scard.SCARD_STATE_UNAWARE
        while True:
            left_ms = max(0, int((deadline_s - time.monotonic()) * 1_000))
            try:
                (states,) = self._call("SCardGetStatusChange", context, left_ms, [(reader, known)])
            except Fault as fault:
                if fault.code != scard.SCARD_E_TIMEOUT:
                    raise
                return False
            known = states[0][1] & ~scard.SCARD_STATE_CHANGED
            if known & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE):
                raise Fault("SCardGetStatusChange", scard.SCARD_E_READER_UNAVAILABLE)
            if bool(known & scard.SCARD_STATE_PRESENT) is present:
                return True

    def _connect(self, reader: str) -> _Answer:
        """Take the card exclusively, powered afresh; return its ATR and its protocol.

        The card may still be powered, with the rights that another program has gained: a
        reconnection by unpowering ends them. Just after insertion pcscd may still be resetting the
        card, and reports that.
        """
        scard = self._scard
        self.leave()
        how = scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        self._card, _ = self._call("SCardConnect", self._taken(), reader, *how)
        self._reader = reader

        def powered_afresh() -> list[Any]:
            self._call("SCardReconnect", self._card, *how, scard.SCARD_UNPOWER_CARD)
            return self._call("SCardStatus", self._card)

        _, _, protocol, atr = self._again(RESETS_MAX, scard.SCARD_W_RESET_CARD, powered_afresh)
        t0 = protocol == scard.SCARD_PROTOCOL_T0
        self._pci = scard.SCARD_PCI_T0 if t0 else scard.SCARD_PCI_T1
        return {"atr": bytes(atr).hex(), "t0": t0}

    def _transmit(self, command: str) -> str:
        """Send a command and return the response, both in hex."""
        sent = list(bytes.fromhex(command))
        try:
            (response,) = self._call("SCardTransmit", self._card, self._pci, sent)
        except Fault:
            self._check_present()
            raise
        if len(response) < STATUS_BYTES:
            self._check_present()
        return bytes(response).hex()

    def _check_present(self) -> None:
        """Raise a better `Fault` after a failed exchange if the card is just on its way out.

        The driver reports that the exchange failed, or no answer at all, and removal is noticed a
        moment later.
        """
        if self._wait(self._reader, present=False, wait_ms=SETTLE_MS):
            raise Fault("SCardTransmit", self._scard.SCARD_W_REMOVED_CARD)

    def leave(self) -> None:
        """Unpower the card, so that no right outlives the session, and let it go."""
        card, self._card = self._card, None
        if card is not None:  # a card that is gone needs no unpowering, so the result says nothing
            self._scard.SCardDisconnect(card, self._scard.SCARD_UNPOWER_CARD)

    def _give_up(self) -> None:
        self.leave()
        context, self._context = self._context, None
        if context is not None:
            self._scard.SCardReleaseContext(context)

    def _taken(self) -> Any:  # noqa: ANN401 - a handle of pyscard's
        """Return the context, established if there is none.

        A service that denies access may close the connection without a reason: it is asked again.
        """
        scard = self._scard
        if self._context is None:
            ask = partial(self._call, "SCardEstablishContext", scard.SCARD_SCOPE_SYSTEM)
            (self._context,) = self._again(KNOCKS_MAX, scard.SCARD_E_NO_SERVICE, ask)
        return self._context

    def _again(self, times: int, code: int, do: Callable[[], list[Any]]) -> list[Any]:
        """Repeat something while it fails with `code`, at most so many times."""
        for _ in range(times - 1):
            try:
                return do()
            except Fault as fault:
                if fault.code != code:
                    raise
        return do()

    def _name(self, code: int) -> str:
        """Return the name of an error in the header files, or its number."""
        for name, value in vars(self._scard).items():
            if name.startswith(("SCARD_E_", "SCARD_F_", "SCARD_W_")) and value == code:
                return str(name)
        return f"{code & 0xFFFF_FFFF:08X}"

    def _call(self, call: str, *what: Any) -> list[Any]:  # noqa: ANN401 - as pyscard has it
        code, *results = getattr(self._scard, call)(*what)
        if code != self._scard.SCARD_S_SUCCESS:
            raise Fault(call, code)
        return list(results)


def answer_requests(lines: BufferedRWPair) -> None:
    """Answer requests until there are none."""
    requests = iter(lambda: lines.readline(LINE_BYTES_MAX), b"")
    try:
        from smartcard import scard
    except ImportError as missing:  # no pyscard, or no PC/SC library under it
        for _ in requests:
            _send(lines, {"call": "import pyscard", "fault": f"{missing} ({_INSTALL})"})
        return
    owner = Owner(scard)
    try:
        for line in requests:
            request = json.loads(line)
            signal.setitimer(signal.ITIMER_REAL, request.pop("limit_ms") / 1_000)
            answer = owner.obey(**request)
            signal.setitimer(signal.ITIMER_REAL, 0)
            _send(lines, answer)
    finally:
        signal.setitimer(signal.ITIMER_REAL, LEAVE_S)
        owner.leave()


def _send(lines: BufferedRWPair, answer: _Answer) -> None:
    lines.write(json.dumps(answer).encode() + b"\n")
    lines.flush()


def main() -> None:
    """Serve the process at the other end of standard input."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # our parent may have ignored it
    with (
        suppress(BrokenPipeError, ConnectionResetError),  # nobody is left to answer
        socket.socket(fileno=0) as channel,
        channel.makefile("rwb") as lines,
    ):
        answer_requests(lines)


if __name__ == "__main__":
    main()
