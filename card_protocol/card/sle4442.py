"""The SLE4442 memory chip: 256 bytes, 32 protection bits, a three-byte code with three tries.

From the Siemens data sheet SLE 4432/SLE 4442, 07.95. It knows seven commands and no files; it is
synchronous, so a terminal reaches it only through what a reader makes of it (`memory`).

- Everybody reads main and protection memory. Everything else needs the code, until power is off.
- Changing a byte erases it (all ones) and writes its zeros, 2.5 ms each; the chip leaves out the
  half that is not needed. A byte is all that is ever in progress, so a cut leaves it old, FF or
  new, and every other byte as it was.
- A protection bit is written once and never erased; the byte must be presented with it.
- The code is verified in one fixed sequence: write a free bit of the error counter to 0, compare
  three bytes in order. Any other command in between fails it. Then the counter may be erased.
- A command that is not allowed is not executed, and the chip gives no sign of that.
"""

from dataclasses import replace
from typing import Final, final

from card_protocol.card.memory_image import (
    CODE_SIZE_BYTES,
    COUNTER_ERASED,
    PROTECTION_SIZE_BYTES,
    MemoryImage,
)

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
        """READ PROTECTION MEMORY, 34h: four bytes, a 0 for each protected byte."""
        self._compared = None
        return self.image.protection

    def read_security(self) -> bytes:
        """READ SECURITY MEMORY, 31h: the counter, and the code once it was verified, else zeros."""
        self._compared = None
        code = self.image.code if self.verified else bytes(CODE_SIZE_BYTES)
        return bytes((self.image.counter,)) + code

    def update_main(self, at: int, value: int) -> None:
        """UPDATE MAIN MEMORY, 38h: erase and write one byte, as far as it needs either."""
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
        """COMPARE VERIFICATION DATA, 33h: at 1 to 3, in order, right after a counter bit went."""
        expected = None if self._compared is None else self._compared + 1
        self._compared = None
        if at != expected:
            return
        self._matching &= value == self.image.code[at - 1]
        if at < CODE_SIZE_BYTES:
            self._compared = at
        elif self._matching:
            self.verified = True  # not said what a later wrong code does: access stays till off

    def _program(self, image: MemoryImage) -> None:
        self.image = image
        self.phases.append(image)


def _programmed(old: int, new: int) -> tuple[int, ...]:
    """Return what a cell holds after each phase of making it `new`.

    Erasing is for a bit that must rise, writing for one that must fall; for a byte that stays as
    it is the data sheet says nothing, and we count one write.
    """
    if new & ~old:
        return (ERASED,) if new == ERASED else (ERASED, new)
    return (new,)
