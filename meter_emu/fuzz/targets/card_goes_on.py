"""What a card may answer to a terminal, which goes on for as long as the card has more to say."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, final

from card_protocol.apdu import CommandApdu
from card_protocol.errors import ApduError, LinkError, LinkErrorKind
from card_protocol.terminal import Terminal
from card_protocol.words import meaning
from meter_emu.fuzz.models.dialogues import terminal_sends
from meter_emu.fuzz.reach import must, note, tell
from meter_emu.fuzz.target import Target

_EXCHANGES_MAX: Final = 600  # ours: 256 parts, and the Le of each corrected once, is 514
_GOING_ON: Final = (b"\x61", b"\x6c")
_COMMANDS: Final = (
    CommandApdu(0x00, 0xA4, 0x00, 0x00, b"\x3f\x00", 256),
    CommandApdu(0x00, 0xB0, 0x81, 0x00, ne=8),
    CommandApdu(0x00, 0xB0, 0x00, 0x00, ne=256),
    CommandApdu(0x00, 0xD6, 0x00, 0x00, b"\x01\x02"),
)


@final
class _GoingOn:
    """A card whose answers come from an input; it repeats the last one for ever."""

    def __init__(self, data: bytes) -> None:
        self._left: list[bytes] = _pieces(data)
        self._last = b""
        self.asked: Final[list[bytes]] = []

    def answer(self) -> bytes:
        """Return the next answer; empty from a card that is gone."""
        if self._left:
            self._last = self._left.pop(0)
        return self._last

    def exchange(self, command: bytes) -> bytes:
        self.asked.append(command)
        must(len(self.asked) <= _EXCHANGES_MAX, "a dialogue ends, however long the card goes on")
        answer = self.answer()
        tell(lambda: meaning(command, answer), command + b" " + answer)
        if answer[-2:-1] in _GOING_ON:
            note(f"{answer[-2]:02X}xx")
        if not answer:
            raise LinkError(LinkErrorKind.CARD_GONE)
        return answer


def _pieces(data: bytes) -> list[bytes]:
    """Return answers: each has its length in the byte before it; `00` is a card that is gone."""
    found, at = [], 0
    while at < len(data):
        end = at + 1 + data[at]
        found.append(data[at + 1 : end])
        at = end
    return found


def _check(data: bytes, _build: str) -> None:
    """The first byte says which command is sent."""
    if not data:
        return
    card, command, got = _GoingOn(data[1:]), _COMMANDS[data[0] % len(_COMMANDS)], b""
    try:
        response = Terminal(card.exchange).send(command)
    except (ApduError, LinkError) as error:
        note("refused" if isinstance(error, ApduError) else "the card is gone")
    else:
        note("data" if response.data else "a status word alone")
        got = response.to_bytes()
    raw = replace(command, ne=None).to_bytes()
    sent, want = terminal_sends(raw, command.ne, _GoingOn(data[1:]).answer)
    must(card.asked == sent, "a terminal sends what 61xx and 6Cxx ask for, and nothing else",
         f"{[one.hex() for one in card.asked]}")  # fmt: skip
    must(got == want, "and returns the whole answer, or refuses it", got.hex(), moved=bool(want))


def _seeds() -> Sequence[bytes]:
    return tuple(
        bytes.fromhex(text)
        for text in (
            "00 02 9000",
            "01 02 6c04 06 01020304 9000",
            "02 02 6102 04 0102 6101 03 03 9000",
            "03 02 6101",
            "01 00",
        )
    )


TARGETS: Final = (
    Target(
        id="terminal",
        asks="what a card may answer to one command of a terminal, its last answer for ever",
        oracles="ends within its bound; sends what 61xx and 6Cxx ask for; returns the whole answer",
        reaches=("refused", "the card is gone", "data", "a status word alone", "61xx", "6Cxx"),
        size_max=600,
        check=_check,
        seeds=_seeds,
        words=(b"\x02\x90\x00", b"\x02\x61\x10", b"\x02\x6c\x08"),
    ),
)
