"""T=0: how a command and its answer travel as characters, seen from both ends of the contact.

ISO/IEC 7816-3, "Protocol T=0" and "Transportation of APDUs by T=0". The interface device sends a
header of five characters, CLA INS P1 P2 P3; then the card leads, one *procedure byte* at a time:

    procedure byte       what follows
    INS                  all data that are left, whichever way they go
    INS complemented     one byte of data, then another procedure byte
    60                   nothing yet: the card needs time, and another procedure byte comes
    61 to 6F, 90 to 9F   SW2: this byte was SW1 and the command is over

P3 is one byte, and nothing in the header says which way the data go: both ends know it from INS.

    case  P3   data           in words
    1     00   none           P3 of a command that takes no data says 256 bytes may come back
    2     Le   from the card  00 is 256; the card gives exactly so many or says 6Cxx
    3     Lc   to the card
    4     Lc   to the card    Le is not sent; the card says 61xx, the terminal sends GET RESPONSE

Sans-IO: characters in, characters out, and no clock. Each end does one thing per `receive`.
"""

from dataclasses import dataclass
from enum import Enum, unique
from typing import Final, Protocol, final

from card_protocol.apdu import HEADER_SIZE_BYTES, NC_SHORT_MAX, NE_SHORT_MAX, split_command
from card_protocol.errors import ApduError, LinkError, LinkErrorKind

CHARACTER_ETU: Final = 12  # start, 8 data, parity and guard time, between two leading edges
TURN_ETU: Final = 16  # between leading edges in opposite directions: EMV 4.3 book 1, 9.2.2.1
WAITING_ETU: Final = 9_600  # the longest silence of a card: 960 * WI, and WI is 10 without TC2
NULL: Final = 0x60
HEADER_CHARACTERS: Final = 5
NULLS_MAX: Final = 60  # ours, in a row: each buys a second at 9,600 baud, and a minute is enough

_STATUS_HIGH: Final = frozenset({0x6, 0x9})  # high half of SW1


@final
@unique
class ProcedureStep(Enum):
    """The action that a procedure byte requires of the interface device."""

    ALL = "move all data that are left"
    ONE = "move one byte"
    WAIT = "wait"
    END = "take this as SW1"
    UNKNOWN = "none of these"


def procedure_step(ins: int, character: int) -> ProcedureStep:
    """Return the meaning of procedure byte `character` for a command with instruction `ins`."""
    if character == NULL:
        return ProcedureStep.WAIT
    if character >> 4 in _STATUS_HIGH:
        return ProcedureStep.END
    if character == ins:
        return ProcedureStep.ALL
    return ProcedureStep.ONE if character == ins ^ 0xFF else ProcedureStep.UNKNOWN


def tpdu(command: bytes) -> tuple[bytes, bytes]:
    """Return header and data of a C-APDU.

    Lengths in the long form travel as the short ones they are (ISO/IEC 7816-3, 12.2); an Le above
    256 asks for 256, the most that P3 can. Raise `ApduError` for bytes that are no command, for
    more than 255 bytes of data, which would take ENVELOPE, and for INS 6x and 9x, which the card
    could not repeat without saying a status word.
    """
    cla, ins, p1, p2, data, ne = split_command(command)
    if len(data) > NC_SHORT_MAX:
        raise ApduError(f"T=0 has one length byte, got {len(data)} bytes of data")
    if ins >> 4 in _STATUS_HIGH:
        raise ApduError(f"T=0 has no INS {ins:02X}: the card's echo of it would be a status byte")
    p3 = len(data) or min(ne or 0, NE_SHORT_MAX) % NE_SHORT_MAX
    return bytes((cla, ins, p1, p2, p3)), data


@final
class Asking:
    """The interface device's end of one command. Send `header`, then obey `receive`.

    Raise `ApduError` for a command that T=0 cannot carry, as `tpdu` says.
    """

    def __init__(self, command: bytes) -> None:
        self.header, self._data = tpdu(command)
        self._left = len(self._data) or self.header[-1] or NE_SHORT_MAX
        self._due = 0
        self._nulls = 0
        self._received = bytearray()
        self._ending = False
        self._done = False

    @property
    def response(self) -> bytes | None:
        """The R-APDU, once it is whole."""
        return bytes(self._received) if self._done else None

    def receive(self, characters: bytes) -> bytes:
        """Take the card's characters and return the next ones to send; empty: keep listening.

        Raise `LinkError`: BROKEN for characters that T=0 does not allow here, TIMED_OUT for one
        NULL in a row more than `NULLS_MAX`.
        """
        for at, character in enumerate(characters, start=1):
            answer = self._take(character)
            if (answer or self._done) and at < len(characters):
                raise LinkError(LinkErrorKind.BROKEN, "T=0: the card sends out of turn")
            if answer:
                return answer
        return b""

    def _take(self, character: int) -> bytes:
        if self._ending:
            self._received.append(character)
            self._done = True
        elif self._due:
            self._received.append(character)
            self._due -= 1
        else:
            return self._obey(character)
        return b""

    def _obey(self, character: int) -> bytes:
        ins = self.header[1]
        asked = procedure_step(ins, character)
        self._nulls = self._nulls + 1 if asked is ProcedureStep.WAIT else 0
        if asked is ProcedureStep.END:
            self._received.append(character)
            self._ending = True
        elif asked is ProcedureStep.WAIT:
            if self._nulls > NULLS_MAX:
                raise LinkError(LinkErrorKind.TIMED_OUT, f"T=0: more than {NULLS_MAX} NULL")
        elif asked is ProcedureStep.UNKNOWN or not self._left:
            why = "with no data left" if self._left == 0 else f"after INS {ins:02X}"
            raise LinkError(LinkErrorKind.BROKEN, f"T=0: procedure byte {character:02X} {why}")
        else:
            return self._move(self._left if asked is ProcedureStep.ALL else 1)
        return b""

    def _move(self, count: int) -> bytes:
        """Return the next `count` bytes to the card, or be ready for as many from it."""
        at, self._left = len(self._data) - self._left, self._left - count
        if self._data:
            return self._data[at : at + count]
        self._due = count
        return b""


class Obeying(Protocol):
    """A card that answers as T=0 requires: 61xx and 6Cxx, and a data direction for each INS."""

    def takes_data(self, ins: int) -> bool:
        """Whether P3 of this instruction counts bytes to the card."""
        ...

    def transmit(self, command: bytes) -> bytes:
        """Return the R-APDU; one with data has exactly as many as P3 says."""
        ...


@final
@dataclass(frozen=True, slots=True)
class Manner:
    """How a card leads: so many `nulls` (60h) before each procedure byte.

    With `one_by_one` it asks for data byte by byte, otherwise for all at once.
    """

    nulls: int = 0
    one_by_one: bool = False


@final
class Answering:
    """The card's end: collects a header and its data, runs the card, sends the answer."""

    def __init__(self, card: Obeying, manner: Manner | None = None) -> None:
        self._card: Final = card
        self._manner: Final = manner or Manner()
        self._taken = bytearray()

    def receive(self, characters: bytes) -> bytes:
        """Take the interface device's characters and return the card's, if any."""
        self._taken += characters
        header, rest = bytes(self._taken[:HEADER_CHARACTERS]), self._taken[HEADER_CHARACTERS:]
        if len(header) < HEADER_CHARACTERS:
            return b""
        due = header[-1] if self._card.takes_data(header[1]) else 0
        if len(rest) < due:
            asks_now = not rest or self._manner.one_by_one
            return self._lead(self._acknowledge(header[1])) if asks_now else b""
        command = bytes(self._taken) if due else _without_data(header, self._card)
        self._taken.clear()
        return self._answer(header[1], self._card.transmit(command))

    def reset(self) -> None:
        """Forget a half-sent command, as a card that loses power does."""
        self._taken.clear()

    def _acknowledge(self, ins: int) -> bytes:
        return bytes((ins ^ 0xFF if self._manner.one_by_one else ins,))

    def _answer(self, ins: int, response: bytes) -> bytes:
        data, status = response[:-2], response[-2:]
        step_size = 1 if self._manner.one_by_one else max(1, len(data))
        said = bytearray()
        for at in range(0, len(data), step_size):
            said += self._lead(self._acknowledge(ins) + data[at : at + step_size])
        return bytes(said) + self._lead(status)

    def _lead(self, said: bytes) -> bytes:
        return bytes((NULL,)) * self._manner.nulls + said


def _without_data(header: bytes, card: Obeying) -> bytes:
    """Return the C-APDU of a header alone: case 1 where P3 counts data, else case 2."""
    return header[:HEADER_SIZE_BYTES] if card.takes_data(header[1]) else header


@final
class Line:
    """The characters and etu that have passed over the contact so far.

    Without noise and without TC1, so no character is repeated and none waits longer than it must.
    An etu is 104.17 µs at 9,600 baud. The answer to reset is not counted.
    """

    __slots__ = ("received", "sent", "silent_etu", "turns")

    def __init__(self) -> None:
        self.sent = 0
        self.received = 0
        self.turns = 0
        self.silent_etu = 0

    @property
    def characters(self) -> int:
        """All characters, both ways."""
        return self.sent + self.received

    @property
    def etu(self) -> int:
        """How long the line was in use: the least that card and reader may take for it."""
        turning_etu = self.turns * (TURN_ETU - CHARACTER_ETU)
        return self.characters * CHARACTER_ETU + turning_etu + self.silent_etu
