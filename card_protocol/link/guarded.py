"""A link that sends only harmless commands, between a program and a real card.

A real card counts wrong PINs and wrong proofs, and at its limit it is dead for good. Nobody can
undo the damage of a fuzzer, a failing test or a wrong key. So a command is sent only if its class
and instruction are on a list, and one that may cost a try only while few have failed and the card
does not report its last try. The card never sees a refused command.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias, final

from card_protocol.apdu import HEADER_SIZE_BYTES, ResponseApdu
from card_protocol.carrier.readers import READER_CLASS, READERS, TRIES_KEPT
from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.link.link import Link
from card_protocol.status import SW, tries_left

# Class and instruction -> the status words that say that a proof was right; empty where none is
# given. A chained command or one in secure messaging has another class, so it is on no list.
Allowed: TypeAlias = Mapping[tuple[int, int], frozenset[int]]

FAILURES_MAX: Final = 1  # ours: a PIN and an SLE4442's code have three tries, one must be left over
FAILURES_MAX_PUT: Final = 2  # ours: it still is; a put that was cut can have left one of two codes

_VERIFY: Final = 0x00, 0x20
_NO_PROOF: Final[frozenset[int]] = frozenset()
_PROVED: Final = frozenset({SW.SUCCESS})

FILE_CARD: Final[Allowed] = MappingProxyType(
    {
        _VERIFY: _PROVED,
        (0x00, 0x82): _PROVED,  # EXTERNAL AUTHENTICATE
        (0x00, 0x84): _NO_PROOF,  # GET CHALLENGE
        (0x00, 0x88): _NO_PROOF,  # INTERNAL AUTHENTICATE
        (0x00, 0xA4): _NO_PROOF,  # SELECT
        (0x00, 0xB0): _NO_PROOF,  # READ BINARY
        (0x00, 0xC0): _NO_PROOF,  # GET RESPONSE
        (0x00, 0xD6): _NO_PROOF,  # UPDATE BINARY
    }
)


def _memory_cards() -> Allowed:
    """Return the commands that terminals send to a memory card, in a reader of any make.

    One make's status word for "right" may be another's for "blocked"; then there is no try left to
    protect.
    """
    allowed: dict[tuple[int, int], frozenset[int]] = {}
    for reader in READERS:
        select = None if reader.select is None else reader.select[1]
        for ins in (reader.read, reader.update, reader.counter, select):
            if ins is not None:
                allowed[READER_CLASS, ins] = _NO_PROOF
        key = READER_CLASS, reader.present
        allowed[key] = allowed.get(key, _NO_PROOF) | {reader.right}
    return allowed


OURS: Final[Allowed] = MappingProxyType({**FILE_CARD, **_memory_cards()})
# Commands that only read, of any card: by ISO/IEC 7816-4 in the class without secure messaging, and
# by the makers of readers for memory cards, GET DATA (PC/SC part 3) among them.
READS: Final[Allowed] = MappingProxyType(
    {
        **{
            (0x00, ins): _NO_PROOF for ins in (0x84, 0xA4, 0xB0, 0xB1, 0xB2, 0xB3, 0xC0, 0xCA, 0xCB)
        },
        **{(READER_CLASS, ins): _NO_PROOF for ins in (0xA4, 0xB0, 0xB1, 0xB2, 0xCA)},
    }
)
# The code of a memory card is changed only when it gets its first content.
PUT: Final[Allowed] = MappingProxyType(
    {
        **OURS,
        **{(READER_CLASS, make.change): _NO_PROOF for make in READERS if make.change is not None},
    }
)


@final
class GuardedLink:
    """`link`, which sends what is `allowed` and stops proving after `failures_max` failures.

    A proof counts as failed until its answer says that it was right; a right one gives nothing
    back, because it may be of another PIN or key. Resets forget nothing: the card does not either.
    Another card needs another guard.
    """

    def __init__(
        self, link: Link, allowed: Allowed = OURS, *, failures_max: int = FAILURES_MAX
    ) -> None:
        self._link: Final = link
        self._allowed: Final = allowed
        self._failures_left = failures_max

    def connect(self) -> bytes:
        """See `Link`."""
        return self._link.connect()

    def exchange(self, command: bytes) -> bytes:
        """See `Link`. Raise `LinkError` REFUSED for a command not sent; the session goes on."""
        if len(command) < HEADER_SIZE_BYTES:
            raise LinkError(LinkErrorKind.REFUSED, f"a command of {len(command)} bytes")
        cla, ins = command[0], command[1]
        right = self._allowed.get((cla, ins))
        if right is None:
            why = f"class {cla:02X} instruction {ins:02X} is not on the list for this card"
            raise LinkError(LinkErrorKind.REFUSED, why)
        return self._proving(command, right) if right else self._link.exchange(command)

    def disconnect(self) -> None:
        """See `Link`."""
        self._link.disconnect()

    def _proving(self, command: bytes, right: frozenset[int]) -> bytes:
        if not self._failures_left:
            why = "a proof has failed before, and the card's last tries are not risked"
            raise LinkError(LinkErrorKind.REFUSED, why)
        if (command[0], command[1]) == _VERIFY:
            self._check_tries(command[:HEADER_SIZE_BYTES])
        self._failures_left -= 1  # also when no answer comes: the card may have counted
        answer = self._link.exchange(command)
        if ResponseApdu.parse(answer).sw in right:
            self._failures_left += 1
        return answer

    def _check_tries(self, asking: bytes) -> None:
        """Ask the card how many tries a PIN has: VERIFY without data (ISO/IEC 7816-4) costs none.

        A memory card's own terminal does that with the reader's commands. Without a number in the
        answer, as when the PIN was verified before, only our own count is left.
        """
        sw = ResponseApdu.parse(self._link.exchange(asking)).sw
        left = 0 if sw == SW.AUTHENTICATION_BLOCKED else tries_left(sw)
        if left is not None and left <= TRIES_KEPT:
            why = f"PIN not presented, tries left: {left}"
            raise LinkError(LinkErrorKind.REFUSED, why)
