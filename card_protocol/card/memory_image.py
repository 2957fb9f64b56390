"""A memory card's cells: all that an SLE4442 keeps, as one value and as bytes.

Immutable like a file card's image: each programming step of the chip makes the next one. The code
is in it, so it is not printed and the value refuses to be pickled.
"""

import struct
from binascii import crc32
from dataclasses import dataclass, field
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
# Where things lie in an image file, for who explains one.
MAIN_AT: Final = 0x004
PROTECTION_AT: Final = 0x104
COUNTER_AT: Final = 0x108
CODE_AT: Final = 0x109
CRC_AT: Final = 0x10C


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryImage:
    """Every cell of one chip. `counter` is 0 to 7; raise `LayoutError` for other sizes."""

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
            raise LayoutError(what, offset=0, want=f"{size} bytes", got=f"{got} bytes")
        if not 0 <= self.counter <= COUNTER_ERASED:
            want = "three bits"
            raise LayoutError(
                "error counter", offset=COUNTER_AT, want=want, got=f"{self.counter:02x}"
            )

    @property
    def tries_left(self) -> int:
        """How many wrong codes the card still takes, 0 to 3."""
        return self.counter.bit_count()

    def protected(self, at: int) -> bool:
        """Whether the byte at an address can never be changed again."""
        byte, bit = divmod(at, 8)
        return byte < PROTECTION_SIZE_BYTES and not self.protection[byte] >> bit & 1

    def with_main(self, at: int, data: bytes) -> Self:
        """Return the image with `data` in main memory at an address, past all rules."""
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
        """Return the image in `raw`; raise `LayoutError` that says where it is none."""
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


def _require(met: bool, offset: int, want: str, got: str) -> None:
    if not met:
        raise LayoutError("memory card image", offset=offset, want=want, got=got)
