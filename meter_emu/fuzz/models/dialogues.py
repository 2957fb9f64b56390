"""What a reader must do: with the characters of T=0, with 61xx and 6Cxx, with a vpcd stream."""

from collections.abc import Callable
from typing import NamedTuple

_NULLS = 60  # in a row, docs/iso7816.md: a card that wants more time than that is given up
_PARTS = 256  # GET RESPONSE in a row


class T0Outcome(NamedTuple):
    """What came of a command over T=0: the bytes sent to the card, its answer or how it failed."""

    sent: bytes
    answer: bytes | None
    failed: str


def heard_over_t0(header: bytes, data: bytes, characters: bytes) -> T0Outcome:
    """Follow the procedure bytes of ISO/IEC 7816-3, 10.3.3, one after another."""
    ins, at, nulls, sent, got = header[1], 0, 0, 0, b""
    left = len(data) or header[4] or 256
    while at < len(characters):
        procedure, at = characters[at], at + 1
        if procedure == 0x60:
            nulls += 1
            if nulls > _NULLS:
                return T0Outcome(data[:sent], None, "TIMED_OUT")
            continue
        nulls = 0
        if procedure & 0xF0 in {0x60, 0x90}:
            done = at < len(characters)
            return T0Outcome(data[:sent], got + characters[at - 1 : at + 1] if done else None, "")
        if procedure not in {ins, 0xFF - ins} or not left:
            return T0Outcome(data[:sent], None, "BROKEN")
        count = left if procedure == ins else 1
        left -= count
        if data:
            sent += count
        else:
            got, at = got + characters[at : at + count], at + count
    return T0Outcome(data[:sent], None, "")


Answers = Callable[[], bytes]


def terminal_sends(command: bytes, ne: int | None, answers: Answers) -> tuple[list[bytes], bytes]:
    """Return what a terminal sends to a card, and the whole answer; empty where it is refused.

    ISO/IEC 7816-4, 5.1.3: 6Cxx is obeyed once, 61xx until nothing waits; no answer may be longer
    than was asked for. `command` is without its Le.
    """
    sent: list[bytes] = []

    def once(command: bytes, ne: int | None) -> bytes:
        sent.append(command + (b"" if ne is None else bytes((ne % 256,))))
        answer = answers()
        return answer if 2 <= len(answer) <= 2 + (ne or 0) else b""

    def corrected(command: bytes, ne: int | None) -> bytes:
        answer = once(command, ne)
        if answer[-2:-1] == b"\x6c":
            answer = once(command, answer[-1] or 256)
        return b"" if answer[-2:-1] == b"\x6c" else answer

    answer = corrected(command, ne)
    whole = answer[:-2]
    for _ in range(_PARTS):
        if answer[-2:-1] != b"\x61":
            return sent, whole + answer[-2:] if answer else b""
        answer = corrected(b"\x00\xc0\x00\x00", answer[-1] or 256)
        whole += answer[:-2]
    return sent, b"" if answer[-2:-1] == b"\x61" or not answer else whole + answer[-2:]


def vpcd_answers(stream: bytes, atr: bytes, card: Callable[[str, bytes], bytes]) -> bytes | None:
    """Return what a served card answers to a reader's stream; `None` where it must leave.

    `card` is given `on`, `off` or `command`. A message is its length in two bytes, and so many.
    """
    answers, powered = b"", False
    while len(stream) >= 2 and len(stream) - 2 >= int.from_bytes(stream[:2], "big"):
        size = int.from_bytes(stream[:2], "big")
        message, stream = stream[2 : 2 + size], stream[2 + size :]
        if not message:
            return None
        if message == b"\x04":
            answer = atr
        elif message in {b"\x00", b"\x01", b"\x02"}:
            powered = message != b"\x00"
            card("on" if powered else "off", b"")
            continue
        else:
            answer = card("command", message) if powered else b"\x6f\x00"
        answers += len(answer).to_bytes(2, "big") + answer
    return answers
