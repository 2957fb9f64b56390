"""The SLE4442 memory chip: 256 bytes, 32 protection bits, a three-byte code with three tries.

From the Siemens data sheet SLE 4432/SLE 4442, 07.95. It knows seven commands and no files; it is
synchronous, so a terminal reaches it only through a reader's own commands (`memory_card`).

- Everybody reads main and protection memory. Everything else needs the code, until power is off.
- Changing a byte erases it (all ones) and writes its zeros, 2.5 ms each; the chip leaves out the
  half that is not needed. A byte is all that is ever in progress, so a cut leaves it old, FF or
  new, and every other byte as it was.
- A protection bit is written once and never erased; the byte must be presented with it.
- The code is verified in one fixed sequence: write a free bit of the error counter to 0, compare
  three bytes in order. Any other command in between fails it. Then the counter may be erased.
- A command that is not allowed is not executed, and the chip gives no sign of that.

Its cells are one immutable value, as a file card's image is: each programming step makes the next.
The code is among them, so the value is not printed and refuses to be pickled.
"""

import struct
from binascii import crc32
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final, NoReturn, Self, final

from card_protocol.card.image import CardKind
from card_protocol.errors import LayoutError

_VERSION: Final = 1
MAIN_SIZE_BYTES: Final = 256
PROTECTION_SIZE_BYTES: Final = 4  # one bit for each of the first 32 bytes
CODE_SIZE_BYTES: Final = 3
COUNTER_ERASED: Final = 0x07  # three tries: bits 0 to 2 (SLE 4432/4442 data sheet 07.95, 2.4)

# offset  size  field             unit   note
# 0x000   2     magic             -      Kind.MEMORY, "MC"
# 0x002   1     version           -      1
# 0x003   1     pad               -      0
# 0x004   256   main memory       -
# 0x104   4     protection        bits   bit b of byte n is for address 8n + b; 0 is protected
# 0x108   1     error counter     bits   three bits, each a try left
# 0x109   3     code              -      compared with what is presented
# 0x10C   4     CRC-32            -      of everything before it
_IMAGE: Final = struct.Struct(">2sBB256s4sB3s")
_CRC: Final = struct.Struct(">I")
IMAGE_SIZE_BYTES: Final = 0x110
assert _IMAGE.size + _CRC.size == IMAGE_SIZE_BYTES, "memory image layout drifted"
_PARTS: Final = ("main memory", "protection memory", "code")
_SIZES: Final = (MAIN_SIZE_BYTES, PROTECTION_SIZE_BYTES, CODE_SIZE_BYTES)
# Offsets in an image file, for `meter_emu.explain` and others.
MAIN_AT: Final = 0x004
PROTECTION_AT: Final = 0x104
COUNTER_AT: Final = 0x108
CODE_AT: Final = 0x109
CRC_AT: Final = 0x10C


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryImage:
    """Every cell of one chip. `counter` is 0 to 7; raise `LayoutError` for other sizes.

    `kind` is that of all of them. `main` is the 256 bytes, `protection` a bit for each of the first
    32, 0 once it is written for good, `code` the three bytes that open the card for writing.
    """

    kind: ClassVar[CardKind] = CardKind.MEMORY
    main: bytes
    protection: bytes
    counter: int
    code: bytes = field(repr=False)

    def __post_init__(self) -> None:
        sizes = (len(self.main), len(self.protection), len(self.code))
        if sizes != _SIZES:
            parts = zip(_PARTS, _SIZES, sizes, strict=True)
            what, size, got = next(part for part in parts if part[1] != part[2])
            raise LayoutError(what, offset=0, expected=f"{size} bytes", got=f"{got} bytes")
        if not 0 <= self.counter <= COUNTER_ERASED:
            expected = "three bits"
            raise LayoutError(
                "error counter", offset=COUNTER_AT, expected=expected, got=f"{self.counter:02x}"
            )

    @property
    def tries_left(self) -> int:
        """How many wrong codes the card still takes, 0 to 3."""
        return self.counter.bit_count()

    def protected(self, at: int) -> bool:
        """Whether the byte at `at`, an address in main memory, can never be changed again."""
        byte, bit = divmod(at, 8)
        return byte < PROTECTION_SIZE_BYTES and not self.protection[byte] >> bit & 1

    def with_main(self, at: int, data: bytes) -> Self:
        """Return the image with `data` in main memory from address `at` on, past all rules."""
        if self.main.startswith(data, at):
            return self  # most bytes of a record stay as they are
        main = self.main[:at] + data + self.main[at + len(data) :]
        return type(self)(
            main=main, protection=self.protection, counter=self.counter, code=self.code
        )

    def to_bytes(self) -> bytes:
        """Return the image as laid out above. It contains the code in the clear."""
        body = _IMAGE.pack(
            self.kind.value, _VERSION, 0, self.main, self.protection, self.counter, self.code
        )
        return body + _CRC.pack(crc32(body))

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Return the image in `raw`.

        Raises:
            LayoutError: The bytes are no such image; the error names the place of the mistake.
        """
        _require(raw[:2] == cls.kind.value, 0, f"magic {cls.kind.value.hex()}", raw[:2].hex())
        _require(len(raw) == IMAGE_SIZE_BYTES, 0, f"{IMAGE_SIZE_BYTES} bytes", f"{len(raw)} bytes")
        (said,) = _CRC.unpack_from(raw, CRC_AT)
        found = crc32(raw[:CRC_AT])
        _require(said == found, CRC_AT, f"CRC-32 {found:08x}", f"{said:08x}")
        _, version, pad, main, protection, counter, code = _IMAGE.unpack_from(raw)
        _require(version == _VERSION, 2, f"version {_VERSION}", str(version))
        _require(pad == 0, 3, "0", str(pad))
        return cls(main=main, protection=protection, counter=counter, code=code)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a card image holds a code and is not pickled; use to_bytes()")


def _require(met: bool, offset: int, expected: str, got: str) -> None:
    if not met:
        raise LayoutError("memory card image", offset=offset, expected=expected, got=got)


PHASE_US: Final = 2_500  # erase or write of a byte (data sheet, 2.3: 2.5 ms each, 5 ms for both)
ERASED: Final = 0xFF
PROTECTABLE: Final = 8 * PROTECTION_SIZE_BYTES  # addresses from 0


@final
class Sle4442:
    """A powered chip. A new one is a reset: only `image` is taken from one to the next.

    `phases` are the images after each programming phase so far, the newest last.
    """

    __slots__ = ("_compared", "_matching", "image", "phases", "verified")

    def __init__(self, image: MemoryImage) -> None:
        self.image = image
        self.phases: list[MemoryImage] = []
        self.verified = False
        self._compared: int | None = None  # bytes of the code compared so far, `None` outside
        self._matching = False

    def fork(self) -> "Sle4442":
        """Return a chip in the same state, to try a command on."""
        twin = Sle4442(self.image)
        twin.verified = self.verified
        twin._compared, twin._matching = self._compared, self._matching
        return twin

    def read_main(self, at: int) -> bytes:
        """READ MAIN MEMORY, 30h: from an address to the end."""
        self._compared = None
        return self.image.main[at:]

    def read_protection(self) -> bytes:
        """READ PROTECTION MEMORY, 34h: four bytes, a 0 bit for each protected byte."""
        self._compared = None
        return self.image.protection

    def read_security(self) -> bytes:
        """READ SECURITY MEMORY, 31h: the counter, and the code once it was verified, else zeros."""
        self._compared = None
        code = self.image.code if self.verified else bytes(CODE_SIZE_BYTES)
        return bytes((self.image.counter,)) + code

    def update_main(self, at: int, value: int) -> None:
        """UPDATE MAIN MEMORY, 38h: erase and write one byte, each if needed."""
        self._compared = None
        if self.verified and not self.image.protected(at):
            for cell in _programmed(self.image.main[at], value):
                self._program(self.image.with_main(at, bytes((cell,))))

    def write_protection(self, at: int, value: int) -> None:
        """WRITE PROTECTION MEMORY, 3Ch: protect a byte for good, if it holds `value`."""
        self._compared = None
        if not self.verified or at >= PROTECTABLE or self.image.main[at] != value:
            return
        byte, bit = divmod(at, 8)
        bits = bytearray(self.image.protection)
        bits[byte] &= ~(1 << bit)
        self._program(replace(self.image, protection=bytes(bits)))

    def update_security(self, at: int, value: int) -> None:
        """UPDATE SECURITY MEMORY, 39h: at 0 the counter, at 1 to 3 the code.

        Without verification the counter only loses bits, which opens the comparison, and the code
        is not touched.
        """
        self._compared = None
        image = self.image
        if at == 0 and self.verified:
            for cell in _programmed(image.counter | ~COUNTER_ERASED & ERASED, value):
                self._program(replace(self.image, counter=cell & COUNTER_ERASED))
        elif at == 0:
            counter = image.counter & value
            if counter != image.counter:
                self._program(replace(image, counter=counter))
                self._compared, self._matching = 0, True
        elif self.verified and at <= CODE_SIZE_BYTES:
            for cell in _programmed(image.code[at - 1], value):
                code = bytearray(self.image.code)
                code[at - 1] = cell
                self._program(replace(self.image, code=bytes(code)))

    def compare(self, at: int, value: int) -> None:
        """COMPARE VERIFICATION DATA, 33h: at 1 to 3, in order, after clearing a counter bit."""
        expected = None if self._compared is None else self._compared + 1
        self._compared = None
        if at != expected:
            return
        self._matching &= value == self.image.code[at - 1]
        if at < CODE_SIZE_BYTES:
            self._compared = at
        elif self._matching:
            self.verified = True  # undocumented: a later wrong code; access stays until off

    def _program(self, image: MemoryImage) -> None:
        self.image = image
        self.phases.append(image)


def _programmed(old: int, new: int) -> tuple[int, ...]:
    """Return a cell's value after each phase of programming it to `new`.

    A bit that must rise needs an erase, one that must fall a write; for an unchanged byte the data
    sheet says nothing, and we count one write.
    """
    if new & ~old:
        return (ERASED,) if new == ERASED else (ERASED, new)
    return (new,)
