"""What the process that owns a PC/SC reader may say to the program that started it.

The first byte of an input says how the process ends and what the program waits for: the signal
that ends it, or that none does; whether it cannot be started again; whether the program waits long,
and for a card that goes. The rest is what it says.
"""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from signal import SIGALRM
from typing import Any, Final, final

from card_protocol.errors import LinkError, UndecodedError
from card_protocol.link.pcsc import PcscLink
from card_protocol.link.pcsc_process import Connected, PcscAnswer, parse_answer
from meter_emu.fuzz.reach import must, note, tell
from meter_emu.fuzz.target import Target

_READER: Final = "Reader 00"
_REQUESTS: Final = ("readers", "wait", "connect", "transmit", "leave")
_REQUEST_MAX: Final = 1 << 16
# Commands, and how T=0 says them: a case 4 without its Le.
_COMMANDS: Final = tuple(
    (bytes.fromhex(command), bytes.fromhex(over_t0))
    for command, over_t0 in (("00b0810008",) * 2, ("00a4000002be0100", "00a4000002be01"))
)
_SIGNAL, _LASTS, _WAITS_LONG, _GOES = 0x1F, 0x20, 0x40, 0x80  # of the first byte
_LONG_MS: Final = 60_000  # ours: what a process says is over long before
_ANSWER_MS: Final = 7_000  # ours: for an answer of the card, not what it is without being said
_CALL_MS: Final = 10_000  # for all else, as the link says
_PART_MS: Final = 1_000  # of a long wait
_ENDING_S: Final = 1  # ours: which a process is given to end, and may need
_ONCE: Final = 0x1F  # a signal, ours: after it no other process can be started
_KINDS: Final = {  # what pcsclite.h says of each, in the words of a link
    "SCARD_E_NO_SMARTCARD": "NO_CARD", "SCARD_W_REMOVED_CARD": "CARD_GONE",
    "SCARD_W_RESET_CARD": "CARD_GONE", "SCARD_W_UNPOWERED_CARD": "CARD_GONE",
    "SCARD_E_UNKNOWN_READER": "NO_READER", "SCARD_E_READER_UNAVAILABLE": "NO_READER",
    "SCARD_E_SHARING_VIOLATION": "IN_USE", "SCARD_E_TIMEOUT": "TIMED_OUT",
    "SCARD_W_UNRESPONSIVE_CARD": "TIMED_OUT", "SCARD_E_NOT_TRANSACTED": "BROKEN",
    "SCARD_E_NO_SERVICE": "BROKEN", "SCARD_E_PROTO_MISMATCH": "BROKEN",
    "SCARD_E_SERVICE_STOPPED": "BROKEN", "SCARD_F_COMM_ERROR": "BROKEN",
    "SCARD_W_UNSUPPORTED_CARD": "BROKEN", "SCARD_W_SECURITY_VIOLATION": "OTHER",
}  # fmt: skip
_APART: Final = b"\0"  # stands in no JSON: between what is sent at once


@final
class _Child:
    """A process that says what an input has and ends: a life of it up to an empty piece."""

    def __init__(self, data: bytes) -> None:
        first = data[0] if data else 0
        self._status, self._lasts = -(first & _SIGNAL), bool(first & _LASTS)
        self._left = data[1:].split(_APART)
        self._ends: list[socket.socket] = []
        self._started = self._left_open = False
        self.asked: Final[list[dict[str, Any]]] = []

    @property
    def alive(self) -> bool:
        """Whether a process was left to itself, or with a channel that is open."""
        return bool(self._ends) or self._left_open

    def start(self) -> tuple[socket.socket, "_Child"]:
        if self._status == -_ONCE and self._started:
            raise OSError("no more processes")
        self._started = True
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ends.append(theirs)
        for piece in _life(self._left):
            theirs.sendall(piece)
        theirs.shutdown(socket.SHUT_WR)
        return ours, self

    def wait(self, timeout: float) -> int:
        if self._ends and (self._lasts or timeout < _ENDING_S):
            raise subprocess.TimeoutExpired("a process that lasts", timeout)
        self.kill()
        return self._status

    def kill(self) -> None:
        while self._ends:
            with self._ends.pop() as end:
                self._hear(end)

    def _hear(self, end: socket.socket) -> None:
        """Take the requests that a life got, which is over."""
        end.setblocking(False)
        while not self._left_open:
            try:
                request = end.recv(_REQUEST_MAX)
            except ConnectionResetError:  # said once where an answer was left unread
                continue
            except BlockingIOError:
                self._left_open = True
            else:
                if not request:
                    return
                self.asked.append(json.loads(request))
                tell(lambda: f"asked: {self.asked[-1]}", request)


def _life(left: list[bytes]) -> list[bytes]:
    """Take the pieces up to an empty one."""
    taken = []
    while left and (piece := left.pop(0)):
        taken.append(piece)
    return taken


@final
class _Refused(Exception):
    """What was asked brings no answer, or a fault: the kind of the link error, as it is called."""


@final
class _Expected:
    """What a program may ask of that process, and what it may take for an answer."""

    def __init__(self, data: bytes) -> None:
        self._left = data[1:].split(_APART)
        first = data[0] if data else 0
        self._hangs = first & _SIGNAL == SIGALRM or bool(first & _LASTS)
        self._waits, self._present = _wait_of(first), not first & _GOES
        self._once, self._started = first & _SIGNAL == _ONCE, False
        self._said: list[bytes] | None = None
        self.asked: Final[list[dict[str, Any]]] = []

    def ask(self, do: str, **what: object) -> Any:  # noqa: ANN401 - JSON
        """Ask the life that there is, or the next one; one that gave no answer is over."""
        if self._said is None:
            if self._once and self._started:
                raise _Refused("OTHER")
            self._started = True
            self._said = _life(self._left)
        limit_ms = _ANSWER_MS if do == "transmit" else _CALL_MS + int(str(what.get("wait_ms", 0)))
        self.asked.append({"do": do, "limit_ms": limit_ms, **what})
        line = b""
        while self._said and not line.endswith(b"\n"):
            line += self._said.pop(0)
        seen = _json_of(line) if line.endswith(b"\n") else None
        if not _is_answer(do, seen):
            self._said = None
        if seen is None or self._said is None:
            silent = self._hangs and not line.endswith(b"\n")
            raise _Refused("TIMED_OUT" if silent else "BROKEN")
        if "fault" in seen:
            raise _Refused(_KINDS.get(seen["fault"], "OTHER"))
        return seen["done"]

    def chosen(self) -> str:
        """Return the one reader that it may be: of this name, or the only one with it inside."""
        names = self.ask("readers")
        found = [name for name in names if _READER.casefold() in name.casefold()]
        if _READER not in names and len(found) != 1:
            raise _Refused("NO_READER")
        return _READER if _READER in names else str(found[0])

    def dialogue(self) -> Iterator[object]:
        """Yield what comes of looking, of connecting, and of each command; or why nothing does."""
        try:
            reader, part_ms = self.chosen(), min(self._waits, _PART_MS)
            while True:
                came = self.ask("wait", reader=reader, present=self._present, wait_ms=part_ms)
                if came or not part_ms:
                    break
            yield came
        except _Refused as refused:
            yield str(refused)
        try:
            for commands in (_COMMANDS, _COMMANDS[1:]):
                reader = self.chosen()
                powered = self.ask("connect", reader=reader)
                yield powered["atr"]
                for command, over_t0 in commands:
                    sent = over_t0 if powered["t0"] else command
                    answer = self.ask("transmit", command=sent.hex())
                    if len(answer) < 4:
                        self._ended()
                        gone = self.ask("wait", reader=reader, present=False, wait_ms=_PART_MS)
                        raise _Refused("CARD_GONE" if gone else "BROKEN")
                    yield answer
            self._ended()
        except _Refused as refused:
            yield str(refused)

    def _ended(self) -> None:
        with suppress(_Refused):
            self.ask("leave")


def _wait_of(first: int) -> int:
    """Return how long a program waits for a card."""
    return _LONG_MS if first & _WAITS_LONG else 0


@lru_cache(64)  # an input's pieces, each asked for by several
def _json_of(line: bytes) -> dict[str, Any] | None:
    """Return the object that JSON has in a line, `None` where it has none."""
    try:
        seen = json.loads(line.decode())
        json.dumps(seen, ensure_ascii=False).encode()  # half a surrogate is no text
    except ValueError:
        return None
    return seen if isinstance(seen, dict) else None


def _has_a_key_twice(line: bytes) -> bool:
    twice: list[bool] = []

    def seen(pairs: list[tuple[str, Any]]) -> None:
        twice.append(len(dict(pairs)) < len(pairs))

    with suppress(ValueError):
        json.loads(line.decode(), object_pairs_hook=seen)
    return any(twice)


def _is_answer(do: str, spoken: dict[str, Any] | None) -> bool:
    """Whether an object is of the kind that a request wants."""
    if spoken is None:
        return False
    if spoken.keys() == {"call", "fault"}:
        return all(isinstance(one, str) and one for one in spoken.values())
    done = spoken.get("done", ...)
    if spoken.keys() != {"done"}:
        return False
    if do == "readers":
        return isinstance(done, list) and all(isinstance(one, str) for one in done)
    if do == "connect":
        atr = isinstance(done, dict) and done.keys() == {"atr", "t0"} and _is_hex(done["atr"])
        return atr and isinstance(done["t0"], bool)
    return {"wait": isinstance(done, bool), "leave": done is None, "transmit": _is_hex(done)}[do]


def _is_hex(text: object) -> bool:
    return isinstance(text, str) and not len(text) % 2 and not text.strip("0123456789abcdef")


def _dialogue(data: bytes, _build: str) -> None:
    """Every request to a reader, whatever comes back: a `LinkError`, or an answer.

    What an object means that has a key twice, RFC 8259 leaves to its reader.
    """
    joined = data[1:].replace(_APART, b"").splitlines()
    if any(_has_a_key_twice(one) for one in (*data[1:].split(_APART), *joined)):
        note("a key twice")
        return
    child, expected, first = _Child(data), _Expected(data), data[0] if data else 0
    link, got = PcscLink(_READER, answer_ms=_ANSWER_MS, start=child.start), list[object]()
    try:
        try:
            got.append(link.wait(present=not first & _GOES, wait_ms=_wait_of(first)))
            note("a card" if got[0] else "no card")
        except LinkError as error:
            got.append(_kind(error))
        try:
            for commands in (_COMMANDS, _COMMANDS[1:]):  # to connect again is a reset
                got.append(link.connect().hex())
                note("connected" if commands is _COMMANDS else "reset")
                for command, _ in commands:
                    got.append(link.exchange(command).hex())
                    note("answered")
        except LinkError as error:
            got.append(_kind(error))
            note(error.kind.name)
            with suppress(LinkError):  # the session is over, and nothing is asked
                got.append(link.exchange(_COMMANDS[0][0]))
        link.disconnect()
    finally:
        link.close()
    must(got == list(expected.dialogue()), "an answer is the one that JSON has", str(got),
         moved=bool(got))  # fmt: skip
    must(not child.alive, "a process that is no longer needed has ended", moved=bool(got))
    must(child.asked == expected.asked, "what is asked is what is needed, and of none that failed",
         f"{child.asked}, expected {expected.asked}")  # fmt: skip
    for piece in dict.fromkeys(data[1:].split(_APART)):
        seen = _json_of(piece)
        for do in _REQUESTS:
            _message(do, piece, seen)


def _kind(error: LinkError) -> str:
    """Return the kind of a link error, which names the reader."""
    said = str(error)
    must(_READER.casefold() in said.casefold(), "a link error names its reader", said)
    must(len(said.splitlines()) == 1, "a link error is one line", said)
    return error.kind.name


def _message(do: str, line: bytes, spoken: dict[str, Any] | None) -> None:
    """What is taken for an answer is what a reader of JSON sees in it, and nothing else."""
    right = _is_answer(do, spoken)
    try:
        answer = parse_answer(do, line)
    except UndecodedError:
        note("undecoded")
        must(
            not right or json.dumps(spoken).encode() != line, "what is an answer is not refused", do
        )
        return
    note(f"{do}: {'fault' if answer.fault else 'done'}")
    must(right, "what is no answer is none", do)
    said = _said(answer)
    must(said == spoken, "an answer is read as it was written", f"{said} is not {spoken}")


def _said(answer: PcscAnswer[Any]) -> dict[str, Any]:
    """Return an answer as the process had it before it was sent."""
    if answer.fault:
        return {"call": answer.call, "fault": answer.fault}
    done = answer.done
    return {"done": {"atr": done.atr, "t0": done.t0} if isinstance(done, Connected) else done}


def _lines(*answers: dict[str, Any]) -> bytes:
    return _APART.join(json.dumps(answer).encode() + b"\n" for answer in answers)


_NAMES: Final = {"done": [_READER, "Reader 01"]}
_POWERED: Final = {"done": {"atr": "3b951880f0", "t0": True}}
_LOST: Final = {"call": "SCardTransmit", "fault": "SCARD_W_REMOVED_CARD"}

TARGETS: Final = (
    Target(
        id="pcsc-child",
        asks="what the process that owns a PC/SC reader may say, and how it ends",
        oracles="a link error of its kind, or the answer that JSON has; "
        "who gave none is asked no more",
        reaches=(
            "a card", "no card", "connected", "reset", "answered", "undecoded", "CARD_GONE",
            "TIMED_OUT", "OTHER",
            *(f"{do}: done" for do in _REQUESTS), "transmit: fault",
        ),
        size_max=1_024,
        check=_dialogue,
        seeds=lambda: (
            b"\0" + _lines(_NAMES, {"done": True}, _NAMES, _POWERED, {"done": "01029000"},
                           {"done": "6a82"}, _NAMES, _POWERED, {"done": "9000"}, {"done": None}),
            b"\0" + _lines(_NAMES, {"done": True}, _NAMES, _POWERED, {"done": "01029000"},
                           {"done": "6a82"}, _NAMES, _LOST),
            b"\0" + _lines(_NAMES, {"done": True}, _NAMES, _POWERED, _LOST),
            b"\x0e" + _lines(_NAMES, {"done": False}) + _APART * 2
            + _lines(_NAMES, _POWERED, _LOST),
            b"\x8e" + _lines(_NAMES, {"done": True}) + _APART * 2 + _lines(_NAMES),
            b"\x80" + _lines(_NAMES, {"done": False}, _NAMES, _POWERED, {"done": "90"},
                             {"done": None}, {"done": False}),
            b"\x20" + _lines(_NAMES, {"done": True}, _NAMES),
            b"\x40" + _lines(_NAMES, *[{"done": False}] * 3, {"done": True}, _NAMES, _POWERED,
                             {"done": "9000"}, _LOST),
            b"\x1f?" + _APART * 2 + _lines(_NAMES, _POWERED),
            b"\0" + _lines({"done": ["A Reader 000", "Reader 001"]}, {"done": ["reader 00 b"]},
                           _POWERED, {"done": ""}, {"done": None}, {"done": True}),
            b"\0" + _lines(_NAMES, {"done": True}, _NAMES, _POWERED, *[{"done": "9000"}] * 2,
                           _NAMES, {"done": {"atr": "3b00", "t0": False}}, {"done": "9000"}),
            *(b"\0" + _lines({"call": "SCardConnect", "fault": fault}) for fault in _KINDS),
        ),
        words=(
            b'{"done": ', b'{"call": "', b'", "fault": "', b'"t0": ', b"true", b"false", b"null",
            b"[", b"\0",
            *(fault.encode() for fault in _KINDS), b"\\ud800", b"\\u0000",
        ),
    ),
)  # fmt: skip
