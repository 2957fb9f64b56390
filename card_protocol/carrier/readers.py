"""How readers give a terminal access to an SLE4442: one table, a row a make, and its calls.

A memory card speaks no APDUs; each make of reader has commands of its own for it, and even its own
word for success: to PRESENT_CODE an ACS reader answers 9007 when the code is right and 9000 when
the card is *blocked*. So no code here compares with 9000: a row defines the meaning of each answer.
Rows follow the manuals named in them, not the virtual reader of `card.memory`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, final

from card_protocol.apdu import CommandApdu, ResponseApdu
from card_protocol.errors import ApduError
from card_protocol.status import SW, explain

READER_CLASS: Final = 0xFF  # PC/SC part 3: the reader obeys it, the card never sees it
MEMORY_SIZE_BYTES: Final = 256
PART_SIZE_MAX: Final = 255  # bytes in one command either way: the length byte of every make
COUNTER_ANSWER_BYTES: Final = 4  # the error counter and three bytes of no use
TRIES_MAX: Final = 3  # for a card whose last code was right
TRIES_KEPT: Final = 1  # a code is not presented to a card with no more tries than this
_CODE_AT: Final = 1  # P2 for a new code: its first address, behind the error counter


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """The commands and answers of one make of reader.

    `select` comes first, if there is one, and powers the card anew. `tails` are sizes of what the
    make may append to data read. `counter` is the instruction that reads the error counter, if
    there is one; the bits set in it are tries left. `change` is the instruction that changes the
    code, if there is one. `tries` gives the tries left for each refusal of a code.
    """

    name: str
    source: str
    select: bytes | None
    read: int
    tails: frozenset[int]
    update: int
    present: int
    counter: int | None
    change: int | None
    done: int
    right: int
    tries: Mapping[int, int]

    @property
    def can_change(self) -> bool:
        """Whether it can change the code, and power the card anew to check the change."""
        return self.change is not None and self.select is not None


ACS: Final = Reader(
    name="ACS",
    source="ACR33U-A1 reference manual 1.02, 8.3.6; ACR39x 1.03, 8.4; ACR1281U user's manual, 6",
    select=bytes.fromhex("ffa400000106"),
    read=0xB0,
    tails=frozenset({0, 4}),  # ACR38x (6.02) and ACR1281U append four bytes of protection bits
    update=0xD0,
    present=0x20,
    counter=0xB1,
    change=0xD2,
    done=0x9000,
    right=0x9007,
    tries=MappingProxyType(
        {0x9000: 0, 0x9001: 1, 0x9002: 1, 0x9003: 2, 0x9004: 1, 0x9005: 2, 0x9006: 2}
    ),
)
PCSC: Final = Reader(
    name="PC/SC",
    source="PC/SC part 3 (storage cards); HID OMNIKEY contact readers, PLT-03099",
    select=None,
    read=0xB0,
    tails=frozenset({0}),
    update=0xD6,
    present=0x20,
    counter=None,  # none is known to us: only a refusal shows the tries left
    change=None,  # likewise: OMNIKEY's refuse that of ACS with 6D00
    done=0x9000,
    right=0x9000,
    tries=MappingProxyType({0x63C0: 0, 0x63C1: 1, 0x63C2: 2, 0x6983: 0}),
)
READERS: Final = (ACS, PCSC)


@final
class MemoryTerminal:
    """A terminal in dialogue with one memory card; `exchange` takes a C-APDU to its reader.

    All calls raise `ApduError` if reader or card refuse, and let a `LinkError` pass.
    """

    def __init__(self, exchange: Callable[[bytes], bytes], reader: Reader) -> None:
        self._exchange: Final = exchange
        self._reader: Final = reader

    @property
    def reader(self) -> Reader:
        """The make whose commands are used."""
        return self._reader

    def read(self, at: int, size: int) -> bytes:
        """Return `size` bytes, 1 to 255, of main memory from address `at`."""
        assert 1 <= size <= PART_SIZE_MAX, "a part fits one command"
        assert at + size <= MEMORY_SIZE_BYTES, "it lies inside the memory"
        command = CommandApdu(READER_CLASS, self._reader.read, 0, at, ne=size)
        response = self._send(f"read at {at}", command)
        if len(response.data) - size not in self._reader.tails:
            raise ApduError(f"read at {at}: expected {size} bytes, got {len(response.data)}")
        return response.data[:size]

    def write(self, at: int, data: bytes) -> None:
        """Write 1 to 255 bytes from address `at`, and read them back: the chip reports nothing.

        Raise `ApduError` when it does not hold them: a byte is protected, or the code was not
        presented.
        """
        assert 1 <= len(data) <= PART_SIZE_MAX, "a part fits one command"
        assert at + len(data) <= MEMORY_SIZE_BYTES, "it lies inside the memory"
        command = CommandApdu(READER_CLASS, self._reader.update, 0, at, data)
        self._send(f"write at {at}", command)
        if self.read(at, len(data)) != data:
            raise ApduError(f"write at {at}: the card does not hold what was written")

    def tries_left(self) -> int | None:
        """Return how many wrong codes the card still takes, `None` if the reader cannot tell."""
        if self._reader.counter is None:
            return None
        command = CommandApdu(READER_CLASS, self._reader.counter, 0, 0, ne=COUNTER_ANSWER_BYTES)
        response = self._send("read error counter", command)
        if len(response.data) != COUNTER_ANSWER_BYTES:
            raise ApduError(f"error counter: expected 4 bytes, got {len(response.data)}")
        return response.data[0].bit_count()

    def present(self, code: bytes, *, kept: int = TRIES_KEPT) -> None:
        """Present the three-byte code once; `kept` tries are left even if it is wrong.

        Raise `ApduError` that says how many tries are left when it is wrong or not presented.
        """
        response = self._present(code, kept)
        if response.sw != self._reader.right:
            left = self._reader.tries[response.sw]
            raise ApduError(f"wrong code, tries left: {left}", sw=response.sw)

    def try_code(self, code: bytes, *, kept: int = TRIES_KEPT) -> bool:
        """Present a code like `present` and return whether it was right: it costs a try if not."""
        return self._present(code, kept).sw == self._reader.right

    def change_code(self, code: bytes) -> None:
        """Make `code` the card's, after the old one was presented; present it after a new reset.

        Only for a reader that `can_change`.
        """
        assert self._reader.change is not None, "asked before"
        assert self._reader.select is not None, "asked before"
        command = CommandApdu(READER_CLASS, self._reader.change, 0, _CODE_AT, code)
        self._send("change code", command)
        self._send("select", CommandApdu.parse(self._reader.select))
        self.present(code)

    def _present(self, code: bytes, kept: int) -> ResponseApdu:
        """Return the reader's answer to a code, if it means right or wrong."""
        left = self.tries_left()
        if left is not None and left <= kept:
            raise ApduError(f"code not presented, tries left: {left}")
        command = CommandApdu(READER_CLASS, self._reader.present, 0, 0, code)
        response = ResponseApdu.parse(self._exchange(command.to_bytes()))
        if response.sw != self._reader.right and response.sw not in self._reader.tries:
            raise ApduError(f"present code: {response.sw:04X}", sw=response.sw)
        return response

    def _send(self, what: str, command: CommandApdu) -> ResponseApdu:
        response = ResponseApdu.parse(self._exchange(command.to_bytes()))
        if response.sw != self._reader.done:
            why = f"{what}: {response.sw:04X}, {explain(response.sw)}"
            raise ApduError(why, sw=response.sw)
        return response


def find_reader(exchange: Callable[[bytes], bytes]) -> MemoryTerminal:
    """Return a terminal for the card behind `exchange`, by which commands its reader obeys.

    Costs the card no try. A make is tried whole, its select and then its error counter or a read,
    so that one word of success by chance does not decide. Raise `ApduError` when it is none.
    """
    for reader in READERS:
        terminal = MemoryTerminal(exchange, reader)
        if reader.select is not None:
            response = ResponseApdu.parse(exchange(reader.select))
            if response.sw != SW.SUCCESS:
                continue
        try:
            if terminal.tries_left() is None:
                terminal.read(0, 1)
        except ApduError:
            continue
        return terminal
    raise ApduError("no memory card behind any reader we know")
