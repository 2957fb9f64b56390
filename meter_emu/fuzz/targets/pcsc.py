"""What the process that owns a PC/SC reader may say to the program that started it."""

import json
import socket
from contextlib import suppress
from typing import Any, Final, final

from card_protocol.errors import LinkError, UndecodedError
from card_protocol.link.pcsc import PcscLink
from card_protocol.link.pcsc_child import STATUS_BYTES
from card_protocol.link.pcsc_process import Connected, PcscAnswer, parse_answer
from meter_emu.fuzz.reach import must, note, tell
from meter_emu.fuzz.target import Target

_READER: Final = "Reader 00"
_REQUESTS: Final = ("readers", "wait", "connect", "transmit", "leave")
_REQUEST_MAX: Final = 1 << 16
_COMMAND: Final = bytes.fromhex("00b0810008")
_APART: Final = b"\0"  # stands in no JSON: between what is sent at once


@final
class _Child:
    """A process that says what an input has and ends: a life of it up to an empty piece."""

    def __init__(self, data: bytes) -> None:
        self._status = -data[0] if data else 0
        self._left = data[1:].split(_APART)
        self._ends: list[socket.socket] = []
        self._said: list[bytes] = []

    def start(self) -> tuple[socket.socket, "_Child"]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ends.append(theirs)
        self._said = []
        while self._left and (piece := self._left.pop(0)):
            theirs.sendall(piece)
            self._said.append(piece)
        theirs.shutdown(socket.SHUT_WR)
        return ours, self

    def wait(self, timeout: float) -> int:
        del timeout
        self.kill()
        return self._status

    def kill(self) -> None:
        while self._ends:
            with self._ends.pop() as end:
                _check_asked(end, self._said)


def _check_asked(end: socket.socket, said: list[bytes]) -> None:
    """Check that nothing was sent to a process after its first answer that was none."""
    end.setblocking(False)
    asked = []
    with suppress(BlockingIOError):
        while True:
            try:
                request = end.recv(_REQUEST_MAX)
            except ConnectionResetError:  # said once where an answer was left unread
                continue
            if not request:
                break
            asked.append(str(json.loads(request)["do"]))
            tell(lambda: f"asked: {asked[-1]}", request)
    for do in asked[:-1]:
        line = b""
        while said and not line.endswith(b"\n"):
            line += said.pop(0)
        must(_is_answer(do, line), "a process that gave no answer is asked nothing more", do)


def _is_answer(do: str, line: bytes) -> bool:
    """Whether JSON of the kind that a request wants is in a line."""
    try:
        seen = json.loads(line.decode())
    except ValueError:
        return False
    if not line.endswith(b"\n") or not isinstance(seen, dict):
        return False
    if seen.keys() == {"call", "fault"}:
        return all(isinstance(one, str) and one for one in seen.values())
    done = seen.get("done", ...)
    if seen.keys() != {"done"}:
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
    """Every request to a reader, whatever comes back: a `LinkError`, or an answer."""
    link = PcscLink(_READER, start=_Child(data).start)
    try:
        with suppress(LinkError):
            present = link.wait(present=True, wait_ms=0)
            must(present in {True, False}, "a card is there or not")
            note("a card" if present else "no card")
        try:
            link.connect()
            note("connected")
            must(len(link.exchange(_COMMAND)) >= STATUS_BYTES, "an answer has its status word")
            note("answered")
            link.exchange(_COMMAND)
        except LinkError as error:
            note(error.kind.name)
        link.disconnect()
    finally:
        link.close()
    for piece in data[1:].split(_APART):
        for do in _REQUESTS:
            _message(do, piece)


def _message(do: str, line: bytes) -> None:
    """What is taken for an answer is what a reader of JSON sees in it, and is sent alike."""
    try:
        answer = parse_answer(do, line)
    except UndecodedError:
        note("undecoded")
        return
    note(f"{do}: {'fault' if answer.fault else 'done'}")
    must(_is_answer(do, line + b"\n" * (not line.endswith(b"\n"))), "what is no answer is none", do)
    seen = json.loads(line)
    said = _said(answer)
    must(said == seen, "an answer is read as it was written", f"{said} is not {seen}")
    again = json.dumps(said).encode() + b"\n"
    must(parse_answer(do, again) == answer, "an answer is the same when it is sent again")


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
        oracles="a link error, or the answer that JSON has; who gave none is asked no more",
        reaches=(
            "a card", "no card", "connected", "answered", "undecoded", "CARD_GONE",
            *(f"{do}: done" for do in _REQUESTS), "transmit: fault",
        ),
        size_max=1_024,
        check=_dialogue,
        seeds=lambda: (
            b"\0" + _lines(_NAMES, {"done": True}, _NAMES, _POWERED, {"done": "01029000"},
                           {"done": "6a82"}, {"done": None}),
            b"\0" + _lines(_NAMES, {"done": True}, _NAMES, _POWERED, _LOST),
            b"\x0e" + _lines(_NAMES, {"done": False}) + _APART * 2
            + _lines(_NAMES, _POWERED, _LOST),
        ),
        words=(
            b'{"done": ', b'{"call": "', b'", "fault": "', b'"t0": ', b"true", b"null", b"[", b"\0",
            b"SCARD_E_NO_SMARTCARD", b"\\ud800", b"\\u0000",
        ),
    ),
)  # fmt: skip
