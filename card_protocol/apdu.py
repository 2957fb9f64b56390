"""Command and response APDUs: parse and build, short and extended, cases 1 to 4.

ISO/IEC 7816-3, "Command-response pairs", and ISO/IEC 7816-4. The length of the body and its
first byte decide the case:

    case  body after CLA INS P1 P2                          short          extended
    1     nothing                                           -              -
    2     Le                                                1 byte         00 + 2 bytes
    3     Lc, data                                          1 byte         00 + 2 bytes
    4     Lc, data, Le                                      1 + 1 byte     00 + 2, then 2 bytes

A body of exactly one byte is a short Le, so it is `00` for 256. A longer body that starts with
`00` is extended: three bytes in all are Le (`00 00 00` is 65,536), more are Lc and data, where
Lc 0000 is malformed. Once Lc is extended, Le has two bytes and no `00` of its own.
"""

from dataclasses import dataclass
from typing import Final, Self, final

from card_protocol.errors import ApduError

DATA_SIZE_MAX: Final = 65_535  # Nc, bytes
NE_MAX: Final = 65_536
NE_SHORT_MAX: Final = 256
NC_SHORT_MAX: Final = 255
HEADER_SIZE_BYTES: Final = 4

Fields = tuple[int, int, int, int, bytes, int | None]


def is_extended(raw: bytes) -> bool:
    """Whether a C-APDU has lengths in the long form, even if they would fit the short."""
    return len(raw) > HEADER_SIZE_BYTES + 1 and raw[HEADER_SIZE_BYTES] == 0


def split_command(raw: bytes) -> Fields:
    """Return CLA, INS, P1, P2, data and Ne of `raw`; raise `ApduError` if it is no C-APDU.

    This is the one parser: `CommandApdu.parse` wraps it, and a card that answers 200,000 commands a
    second calls it without building the object.
    """
    size = len(raw)
    if size == 5:
        return raw[0], raw[1], raw[2], raw[3], b"", raw[4] or NE_SHORT_MAX
    if size < 5:
        if size < HEADER_SIZE_BYTES:
            raise ApduError(f"a command has at least {HEADER_SIZE_BYTES} bytes, got {size}")
        return raw[0], raw[1], raw[2], raw[3], b"", None
    nc = raw[4]
    if nc == 0:
        return _split_extended(raw)
    if size == 5 + nc:
        return raw[0], raw[1], raw[2], raw[3], raw[5:], None
    if size == 6 + nc:
        return raw[0], raw[1], raw[2], raw[3], raw[5:-1], raw[-1] or NE_SHORT_MAX
    raise ApduError(f"Lc is {nc}, so expected {5 + nc} or {6 + nc} bytes, got {size}")


def _split_extended(raw: bytes) -> Fields:
    size = len(raw)
    cla, ins, p1, p2 = raw[:4]
    if size == 6:
        raise ApduError("a body of two bytes that starts with 00 is neither short nor extended")
    number = int.from_bytes(raw[5:7], "big")
    if size == 7:
        return cla, ins, p1, p2, b"", number or NE_MAX
    if number == 0:
        raise ApduError(f"extended Lc is 0 with {size - 7} bytes after it")
    if size == 7 + number:
        return cla, ins, p1, p2, raw[7:], None
    if size == 9 + number:
        return cla, ins, p1, p2, raw[7:-2], int.from_bytes(raw[-2:], "big") or NE_MAX
    raise ApduError(
        f"extended Lc is {number}, so expected {7 + number} or {9 + number} bytes, got {size}"
    )


@final
@dataclass(frozen=True, slots=True)
class CommandApdu:
    """A command. `ne` is the most bytes the answer may have (1 to 65,536), `None` when none.

    `cla`, `ins`, `p1` and `p2` are the header's bytes, 0 to 255; `data` is what follows it, up to
    65,535 bytes.

    Raise `ApduError` if a header byte is no byte, or data or `ne` exceed an APDU's limits.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    ne: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.cla | self.ins | self.p1 | self.p2 <= 0xFF:
            header = (self.cla, self.ins, self.p1, self.p2)
            names = zip(("cla", "ins", "p1", "p2"), header, strict=True)
            name, got = next((name, byte) for name, byte in names if not 0 <= byte <= 0xFF)
            raise ApduError(f"{name} is one byte, got {got}")
        if len(self.data) > DATA_SIZE_MAX:
            raise ApduError(f"data is at most {DATA_SIZE_MAX} bytes, got {len(self.data)}")
        if self.ne is not None and not 1 <= self.ne <= NE_MAX:
            raise ApduError(f"ne is 1 to {NE_MAX} or none, got {self.ne}")

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Return the command in `raw`, short or extended.

        Raises:
            ApduError: The bytes are no command: too short, or lengths that contradict each other.
        """
        return cls(*split_command(raw))

    @property
    def case(self) -> int:
        """1: neither data nor answer; 2: answer; 3: data; 4: both."""
        return 1 + (self.ne is not None) + 2 * bool(self.data)

    def to_bytes(self, *, extended: bool = False) -> bytes:
        """Return the command, encoded short if it fits; `extended` forces the long form.

        A case 1 command has no long form.
        """
        header = bytes((self.cla, self.ins, self.p1, self.p2))
        long = extended or len(self.data) > NC_SHORT_MAX or (self.ne or 0) > NE_SHORT_MAX
        body = self._long_body() if long else self._short_body()
        return header + body

    def _short_body(self) -> bytes:
        lc = bytes((len(self.data),)) if self.data else b""
        le = b"" if self.ne is None else bytes((self.ne % NE_SHORT_MAX,))
        return lc + self.data + le

    def _long_body(self) -> bytes:
        lc = len(self.data).to_bytes(2, "big") if self.data else b""
        le = b"" if self.ne is None else (self.ne % NE_MAX).to_bytes(2, "big")
        return b"\x00" + lc + self.data + le if lc or le else b""


@final
@dataclass(frozen=True, slots=True)
class ResponseApdu:
    """A response: `data`, up to 65,536 bytes, and the status word `sw`, 0 to FFFFh."""

    data: bytes
    sw: int

    def __post_init__(self) -> None:
        if len(self.data) > NE_MAX:
            raise ApduError(f"a response has at most {NE_MAX} bytes of data, got {len(self.data)}")
        if not 0 <= self.sw <= 0xFFFF:
            raise ApduError(f"a status word is two bytes, got {self.sw}")

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Return the response in `raw`.

        Raises:
            ApduError: There is no room for SW1-SW2.
        """
        if len(raw) < 2:
            raise ApduError(f"a response has at least 2 bytes, got {len(raw)}")
        return cls(bytes(raw[:-2]), raw[-2] << 8 | raw[-1])

    def to_bytes(self) -> bytes:
        """Return data and status word as sent."""
        return self.data + self.sw.to_bytes(2, "big")
