"""Virtual cards, bytes in, bytes out: of files, plain or secure; and the card that runs an image.

A file card knows files, not formats: ISO/IEC 7816-4 on the basic logical channel, without secure
messaging and without chaining. All that lasts is in a `CardImage`; all else is a `CardSession` and
gone at power off. Randomness is an argument, so the same commands give the same bytes.

Under T=0 a command with data cannot carry its answer back: the card says 61xx and keeps it for an
immediate GET RESPONSE, and an Le that is more than the answer gets 6Cxx (ISO/IEC 7816-3,
"Transportation of APDUs by T=0"). That is a layer around the commands, not part of them; it sees
only the header of five characters, and `card_protocol.t0` has the characters themselves.

The secure card has every command there is, mutual authentication and atomic updates. The plain one
has files and a PIN, no keys, and what it writes is *not* atomic: a power cut inside an UPDATE
BINARY leaves each byte of it old, new or neither. The code that cuts the power says which, so the
same story leaves the same bytes. The PIN's tries are counted atomically on both: a card that loses
count there is broken, not plain.
"""

from collections.abc import Mapping
from typing import ClassVar, Final, TypeAlias, final, overload

from card_protocol.apdu import NC_SHORT_MAX, NE_SHORT_MAX, split_command
from card_protocol.atr import offer
from card_protocol.card.commands import (
    PLAIN_ROWS,
    SECURE_ROWS,
    SUCCESS,
    CardSession,
    Command,
    Fate,
    LeRule,
    Rng,
    refuse,
)
from card_protocol.card.files import FileTree
from card_protocol.card.image import CardImage, CardKind, LifeCycle, personalise
from card_protocol.card.memory_card import MemoryCard
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.errors import ApduError
from card_protocol.keys import Key, Purpose, derive
from card_protocol.status import SW

_INS_GET_RESPONSE: Final = 0xC0


def _class_refusal(cla: int) -> bytes:
    """Return the refusal of a CLA byte, empty for 00, the only one accepted."""
    if 0x40 <= cla < 0x80:  # channels 4 to 19
        return refuse(SW.CHANNEL_NOT_SUPPORTED)
    if cla >= 0x20:  # reserved, proprietary classes and FF
        return refuse(SW.CLA_NOT_SUPPORTED)
    if cla & 0x10:
        return refuse(SW.CHAINING_NOT_SUPPORTED)
    if cla & 0x0C:
        return refuse(SW.SECURE_MESSAGING_NOT_SUPPORTED)
    return refuse(SW.CHANNEL_NOT_SUPPORTED) if cla else b""


def historical(kind: bytes, *, named: bool, t0: bool) -> bytes:
    """Return the historical bytes of a card: what it can do, and `kind` as pre-issuing data.

    Compact-TLV, ISO/IEC 7816-4, "Historical bytes" and "Card capabilities": a DF is selected by
    path and by file identifier, short file identifiers are known, and where DFs are `named` by full
    and by partial name; data units of one byte; extended lengths where it is not T=0; no chaining
    and no logical channels.
    """
    selection = 0x34 | (0xC0 if named else 0)
    capabilities = bytes((0x73, selection, 0x01, 0x00 if t0 else 0x40))
    return b"\x80" + capabilities + bytes((0x60 | len(kind),)) + kind


_CLASS_REFUSALS: Final = tuple(_class_refusal(cla) for cla in range(0x100))


class FileCard:
    """A virtual card with files, which runs in this process.

    A kind of card is a subclass: `kind` says which images it runs, `rows` has the commands that it
    knows by instruction byte, `atr_t0` and `atr_t1` are its answers to reset, one a protocol.

    Args:
        image: The bytes that it starts from, of a kind that this class runs.
        rng: `rng(n)` returns `n` unpredictable bytes, for challenges.
        t0: Speak the protocol T=0; otherwise T=1.
    """

    kind: ClassVar[CardKind]
    rows: ClassVar[Mapping[int, Command]]
    atr_t0: ClassVar[bytes]
    atr_t1: ClassVar[bytes]

    def __init__(self, image: CardImage, rng: Rng, *, t0: bool = False) -> None:
        assert image.kind is self.kind, "a card runs images of its own kind"
        self._image = image
        self._rng: Final = rng
        self._t0: Final = t0
        self._session: CardSession | None = None
        self._waiting = b""

    @property
    def image(self) -> CardImage:
        """The whole persistent card, as it is now."""
        return self._session.image if self._session else self._image

    def power_on(self) -> bytes:
        """Reset the card and return its ATR; powering a powered card is a warm reset."""
        self.power_off()
        self._session = CardSession(self._image, self._rng)
        return self.atr_t0 if self._t0 else self.atr_t1

    def power_off(self) -> None:
        """Forget everything but the image."""
        self._image = self.image
        self._session = None
        self._waiting = b""

    def writing_us(self, command: bytes) -> int:  # noqa: ARG002  a kind of card may look at it
        """Return for how long, in µs, a power cut would find the card writing for `command`."""
        return 0

    def tear(self, command: bytes, fate: Fate) -> None:  # noqa: ARG002  as `writing_us`
        """Lose power while writing what `command` orders. An atomic card keeps the old bytes.

        Args:
            command: The C-APDU that orders the write.
            fate: Returns a number of 0 to 255 at each call, from which the cells take what they
                hold.
        """
        self.power_off()

    def takes_data(self, ins: int) -> bool:
        """Whether a length in the header of instruction `ins` counts bytes to the card."""
        row = self.rows.get(ins)
        return row is not None and any(row.nc)

    def transmit(self, command: bytes) -> bytes:
        """Return the R-APDU to `command`, which may be any bytes at all.

        It is a status word at least; a refusal is a status word too, never an exception. Without
        power the answer is empty.
        """
        session = self._session
        if session is None:
            return b""
        session.challenge, session.next_challenge = session.next_challenge, b""
        try:
            cla, ins, p1, p2, data, ne = split_command(command)
        except ApduError:
            self._waiting = b""
            return refuse(SW.WRONG_LENGTH)
        refusal = _CLASS_REFUSALS[cla]
        if refusal:
            self._waiting = b""
            return refusal
        if self._t0:
            if len(data) > NC_SHORT_MAX:  # that takes ENVELOPE, which is not here
                self._waiting = b""
                return refuse(SW.WRONG_LENGTH)
            return self._over_t0(session, ins, p1, p2, data, ne and min(ne, NE_SHORT_MAX))
        return self._obey(session, ins, p1, p2, data, ne)

    def _over_t0(
        self, session: CardSession, ins: int, p1: int, p2: int, data: bytes, ne: int | None
    ) -> bytes:
        """Answer as T=0 allows: P3 is the only length, and INS decides its direction."""
        waiting, self._waiting = self._waiting, b""
        if ins == _INS_GET_RESPONSE and waiting and not (p1 or p2 or data):
            return self._give(waiting, ne or NE_SHORT_MAX)
        if self.takes_data(ins):
            if not data and (ne or NE_SHORT_MAX) != NE_SHORT_MAX:
                return refuse(SW.WRONG_LENGTH)  # P3 promised data, and none came
            asks = self.rows[ins].answer is not LeRule.NONE
            response = self._obey(session, ins, p1, p2, data, NE_SHORT_MAX if asks else None)
            return self._offer(response) if len(response) > 2 else response
        ne = ne or NE_SHORT_MAX
        response = self._obey(session, ins, p1, p2, data, ne)
        size = len(response) - 2
        return refuse(0x6C00 | size & 0xFF) if 0 < size < ne else response

    def _give(self, waiting: bytes, ne: int) -> bytes:
        """Answer GET RESPONSE; too large an Le gets the right one and loses nothing."""
        if ne > len(waiting):
            self._waiting = waiting
            return refuse(0x6C00 | len(waiting))
        self._waiting = waiting[ne:]
        return waiting[:ne] + (self._sw_waiting() if self._waiting else SUCCESS)

    def _offer(self, response: bytes) -> bytes:
        self._waiting = response[:-2]
        return self._sw_waiting()

    def _sw_waiting(self) -> bytes:
        return refuse(0x6100 | len(self._waiting))

    def _obey(
        self, session: CardSession, ins: int, p1: int, p2: int, data: bytes, ne: int | None
    ) -> bytes:
        """Check the command against its row and hand it to its handler."""
        row = self.rows.get(ins)
        if row is None:
            return refuse(SW.INS_NOT_SUPPORTED)
        life_cycle = session.image.life_cycle
        if life_cycle is LifeCycle.BLANK:
            return refuse(SW.CONDITIONS_NOT_SATISFIED)
        if life_cycle is LifeCycle.BLOCKED and row.blocked:
            return refuse(row.blocked)
        if len(data) not in row.nc:
            return refuse(SW.WRONG_LENGTH)
        answer = row.answer
        if answer is not LeRule.OPTIONAL and (ne is None) is (answer is LeRule.REQUIRED):
            return refuse(SW.WRONG_LENGTH)
        return row.handler(session, p1, p2, data, ne or 0)


PAGE_BYTES: Final = 64  # ours: a page, programmed at once
PAGE_WRITE_US: Final = 5_000  # ours: erase and write of a page, as serial EEPROM of the time takes
_INS_UPDATE_BINARY: Final = 0xD6
_ERASED: Final = 0xFF


@final
class PlainCard(FileCard):
    """A card without keys, and without randomness: nothing on it asks for any."""

    kind = CardKind.PLAIN
    rows = PLAIN_ROWS
    atr_t0 = offer((0,), historical(b"PLAIN", named=False, t0=True)).to_bytes()
    atr_t1 = offer((1,), historical(b"PLAIN", named=False, t0=False)).to_bytes()

    def __init__(self, image: CardImage, *, t0: bool = False) -> None:
        super().__init__(image, bytes, t0=t0)

    def writing_us(self, command: bytes) -> int:
        """Return how long the card programs its cells for `command`, in µs."""
        try:
            _, ins, _, _, data, _ = split_command(command)
        except ApduError:
            return 0
        return -(-len(data) // PAGE_BYTES) * PAGE_WRITE_US if ins == _INS_UPDATE_BINARY else 0

    def tear(self, command: bytes, fate: Fate) -> None:
        """Lose power while writing what `command` orders; `fate` decides what the cells hold.

        Its first number, of 256ths, is how much of the data is written. In the page in progress
        each cell from there on takes a number modulo 4: old, FF, new or mixed; mixed takes a second
        one for its value. Later cells are old.
        """
        if self._session is not None:
            self._session.settle = lambda old, new: _torn(old, new, fate)
            self.transmit(command)
        self.power_off()


def _torn(old: bytes, new: bytes, fate: Fate) -> bytes:
    done = fate() * len(new) >> 8
    page = slice(done, done + PAGE_BYTES)
    cells = zip(old[page], new[page], strict=True)
    return new[:done] + bytes(_cell(*cell, fate) for cell in cells) + old[page.stop :]


def _cell(old: int, new: int, fate: Fate) -> int:
    outcome = fate() % 4
    return fate() if outcome == 3 else (old, _ERASED, new)[outcome]


@final
class SecureCard(FileCard):
    """A card with keys. After a cut a write is old or new as a whole."""

    kind = CardKind.SECURE
    rows = SECURE_ROWS
    atr_t0 = offer((0,), historical(b"SECURE", named=True, t0=True)).to_bytes()
    atr_t1 = offer((1,), historical(b"SECURE", named=True, t0=False)).to_bytes()


AnyImage: TypeAlias = CardImage | MemoryImage
VirtualCard: TypeAlias = FileCard | MemoryCard


@overload
def card_of(image: CardImage, rng: Rng, *, t0: bool = False) -> FileCard: ...
@overload
def card_of(image: AnyImage, rng: Rng, *, t0: bool = False) -> VirtualCard: ...
def card_of(image: AnyImage, rng: Rng, *, t0: bool = False) -> VirtualCard:
    """Return a card without power that runs `image`.

    Args:
        image: A secure, a plain or a memory card's.
        rng: `rng(n)` returns `n` unpredictable bytes; only a secure card asks for them.
        t0: Speak T=0; a memory card is in an ACS reader and ignores it.
    """
    if isinstance(image, MemoryImage):
        return MemoryCard(image)
    return (
        PlainCard(image, t0=t0) if image.kind is CardKind.PLAIN else SecureCard(image, rng, t0=t0)
    )


def bound_card(
    master: Key, meter_id: int, tree: FileTree, contents: tuple[bytes, ...], *, pin: str
) -> CardImage:
    """Return a new secure card of meter `meter_id` (below 2**64), keys derived from `master`.

    `contents` goes with `tree.specs`, one by one. Raise `LayoutError` as `personalise` does.
    """
    return personalise(
        tree,
        contents,
        meter_key=derive(master, Purpose.METER_AUTH, meter_id),
        desk_key=derive(master, Purpose.DESK_AUTH, meter_id),
        card_key=derive(master, Purpose.CARD_AUTH, meter_id),
        pin=pin,
    )


def parse_image(raw: bytes) -> AnyImage:
    """Return the image in `raw`, of any kind; raise `LayoutError` if it is none."""
    kind = MemoryImage if raw[:2] == CardKind.MEMORY.value else CardImage
    return kind.from_bytes(raw)
